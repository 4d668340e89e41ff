#pragma once

#include <array>
#include <cstddef>

#include "face/midline.h"
#include "frontalis/types.h"

namespace frontalis {

/// How well a frame suits comparing the halves of a face.
struct HeadPosition {
  float yaw = 0;  ///< degrees, from landmarks; positive: the nose points to the picture's right
  float stability = 0;  ///< 0..1: 1 = still; 0 = the last 5 positions spread over 2 % of the
                        ///< outer-eye distance and more
  float quality =
      0;  ///< 0..1: 0.9 for the yaw (3 degrees and less full, 10 none), 0.1 for stability
};

/// From the distances of paired landmarks to the midline of central ones (spec pipeline 11.6),
/// along the perpendicular of `midline`, so that a tilted head counts as an upright one. Degrees.
float yawOf(const Landmarks68& landmarks, const Midline& midline);

/// Rates the frames of one video, in order (spec pipeline 11.6; the spread is taken relative to the
/// face, as pixels mean little without the picture's size).
class HeadPositionMeter {
 public:
  HeadPosition measure(const Landmarks68& landmarks, const Midline& midline);
  /// A frame without a face, or another video.
  void reset() { count_ = 0; }

 private:
  static constexpr std::size_t kFrames = 5;
  std::array<Point2f, kFrames> positions_{};  // ring
  std::size_t count_ = 0;
};

}  // namespace frontalis
