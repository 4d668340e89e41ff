#include "face/clnf/patch_area.h"

#include <algorithm>
#include <cmath>
#include <cstdint>

#if defined(__AVX2__)
#include <immintrin.h>
#endif

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

#if defined(__AVX2__)
/// One row of samples that all lie well inside the known pixels, eight at a time: the same integer
/// arithmetic as blend(). `side` is at least eight; the last vector overlaps the one before.
void sampleRowInside(const std::uint8_t* pixels, int stride, const int* ax, const int* bx,
                     int row_x, int row_y, int side, float* out) {
  const __m256i start_x = _mm256_set1_epi32(row_x);
  const __m256i start_y = _mm256_set1_epi32(row_y);
  const __m256i fraction = _mm256_set1_epi32(31);
  const __m256i one = _mm256_set1_epi32(32);
  const __m256i line = _mm256_set1_epi32(stride);
  // The two lowest bytes of each lane, widened to 16 bits.
  const __m256i widen = _mm256_setr_epi8(0, -1, 1, -1, 4, -1, 5, -1, 8, -1, 9, -1, 12, -1, 13, -1,
                                         0, -1, 1, -1, 4, -1, 5, -1, 8, -1, 9, -1, 12, -1, 13, -1);
  const auto pair = [](__m256i low, __m256i high) {
    return _mm256_or_si256(low, _mm256_slli_epi32(high, 16));
  };
  for (int u = 0;;) {
    const auto at = [u](const int* table) {
      return _mm256_loadu_si256(reinterpret_cast<const __m256i*>(table + u));
    };
    const __m256i x32 = _mm256_srai_epi32(_mm256_add_epi32(start_x, at(ax)), 5);
    const __m256i y32 = _mm256_srai_epi32(_mm256_add_epi32(start_y, at(bx)), 5);
    const __m256i offset = _mm256_add_epi32(_mm256_mullo_epi32(_mm256_srai_epi32(y32, 5), line),
                                            _mm256_srai_epi32(x32, 5));
    const auto gather = [offset](const std::uint8_t* from) {
      return _mm256_i32gather_epi32(reinterpret_cast<const int*>(from), offset, 1);
    };
    const __m256i upper = _mm256_shuffle_epi8(gather(pixels), widen);
    const __m256i lower = _mm256_shuffle_epi8(gather(pixels + stride), widen);
    const __m256i fx = _mm256_and_si256(x32, fraction);
    const __m256i fy = _mm256_and_si256(y32, fraction);
    const __m256i across = pair(_mm256_sub_epi32(one, fx), fx);
    const __m256i down = pair(_mm256_sub_epi32(one, fy), fy);
    const __m256i value = _mm256_madd_epi16(
        pair(_mm256_madd_epi16(upper, across), _mm256_madd_epi16(lower, across)), down);
    _mm256_storeu_ps(out + u, _mm256_mul_ps(_mm256_cvtepi32_ps(value), _mm256_set1_ps(1.f / 1024)));
    if (u + 8 == side) return;
    u = std::min(u + 8, side - 8);
  }
}
#endif

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
#if defined(__AVX2__)
  // Four bytes are read at a sample: two more than it needs.
  const PixelRect reach = extent(landmark_x, landmark_y);
  const bool inside = side_ >= 8 && std::abs(gray.stride) < (1 << 16) && known.bottom < (1 << 14) &&
                      reach.left >= known.left && reach.top >= known.top &&
                      reach.right + 3 <= known.right && reach.bottom <= known.bottom;
#endif
  for (int v = 0; v < side_; ++v) {
    const int row_x = toFixed(static_cast<double>(-b_) * v + origin_x) + kRound;
    const int row_y = toFixed(static_cast<double>(a_) * v + origin_y) + kRound;
    float* out = area + static_cast<std::ptrdiff_t>(v) * side_;
#if defined(__AVX2__)
    if (inside) {
      sampleRowInside(gray.data, static_cast<int>(gray.stride), ax_.data(), bx_.data(),
                      row_x - (known.left << 10), row_y - (known.top << 10), side_, out);
      continue;
    }
#endif
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
