#pragma once

#include "frontalis/types.h"
#include "image/frame.h"
#include "image/frame_pool.h"

namespace frontalis {

/// A directed line in px: any point of it and its direction (unit vector).
struct Line {
  Point2f point;
  Point2f direction{0, 1};

  /// Distance of a point, px; positive on the side that lies right of the direction as one walks
  /// along it: for a line that runs down the picture, the picture's left.
  [[nodiscard]] float distance(Point2f p) const {
    return (p.y - point.y) * direction.x - (p.x - point.x) * direction.y;
  }
};

enum class LineSide { kPositive, kNegative };

/// Half the width of the strip along the line in which both halves are mixed, px.
inline constexpr float kBlendHalfWidth = 3;

/// A frame whose one half is the other's mirror image (spec pipeline 11.5): on the kept side of the
/// line the frame itself, elsewhere its reflection, sampled bilinearly, the border repeated. Across
/// a strip along the line the weight of the frame itself goes linearly from 0 to 1, so that the
/// result is symmetric there too. Works on the planes; `upright` is 8-bit 4:2:0 without
/// orientation, see Uprighter. Values are within one level of exact arithmetic.
Frame reflect(const Frame& upright, const Line& line, LineSide kept, FramePool& pool);

}  // namespace frontalis
