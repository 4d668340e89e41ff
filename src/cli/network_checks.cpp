#include "cli/network_checks.h"

#include <array>
#include <cmath>

namespace frontalis::cli {

std::span<const NetworkCheck> networkChecks() {
  static const std::array<NetworkCheck, 4> kNetworks = {{
      {"face-detector", {1, 3, 192, 320}, -120, 150},
      {"landmarks", {1, 256, 256, 3}, 0, 1},
      {"blendshapes", {1, 146, 2}, 0, 256},
      {"short-range-detector", {1, 128, 128, 3}, -1, 1},
  }};
  return kNetworks;
}

void fillInput(Network& network, const NetworkCheck& check) {
  const std::span<float> input = network.input(0);
  const auto width = static_cast<std::size_t>(check.input[check.input.size() > 3 ? 2 : 1]);
  for (std::size_t i = 0; i < input.size(); ++i) {
    const auto x = static_cast<double>(i % width) / static_cast<double>(width);
    const auto y = static_cast<double>(i) / static_cast<double>(input.size());
    const double wave = 0.5 + 0.25 * std::sin(9 * x + 5 * y) + 0.25 * std::cos(31 * y - 14 * x);
    input[i] = check.low + (check.high - check.low) * static_cast<float>(wave);
  }
}

}  // namespace frontalis::cli
