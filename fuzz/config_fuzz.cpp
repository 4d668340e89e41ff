#include <algorithm>

#include "cli/extract_options.h"
#include "fuzz/input.h"
#include "inference/coreml.h"

using namespace frontalis;

namespace {

/// Nothing when they are refused; else what a manifest keeps of them.
std::optional<std::vector<std::string>> kept(std::vector<std::string> arguments, Config& config) {
  CLI::App app;
  cli::ExtractOptions options;
  cli::addExtractOptions(app, options);
  std::reverse(arguments.begin(), arguments.end());  // as CLI11 takes them
  try {
    app.parse(std::move(arguments));
  } catch (const CLI::ParseError&) {
    return std::nullopt;
  }
  config = options.config;
  return cli::givenArguments(options);
}

}  // namespace

/// A line an option, as manifests hold them.
int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text = fuzz::bytes(data, size);
  std::vector<std::string> arguments;
  for (std::size_t at = 0; at < size && arguments.size() < 40;) {
    const std::size_t end = std::min(text.find('\n', at), size);
    arguments.emplace_back(text.substr(at, end - at));
    at = end + 1;
  }
  Config config;
  const auto once = kept(arguments, config);
  if (!once) return 0;
  fuzz::require(config.faces >= 1 && config.faces <= 32 && config.detect_every >= 0,
                "options in their ranges");
  const auto twice = kept(*once, config);
  fuzz::require(twice && *twice == *once, "options that read back");
  (void)openVinoDevice(config.device);
  if (const auto device = onnxDevice(config.device); device.ok()) {
    (void)coreMlOptions(*device, NetworkFile{"/dev/null", {}});
  }
  return 0;
}
