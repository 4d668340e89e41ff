#include <strings.h>

#include <charconv>
#include <string>
#include <system_error>

#include "cli/commands.h"
#include "cli/memory_limit.h"

namespace frontalis::cli {

void addRuntimeOptions(CLI::App& command, Config& config) {
  command.add_option("--runtime", config.runtime, "Inference runtime: openvino, onnxruntime")
      ->capture_default_str();
  command
      .add_option("--device", config.device,
                  "Where it runs: CPU, GPU, NPU, AUTO (openvino); cpu, coreml, cuda (onnxruntime)")
      ->each([](const std::string& device) {
        if (::strcasecmp(device.c_str(), "cpu") != 0) liftMemoryLimit();
      })
      ->capture_default_str();
  command.add_flag("--runtime-strict", config.runtime_strict,
                   "A runtime that fails is an error; otherwise the CPU goes on");
  command
      .add_option("--prepare-limit", config.prepare_limit_s,
                  "Seconds in which a network must be ready")
      ->check(CLI::Range(0.01, 86400.0))
      ->capture_default_str();
  command
      .add_option("--run-limit", config.run_limit_s,
                  "Seconds in which a run must end there; 0 = 20 times the first ones, at least 2")
      ->check(CLI::Range(0.0, 86400.0))
      ->capture_default_str();
}

void useTheCpu(Config& config) {
  config.runtime = Config().runtime;
  config.device = Config().device;
}

void addDetectorOptions(CLI::App& command, Config& config) {
  command
      .add_option("--detect-every", config.detect_every,
                  "Frames between checks by the detector; 1 = every frame, 0 = only when lost")
      ->check(CLI::Range(0, 1'000'000))
      ->capture_default_str();
  command
      .add_option("--detect-size", config.detect_size,
                  "Longer side, in px, of the picture the detector sees: more finds smaller faces")
      ->check(CLI::Range(32, 8192))
      ->capture_default_str();
}

void addNeutralOption(CLI::App& command, Config& config) {
  command
      .add_option_function<std::string>(
          "--neutral",
          [&config](const std::string& text) {
            TimeSpan span;
            const char* const end = text.data() + text.size();
            const auto [dash, first] = std::from_chars(text.data(), end, span.from_s);
            const bool half = first == std::errc() && dash != end && *dash == '-';
            const auto [rest, second] = std::from_chars(half ? dash + 1 : end, end, span.to_s);
            if (!half || second != std::errc() || rest != end || !span.valid()) {
              throw CLI::ValidationError("--neutral", "\"" + text + "\" is no FROM-TO, as 0.5-2");
            }
            config.neutral = span;
          },
          "Seconds in which the face is neutral, as 0.5-2 (open pack) [default: looked for]")
      ->type_name("FROM-TO");
}

}  // namespace frontalis::cli
