#include "face/clnf/patch_area.h"

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <cstring>

namespace frontalis {

namespace {

constexpr double kFixed = 1024;  // OpenCV's AB_SCALE: positions are first rounded to 1/1024 px
constexpr int kRound = 16;       // half of a 1/32 px step

int toFixed(double v) {
  // Beyond this a position is outside any frame; saturation keeps the arithmetic defined.
  return static_cast<int>(std::lrint(std::clamp(v * kFixed, -1e9, 1e9)));
}

/// Bilinear grey level times 1024; (fx, fy) in 1/32 px.
int blend(int p00, int p01, int p10, int p11, int fx, int fy) {
  const int top = p00 * 32 + (p01 - p00) * fx;
  const int bottom = p10 * 32 + (p11 - p10) * fx;
  return top * 32 + (bottom - top) * fy;
}

}  // namespace

PatchAreaSampler::PatchAreaSampler(const Matrix2& to_image, int side)
    : side_(side), a_(to_image.m11), b_(-to_image.m12) {
  for (int u = 0; u < side; ++u) {
    ax_[u] = toFixed(static_cast<double>(a_) * u);
    bx_[u] = toFixed(static_cast<double>(b_) * u);
  }
}

PixelRect PatchAreaSampler::extent(float landmark_x, float landmark_y) const {
  const float half = static_cast<float>(side_ - 1) / 2.f * (std::abs(a_) + std::abs(b_)) + 2.f;
  const auto pixel = [](float v) { return static_cast<int>(std::clamp(v, -1e6f, 1e6f)); };
  return {pixel(std::floor(landmark_x - half)), pixel(std::floor(landmark_y - half)),
          pixel(std::ceil(landmark_x + half)) + 1, pixel(std::ceil(landmark_y + half)) + 1};
}

void PatchAreaSampler::sample(const GrayView& gray, float landmark_x, float landmark_y,
                              float* area) const {
  // float32 as the original's 2x3 matrix is; its products are taken in double.
  const float half = static_cast<float>(side_ - 1) / 2.f;
  const float origin_x = landmark_x - a_ * half + b_ * half;
  const float origin_y = landmark_y - a_ * half - b_ * half;
  const PixelRect& known = gray.area;
  const unsigned inner_width = static_cast<unsigned>(std::max(known.right - known.left - 1, 0));
  const unsigned inner_height = static_cast<unsigned>(std::max(known.bottom - known.top - 1, 0));
  const auto at = [&](int x, int y) -> int {
    return x >= known.left && x < known.right && y >= known.top && y < known.bottom ? gray.at(x, y)
                                                                                    : 0;
  };
  for (int v = 0; v < side_; ++v) {
    const int row_x = toFixed(static_cast<double>(-b_) * v + origin_x) + kRound;
    const int row_y = toFixed(static_cast<double>(a_) * v + origin_y) + kRound;
    float* out = area + static_cast<std::ptrdiff_t>(v) * side_;
    for (int u = 0; u < side_; ++u) {
      const int x32 = (row_x + ax_[u]) >> 5;
      const int y32 = (row_y + bx_[u]) >> 5;
      const int x = (x32 >> 5) - known.left;
      const int y = (y32 >> 5) - known.top;
      int value;
      if (static_cast<unsigned>(x) < inner_width && static_cast<unsigned>(y) < inner_height) {
        const std::uint8_t* p = gray.data + y * gray.stride + x;
        value = blend(p[0], p[1], p[gray.stride], p[gray.stride + 1], x32 & 31, y32 & 31);
      } else {
        const int gx = x + known.left;
        const int gy = y + known.top;
        value = blend(at(gx, gy), at(gx + 1, gy), at(gx, gy + 1), at(gx + 1, gy + 1), x32 & 31,
                      y32 & 31);
      }
      out[u] = static_cast<float>(value) * (1.f / 1024);
    }
  }
}

}  // namespace frontalis
