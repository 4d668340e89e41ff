#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "frontalis/result.h"

namespace frontalis {

using TensorShape = std::vector<std::int64_t>;

/// A network to prepare: the file, and the shapes its inputs are fixed to (empty: as in the file).
struct NetworkFile {
  std::filesystem::path path;  ///< .onnx, .tflite or .xml
  std::vector<TensorShape> input_shapes;
};

/// How a runtime shall run it.
struct RuntimeOptions {
  std::string runtime = "openvino";  ///< "openvino" or "onnxruntime"
  std::string device = "CPU";        ///< the runtime's own name of a device or provider
  int threads = 1;                   ///< at most so many busy threads
};

/// A prepared network: float32 tensors of fixed shapes, in the file's order of inputs and outputs.
/// Fill input(i), call run(), read output(i). One caller at a time.
class Network {
 public:
  virtual ~Network() = default;

  [[nodiscard]] virtual std::size_t inputCount() const = 0;
  [[nodiscard]] virtual std::size_t outputCount() const = 0;
  [[nodiscard]] virtual const TensorShape& inputShape(std::size_t index) const = 0;
  [[nodiscard]] virtual const TensorShape& outputShape(std::size_t index) const = 0;
  [[nodiscard]] virtual std::span<float> input(std::size_t index) = 0;
  /// Valid until the next run().
  [[nodiscard]] virtual std::span<const float> output(std::size_t index) const = 0;
  /// Errors: kInference.
  virtual Status run() = 0;
};

/// An inference runtime. Nothing of it is loaded into the process before prepare() or describe().
class Runtime {
 public:
  virtual ~Runtime() = default;

  /// Errors: kModelMissing, kModelCorrupt (unreadable network), kInference, kUnsupported.
  virtual Result<std::unique_ptr<Network>> prepare(const NetworkFile& file) = 0;
  /// Name, version and device for `doctor` and the meta file.
  virtual Result<std::string> describe() = 0;
};

/// Errors: kUnsupported for a runtime this build does not have.
Result<std::unique_ptr<Runtime>> makeRuntime(const RuntimeOptions& options);

}  // namespace frontalis
