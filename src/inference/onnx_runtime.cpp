#include "inference/onnx_runtime.h"

#include <onnxruntime_c_api.h>

#include <cstdlib>
#include <mutex>
#include <utility>

#include "inference/coreml.h"
#include "inference/device.h"
#include "inference/handle.h"
#include "inference/shared_library.h"
#include "util/executable.h"
#include "util/try.h"

namespace frontalis {
namespace {

struct Library {
  const OrtApi* api = nullptr;
  std::string version;
};

Result<Library> loadLibrary() {
  constexpr const char* kRemedy =
      "Run `scripts/setup.sh --test`, or set FRONTALIS_ONNXRUNTIME to libonnxruntime's path";
  std::vector<std::string> candidates;
  if (const char* set = std::getenv("FRONTALIS_ONNXRUNTIME"); set != nullptr) {
    candidates.emplace_back(set);
  }
  if (const auto folder = codeFolder(); !folder.empty()) {
    candidates.push_back(
        (folder / ".." / "lib" / "frontalis" / FRONTALIS_ONNXRUNTIME_FILE).string());
    candidates.push_back((folder / FRONTALIS_ONNXRUNTIME_FILE).string());
  }
  if (*FRONTALIS_ONNXRUNTIME_PATH != '\0') candidates.emplace_back(FRONTALIS_ONNXRUNTIME_PATH);
  candidates.emplace_back(FRONTALIS_ONNXRUNTIME_FILE);
  FRONTALIS_ASSIGN(const SharedLibrary library,
                   SharedLibrary::open(candidates, "ONNX Runtime", kRemedy));
  const auto base = reinterpret_cast<decltype(&OrtGetApiBase)>(library.symbol("OrtGetApiBase"));
  if (base == nullptr) {
    return Error{ErrorCode::kUnsupported, library.path() + " is not ONNX Runtime", kRemedy};
  }
  Library loaded{base()->GetApi(ORT_API_VERSION), base()->GetVersionString()};
  if (loaded.api == nullptr) {
    return Error{ErrorCode::kUnsupported,
                 library.path() + " is ONNX Runtime " + loaded.version + ", but 1." +
                     std::to_string(ORT_API_VERSION) + " or later is needed",
                 kRemedy};
  }
  return loaded;
}

Result<const Library*> loadedLibrary() {
  static const Result<Library> library = loadLibrary();  // immutable after the first call
  if (!library.ok()) return library.error();
  return &library.value();
}

/// Ends the given status; an Error that begins with `what` unless it was good.
Status check(const OrtApi& api, OrtStatus* given, const std::string& what,
             ErrorCode code = ErrorCode::kInference) {
  if (given == nullptr) return {};
  Error error{code, "ONNX Runtime " + what + ": " + api.GetErrorMessage(given)};
  api.ReleaseStatus(given);
  return error;
}

/// A tensor of ours that the session reads or writes in place.
struct Tensor {
  std::string name;
  TensorShape shape;
  std::vector<float> values;
  Handle<OrtValue> value;
};

/// What a session says of one of its inputs or outputs.
struct Port {
  std::string name;
  TensorShape shape;                  // -1: not fixed
  std::vector<std::string> symbolic;  // names of extents that are not fixed; may be empty
};

class OnnxNetwork final : public Network {
 public:
  OnnxNetwork(const OrtApi& api, std::string name, Handle<OrtSession> session)
      : api_(api), name_(std::move(name)), session_(std::move(session)) {}

  Status open(const std::vector<Port>& inputs, const std::vector<Port>& outputs,
              const OrtMemoryInfo* memory) {
    for (const Port& port : inputs) {
      inputs_.push_back({port.name, port.shape, {}, {}});
      FRONTALIS_TRY(allocate(inputs_.back(), memory));
    }
    for (const Port& port : outputs) outputs_.push_back({port.name, port.shape, {}, {}});
    for (const Tensor& tensor : inputs_) {
      input_names_.push_back(tensor.name.c_str());
      input_values_.push_back(tensor.value.get());
    }
    for (const Tensor& tensor : outputs_) output_names_.push_back(tensor.name.c_str());
    // The first run tells the outputs' extents; from then on it writes into our memory.
    output_values_.assign(outputs_.size(), nullptr);
    FRONTALIS_TRY(run());
    for (std::size_t i = 0; i < outputs_.size(); ++i) {
      Handle<OrtValue> made(api_.ReleaseValue);
      *made.out() = std::exchange(output_values_[i], nullptr);
      FRONTALIS_TRY(measure(made.get(), outputs_[i]));
    }
    for (std::size_t i = 0; i < outputs_.size(); ++i) {
      FRONTALIS_TRY(allocate(outputs_[i], memory));
      output_values_[i] = outputs_[i].value.get();
    }
    return {};
  }

  [[nodiscard]] std::size_t inputCount() const override { return inputs_.size(); }
  [[nodiscard]] std::size_t outputCount() const override { return outputs_.size(); }
  [[nodiscard]] const TensorShape& inputShape(std::size_t i) const override {
    return inputs_[i].shape;
  }
  [[nodiscard]] const TensorShape& outputShape(std::size_t i) const override {
    return outputs_[i].shape;
  }
  [[nodiscard]] std::span<float> input(std::size_t i) override { return inputs_[i].values; }
  [[nodiscard]] std::span<const float> output(std::size_t i) const override {
    return outputs_[i].values;
  }
  Status run() override {
    return check(api_,
                 api_.Run(session_.get(), nullptr, input_names_.data(), input_values_.data(),
                          input_values_.size(), output_names_.data(), output_names_.size(),
                          output_values_.data()),
                 "cannot run " + name_);
  }

 private:
  Status allocate(Tensor& tensor, const OrtMemoryInfo* memory) const {
    tensor.values.assign(tensorSize(tensor.shape), 0.f);
    tensor.value = Handle<OrtValue>(api_.ReleaseValue);
    return check(
        api_,
        api_.CreateTensorWithDataAsOrtValue(
            memory, tensor.values.data(), tensor.values.size() * sizeof(float), tensor.shape.data(),
            tensor.shape.size(), ONNX_TENSOR_ELEMENT_DATA_TYPE_FLOAT, tensor.value.out()),
        "cannot map a tensor of " + name_);
  }

  Status measure(const OrtValue* value, Tensor& tensor) const {
    Handle<OrtTensorTypeAndShapeInfo> info(api_.ReleaseTensorTypeAndShapeInfo);
    FRONTALIS_TRY(check(api_, api_.GetTensorTypeAndShape(value, info.out()), "cannot measure"));
    std::size_t rank = 0;
    FRONTALIS_TRY(check(api_, api_.GetDimensionsCount(info.get(), &rank), "cannot measure"));
    tensor.shape.resize(rank);
    return check(api_, api_.GetDimensions(info.get(), tensor.shape.data(), rank), "cannot measure");
  }

  const OrtApi& api_;
  std::string name_;
  Handle<OrtSession> session_;
  std::vector<Tensor> inputs_, outputs_;
  std::vector<const char*> input_names_, output_names_;
  std::vector<const OrtValue*> input_values_;
  std::vector<OrtValue*> output_values_;
};

class OnnxRuntime final : public Runtime {
 public:
  OnnxRuntime(RuntimeOptions options, Device device)
      : options_(std::move(options)), device_(std::move(device)) {}

  Result<std::unique_ptr<Network>> prepare(const NetworkFile& wanted) override {
    if (!std::filesystem::exists(wanted.path)) {
      return Error{ErrorCode::kModelMissing, wanted.path.string() + ": no such network file",
                   "Run `frontalis models verify`"};
    }
    FRONTALIS_ASSIGN(const NetworkFile file, asOnnx(wanted));
    FRONTALIS_TRY(open());
    const std::string name = file.path.filename().string();
    std::vector<Port> inputs;
    std::vector<Port> outputs;
    FRONTALIS_TRY(inspect(file, inputs, outputs));

    Handle<OrtSessionOptions> session_options(api().ReleaseSessionOptions);
    FRONTALIS_TRY(check(api(), api().CreateSessionOptions(session_options.out()), "options"));
    FRONTALIS_TRY(configure(session_options.get(), file));
    FRONTALIS_TRY(fixShapes(session_options.get(), file, inputs));
    Handle<OrtSession> session(api().ReleaseSession);
    FRONTALIS_TRY(check(
        api(),
        api().CreateSession(env_.get(), file.path.c_str(), session_options.get(), session.out()),
        "cannot prepare " + name + " for " + device_.name));
    auto network = std::make_unique<OnnxNetwork>(api(), name, std::move(session));
    FRONTALIS_TRY(network->open(inputs, outputs, memory_.get()));
    return std::unique_ptr<Network>(std::move(network));
  }

  [[nodiscard]] bool loaded() const override {
    const std::lock_guard lock(mutex_);
    return env_.get() != nullptr;
  }

  Result<std::string> describe() override {
    FRONTALIS_TRY(open());
    return "ONNX Runtime " + library_->version + " " + device_.name;
  }

 private:
  [[nodiscard]] const OrtApi& api() const { return *library_->api; }

  Status open() {
    const std::lock_guard lock(mutex_);
    if (env_.get() != nullptr) return {};
    FRONTALIS_ASSIGN(library_, loadedLibrary());
    memory_ = Handle<OrtMemoryInfo>(api().ReleaseMemoryInfo);
    FRONTALIS_TRY(check(
        api(), api().CreateCpuMemoryInfo(OrtDeviceAllocator, OrtMemTypeDefault, memory_.out()),
        "cannot start"));
    env_ = Handle<OrtEnv>(api().ReleaseEnv);
    return check(api(), api().CreateEnv(ORT_LOGGING_LEVEL_FATAL, "frontalis", env_.out()),
                 "cannot start");
  }

  /// Inputs and outputs as the file has them, without preparing it for anything.
  Status inspect(const NetworkFile& file, std::vector<Port>& inputs, std::vector<Port>& outputs) {
    Handle<OrtSessionOptions> plain(api().ReleaseSessionOptions);
    FRONTALIS_TRY(check(api(), api().CreateSessionOptions(plain.out()), "options"));
    FRONTALIS_TRY(check(api(), api().SetSessionGraphOptimizationLevel(plain.get(), ORT_DISABLE_ALL),
                        "options"));
    FRONTALIS_TRY(check(api(), api().SetIntraOpNumThreads(plain.get(), 1), "options"));
    Handle<OrtSession> session(api().ReleaseSession);
    Status read =
        check(api(), api().CreateSession(env_.get(), file.path.c_str(), plain.get(), session.out()),
              "cannot read " + file.path.string(), ErrorCode::kModelCorrupt);
    if (!read.ok()) {
      Error error = read.error();
      error.remedy = "Run `frontalis models verify`";
      return error;
    }
    std::size_t count = 0;
    FRONTALIS_TRY(check(api(), api().SessionGetInputCount(session.get(), &count), "inspect"));
    for (std::size_t i = 0; i < count; ++i) {
      FRONTALIS_ASSIGN(Port port, this->port(session.get(), i, api().SessionGetInputName,
                                             api().SessionGetInputTypeInfo, file));
      inputs.push_back(std::move(port));
    }
    FRONTALIS_TRY(check(api(), api().SessionGetOutputCount(session.get(), &count), "inspect"));
    for (std::size_t i = 0; i < count; ++i) {
      FRONTALIS_ASSIGN(Port port, this->port(session.get(), i, api().SessionGetOutputName,
                                             api().SessionGetOutputTypeInfo, file));
      outputs.push_back(std::move(port));
    }
    return {};
  }

  template <class GetName, class GetType>
  Result<Port> port(const OrtSession* session, std::size_t index, GetName get_name,
                    GetType get_type, const NetworkFile& file) {
    Port port;
    OrtAllocator* allocator = nullptr;  // the default one, which is never freed
    FRONTALIS_TRY(check(api(), api().GetAllocatorWithDefaultOptions(&allocator), "inspect"));
    char* name = nullptr;
    FRONTALIS_TRY(check(api(), get_name(session, index, allocator, &name), "inspect"));
    port.name = name;
    FRONTALIS_TRY(check(api(), api().AllocatorFree(allocator, name), "inspect"));

    Handle<OrtTypeInfo> type(api().ReleaseTypeInfo);
    FRONTALIS_TRY(check(api(), get_type(session, index, type.out()), "inspect"));
    const OrtTensorTypeAndShapeInfo* tensor = nullptr;  // lives in `type`
    FRONTALIS_TRY(check(api(), api().CastTypeInfoToTensorInfo(type.get(), &tensor), "inspect"));
    ONNXTensorElementDataType element = ONNX_TENSOR_ELEMENT_DATA_TYPE_UNDEFINED;
    if (tensor != nullptr) {
      FRONTALIS_TRY(check(api(), api().GetTensorElementType(tensor, &element), "inspect"));
    }
    if (element != ONNX_TENSOR_ELEMENT_DATA_TYPE_FLOAT) {
      return Error{ErrorCode::kUnsupported,
                   file.path.string() + ": \"" + port.name + "\" is not float32"};
    }
    std::size_t rank = 0;
    FRONTALIS_TRY(check(api(), api().GetDimensionsCount(tensor, &rank), "inspect"));
    port.shape.resize(rank);
    FRONTALIS_TRY(check(api(), api().GetDimensions(tensor, port.shape.data(), rank), "inspect"));
    std::vector<const char*> symbolic(rank);
    FRONTALIS_TRY(
        check(api(), api().GetSymbolicDimensions(tensor, symbolic.data(), rank), "inspect"));
    for (const char* text : symbolic) port.symbolic.emplace_back(text == nullptr ? "" : text);
    return port;
  }

  Status configure(OrtSessionOptions* options, const NetworkFile& file) {
    FRONTALIS_TRY(check(api(), api().SetIntraOpNumThreads(options, options_.threads), "options"));
    FRONTALIS_TRY(check(api(), api().SetInterOpNumThreads(options, 1), "options"));
    FRONTALIS_TRY(check(api(), api().SetSessionExecutionMode(options, ORT_SEQUENTIAL), "options"));
    // Threads that wait by spinning would be busy beyond their number of runs.
    FRONTALIS_TRY(
        check(api(), api().AddSessionConfigEntry(options, "session.intra_op.allow_spinning", "0"),
              "options"));
    if (device_.name == "cpu") return {};
    auto provider_options = device_.options;
    if (device_.name == "coreml") {
      FRONTALIS_ASSIGN(provider_options, coreMlOptions(device_, file));
    }
    std::vector<const char*> keys;
    std::vector<const char*> values;
    for (const auto& [key, value] : provider_options) {
      keys.push_back(key.c_str());
      values.push_back(value.c_str());
    }
    if (device_.name == "coreml") {
      return check(api(),
                   api().SessionOptionsAppendExecutionProvider(options, "CoreML", keys.data(),
                                                               values.data(), keys.size()),
                   "has no Core ML here", ErrorCode::kUnsupported);
    }
    OrtCUDAProviderOptionsV2* made = nullptr;
    FRONTALIS_TRY(check(api(), api().CreateCUDAProviderOptions(&made), "has no CUDA here",
                        ErrorCode::kUnsupported));
    Handle<OrtCUDAProviderOptionsV2> cuda(api().ReleaseCUDAProviderOptions);
    *cuda.out() = made;
    FRONTALIS_TRY(
        check(api(), api().UpdateCUDAProviderOptions(made, keys.data(), values.data(), keys.size()),
              "does not take the device's options", ErrorCode::kInvalidArgument));
    return check(api(), api().SessionOptionsAppendExecutionProvider_CUDA_V2(options, made),
                 "has no CUDA here", ErrorCode::kUnsupported);
  }

  /// Makes every input's shape fixed, in the session's options and in `inputs`.
  Status fixShapes(OrtSessionOptions* options, const NetworkFile& file, std::vector<Port>& inputs) {
    if (!file.input_shapes.empty() && file.input_shapes.size() != inputs.size()) {
      return Error{ErrorCode::kInvalidArgument,
                   file.path.string() + " has " + std::to_string(inputs.size()) + " inputs, not " +
                       std::to_string(file.input_shapes.size())};
    }
    for (std::size_t i = 0; i < inputs.size(); ++i) {
      Port& port = inputs[i];
      const TensorShape& wanted = file.input_shapes.empty() ? port.shape : file.input_shapes[i];
      const TensorShape given = port.shape;
      bool fits = wanted.size() == given.size() && tensorSize(wanted) > 0;
      for (std::size_t axis = 0; fits && axis < wanted.size(); ++axis) {
        fits = given[axis] < 0 || given[axis] == wanted[axis];
        if (given[axis] >= 0 || port.symbolic[axis].empty()) continue;
        FRONTALIS_TRY(check(api(),
                            api().AddFreeDimensionOverrideByName(
                                options, port.symbolic[axis].c_str(), wanted[axis]),
                            "cannot fix a shape of " + file.path.string()));
      }
      if (!fits) {
        return Error{ErrorCode::kUnsupported,
                     file.path.string() + ": input \"" + port.name + "\" is " + shapeText(given) +
                         " and cannot become " + shapeText(wanted),
                     "Use --runtime openvino"};
      }
      port.shape = wanted;
    }
    return {};
  }

  RuntimeOptions options_;
  Device device_;
  mutable std::mutex mutex_;  // of opening
  const Library* library_ = nullptr;
  Handle<OrtMemoryInfo> memory_;
  Handle<OrtEnv> env_;
};

}  // namespace

Result<std::unique_ptr<Runtime>> makeOnnxRuntime(const RuntimeOptions& options) {
  FRONTALIS_ASSIGN(Device device, onnxDevice(options.device));
  return std::unique_ptr<Runtime>(std::make_unique<OnnxRuntime>(options, std::move(device)));
}

}  // namespace frontalis
