#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
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

/// What ONNX Runtime reads: the file itself, or the same network as NAME.onnx beside NAME.tflite.
/// Errors: kUnsupported when there is neither.
Result<NetworkFile> asOnnx(NetworkFile file);

/// How a runtime shall run it.
struct RuntimeOptions {
  std::string runtime = "openvino";  ///< "openvino" or "onnxruntime"
  /// The runtime's own name of a device or provider, then options: "coreml:units=CPUAndGPU".
  std::string device = "CPU";
  int threads = 1;  ///< at most so many busy threads in each run
  int callers = 1;  ///< threads that run networks at the same time, where that must be known

  double prepare_limit_s = 180;  ///< a network must be ready within

  // Of what does not run in this process (all but OpenVINO on the CPU):
  bool strict = false;     ///< its failure is an error; otherwise the CPU goes on
  double run_limit_s = 0;  ///< a run must end within; 0: 20 warm-up runs, at least 2 s
  /// Told, in one line, of what takes long and of what failed; may be empty. Called by prepare(),
  /// describe() and run().
  std::function<void(const std::string&)> notice;
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
  /// The same memory for the network's whole life; run() does not change it.
  [[nodiscard]] virtual std::span<float> input(std::size_t index) = 0;
  /// Valid until the next run().
  [[nodiscard]] virtual std::span<const float> output(std::size_t index) const = 0;
  /// Errors: kInference.
  virtual Status run() = 0;
};

/// An inference runtime. Nothing of it is loaded into the process before prepare() or describe().
/// May be shared by threads, each with networks of its own.
class Runtime {
 public:
  virtual ~Runtime() = default;

  /// Errors: kModelMissing, kModelCorrupt (unreadable network), kInference, kUnsupported.
  virtual Result<std::unique_ptr<Network>> prepare(const NetworkFile& file) = 0;
  /// Name, version and device for `doctor` and the meta file.
  virtual Result<std::string> describe() = 0;
  /// Whether anything of it was loaded.
  [[nodiscard]] virtual bool loaded() const = 0;
  /// Failures after which the CPU went on, one line each.
  [[nodiscard]] virtual std::vector<std::string> incidents() const { return {}; }
};

/// OpenVINO on the CPU runs in this process; everything else behind the guard (guard.h).
/// Errors: kUnsupported for a runtime this build does not have, kInvalidArgument for a device that
/// its runtime does not know.
Result<std::unique_ptr<Runtime>> makeRuntime(const RuntimeOptions& options);

/// Any runtime within this process, unguarded. Errors: as makeRuntime.
Result<std::unique_ptr<Runtime>> makeLocalRuntime(const RuntimeOptions& options);

/// Number of values of a tensor; 0 when an extent is not fixed.
std::size_t tensorSize(const TensorShape& shape);
/// "1x3x192x320"
std::string shapeText(const TensorShape& shape);

}  // namespace frontalis
