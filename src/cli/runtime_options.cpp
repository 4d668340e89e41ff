#include "cli/commands.h"

namespace frontalis::cli {

void addRuntimeOptions(CLI::App& command, Config& config) {
  command.add_option("--runtime", config.runtime, "Inference runtime: openvino, onnxruntime")
      ->capture_default_str();
  command
      .add_option("--device", config.device,
                  "Where it runs: CPU, GPU, NPU, AUTO (openvino); cpu, coreml, cuda (onnxruntime)")
      ->capture_default_str();
}

}  // namespace frontalis::cli
