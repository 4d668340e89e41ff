#include "au/online_correction.h"

#include <algorithm>

namespace frontalis {

namespace {

constexpr double kLow = -3;
constexpr double kHigh = 5;
constexpr double kQuantile = 0.10;
constexpr std::int64_t kFramesNeeded = 10;

}  // namespace

std::array<float, kIntensityAus> OnlineCorrection::correct(
    const std::array<double, kIntensityAus>& intensity) {
  ++count_;
  const auto passed = static_cast<std::int64_t>(kQuantile * static_cast<double>(count_));
  std::array<float, kIntensityAus> out{};
  for (std::size_t i = 0; i < kIntensityAus; ++i) {
    const double slot =
        std::clamp((intensity[i] - kLow) * kBins / (kHigh - kLow), 0.0, kBins - 1.0);
    ++counts_[i][static_cast<std::size_t>(slot)];
    double correction = 0;
    if (count_ >= kFramesNeeded) {
      std::int64_t cumulative = 0;
      std::size_t bin = 0;
      while ((cumulative += counts_[i][bin]) <= passed) ++bin;
      correction = kLow + static_cast<double>(bin) * (kHigh - kLow) / kBins;
    }
    out[i] = static_cast<float>(std::clamp(intensity[i] - correction, 0.0, 5.0));
  }
  return out;
}

void OnlineCorrection::reset() {
  counts_ = {};
  count_ = 0;
}

}  // namespace frontalis
