#include "inference/device.h"
#include "inference/guard.h"
#include "inference/network.h"
#include "inference/openvino_runtime.h"
#include "util/try.h"
#if defined(FRONTALIS_WITH_ONNXRUNTIME)
#include "inference/onnx_runtime.h"
#endif

namespace frontalis {

Result<std::unique_ptr<Runtime>> makeRuntime(const RuntimeOptions& options) {
  // Made here to check the options: nothing is loaded yet.
  FRONTALIS_ASSIGN(auto local, makeLocalRuntime(options));
  if (options.runtime == "openvino" && openVinoDevice(options.device)->name == "CPU") return local;
  return makeGuardedRuntime(options);
}

Result<std::unique_ptr<Runtime>> makeLocalRuntime(const RuntimeOptions& options) {
  if (options.threads < 1) {
    return Error{ErrorCode::kInvalidArgument, "a runtime needs at least one thread"};
  }
  if (options.runtime == "openvino") return makeOpenVinoRuntime(options);
  if (options.runtime == "onnxruntime") {
#if defined(FRONTALIS_WITH_ONNXRUNTIME)
    return makeOnnxRuntime(options);
#else
    return Error{ErrorCode::kUnsupported, "ONNX Runtime is not in this build",
                 "Use --runtime openvino, or run `scripts/setup.sh --test` and build again"};
#endif
  }
  return Error{ErrorCode::kUnsupported, "there is no runtime \"" + options.runtime + "\"",
               "Choose openvino or onnxruntime"};
}

Result<NetworkFile> asOnnx(NetworkFile file) {
  const std::filesystem::path given = file.path;
  if (given.extension() == ".onnx") return file;
  file.path.replace_extension(".onnx");
  if (given.extension() == ".tflite" && std::filesystem::exists(file.path)) return file;
  return Error{ErrorCode::kUnsupported,
               given.string() + " is no ONNX file and none lies beside it: it needs OpenVINO",
               "Use --runtime openvino"};
}

std::size_t tensorSize(const TensorShape& shape) {
  std::size_t size = 1;
  for (const std::int64_t extent : shape) {
    size *= extent > 0 ? static_cast<std::size_t>(extent) : 0;
  }
  return size;
}

std::string shapeText(const TensorShape& shape) {
  std::string text;
  for (const std::int64_t extent : shape) {
    text += (text.empty() ? "" : "x") + (extent < 0 ? "?" : std::to_string(extent));
  }
  return text;
}

}  // namespace frontalis
