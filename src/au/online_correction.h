#pragma once

#include <array>
#include <cstdint>

#include "frontalis/types.h"

namespace frontalis {

/// Zero level of each intensity from the frames so far, for streams that have no end (spec pipeline
/// 8.4, live mode). Belongs to one video.
class OnlineCorrection {
 public:
  /// A good frame's unclamped intensities; returns them corrected and within 0..5. The first 9
  /// frames are only clamped. No allocation.
  std::array<float, kIntensityAus> correct(const std::array<double, kIntensityAus>& intensity);
  void reset();

 private:
  static constexpr int kBins = 200;

  std::array<std::array<std::uint32_t, kBins>, kIntensityAus> counts_{};
  std::int64_t count_ = 0;
};

}  // namespace frontalis
