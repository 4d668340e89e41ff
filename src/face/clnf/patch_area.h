#pragma once

#include <array>

#include "face/clnf/gray_window.h"

namespace frontalis {

/// 2 x 2 matrix on column vectors.
struct Matrix2 {
  float m11 = 1, m12 = 0, m21 = 0, m22 = 1;
};

/// The largest window + support - 1 that a response map may need.
inline constexpr int kMaxAreaSide = 64;
inline constexpr std::size_t kMaxAreaCells = static_cast<std::size_t>(kMaxAreaSide) * kMaxAreaSide;

/// Samples the squares around landmarks, rotated and scaled to the reference frame (spec clnf 7.2):
/// bilinear on OpenCV 4's 1/32-px grid, 0 outside the frame. One object for one set of landmarks
/// that share the similarity.
class PatchAreaSampler {
 public:
  /// `to_image` maps reference px to image px; `side` is the area's size, 1..kMaxAreaSide.
  PatchAreaSampler(const Matrix2& to_image, int side);

  /// Where the area around a landmark lies, with the neighbours that bilinear sampling reads.
  [[nodiscard]] PixelRect extent(float landmark_x, float landmark_y) const;

  /// side x side grey levels 0..255 in steps of 1/1024 (exact in float32), row-major. `gray` covers
  /// extent() as far as the frame goes.
  void sample(const GrayView& gray, float landmark_x, float landmark_y, float* area) const;

 private:
  int side_;
  float a_, b_;                       // warp is (a, -b; b, a)
  std::array<int, kMaxAreaSide> ax_;  // per column, in 1/1024 px
  std::array<int, kMaxAreaSide> bx_;
};

}  // namespace frontalis
