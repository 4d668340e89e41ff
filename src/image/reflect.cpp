#include "image/reflect.h"

#include <algorithm>
#include <cmath>
#include <cstring>

#ifdef __AVX2__
#include <immintrin.h>
#endif

namespace frontalis {
namespace {

// Horizontal weights have 14 bits, so that they stay signed 16-bit numbers.
constexpr int kOne = 1 << 14;
constexpr auto kWeightOne = static_cast<float>(kOne);

/// Where the samples of a row lie: (x + dx i, y + dy i).
struct RowMap {
  float x, dx, y, dy;
};

inline float clampTo(float value, float high) {
  const float above = value > 0.f ? value : 0.f;
  return above < high ? above : high;
}

inline std::uint8_t sampleAt(const Plane& p, const RowMap& r, int i) {
  const float x = clampTo(r.x + r.dx * static_cast<float>(i), static_cast<float>(p.width - 1));
  const float y = clampTo(r.y + r.dy * static_cast<float>(i), static_cast<float>(p.height - 1));
  const int x0 = std::max(std::min(static_cast<int>(x), p.width - 2), 0);
  const int y0 = std::max(std::min(static_cast<int>(y), p.height - 2), 0);
  const int x1 = std::min(x0 + 1, p.width - 1);
  const int y1 = std::min(y0 + 1, p.height - 1);
  const int weight = static_cast<int>((x - static_cast<float>(x0)) * kWeightOne + 0.5f);
  const std::uint8_t* row0 = p.data + y0 * p.stride;
  const std::uint8_t* row1 = p.data + y1 * p.stride;
  const auto above = static_cast<float>(row0[x0] * (kOne - weight) + row0[x1] * weight);
  const auto below = static_cast<float>(row1[x0] * (kOne - weight) + row1[x1] * weight);
  const float value = above + (y - static_cast<float>(y0)) * (below - above);
  return static_cast<std::uint8_t>(value * (1.f / kWeightOne) + 0.5f);
}

#ifdef __AVX2__

inline __m256 clamp8(__m256 value, float high) {
  return _mm256_min_ps(_mm256_max_ps(value, _mm256_setzero_ps()), _mm256_set1_ps(high));
}

/// Bytes 0 and 1 of each lane as a 16-bit pair, times the pair of weights.
inline __m256 weighted(__m256i lanes, __m256i weights) {
  constexpr char n = -1;
  const __m256i order = _mm256_setr_epi8(0, n, 1, n, 4, n, 5, n, 8, n, 9, n, 12, n, 13, n,  //
                                         0, n, 1, n, 4, n, 5, n, 8, n, 9, n, 12, n, 13, n);
  return _mm256_cvtepi32_ps(_mm256_madd_epi16(_mm256_shuffle_epi8(lanes, order), weights));
}

/// sampleAt() for eight neighbours, operation by operation. Four bytes are read at once, so the
/// last columns are read from further left. The plane is at least 4 x 2.
inline void sample8(const Plane& p, const RowMap& r, int i, std::uint8_t* out) {
  const __m256 index =
      _mm256_add_ps(_mm256_set1_ps(static_cast<float>(i)), _mm256_setr_ps(0, 1, 2, 3, 4, 5, 6, 7));
  const __m256 x =
      clamp8(_mm256_add_ps(_mm256_set1_ps(r.x), _mm256_mul_ps(_mm256_set1_ps(r.dx), index)),
             static_cast<float>(p.width - 1));
  const __m256 y =
      clamp8(_mm256_add_ps(_mm256_set1_ps(r.y), _mm256_mul_ps(_mm256_set1_ps(r.dy), index)),
             static_cast<float>(p.height - 1));
  const __m256i x0 = _mm256_min_epi32(_mm256_cvttps_epi32(x), _mm256_set1_epi32(p.width - 2));
  const __m256i y0 = _mm256_min_epi32(_mm256_cvttps_epi32(y), _mm256_set1_epi32(p.height - 2));
  const __m256 fx = _mm256_sub_ps(x, _mm256_cvtepi32_ps(x0));
  const __m256 fy = _mm256_sub_ps(y, _mm256_cvtepi32_ps(y0));
  const __m256i weight = _mm256_cvttps_epi32(
      _mm256_add_ps(_mm256_mul_ps(fx, _mm256_set1_ps(kWeightOne)), _mm256_set1_ps(0.5f)));
  const __m256i weights = _mm256_or_si256(_mm256_sub_epi32(_mm256_set1_epi32(kOne), weight),
                                          _mm256_slli_epi32(weight, 16));
  const __m256i first = _mm256_min_epi32(x0, _mm256_set1_epi32(p.width - 4));
  const __m256i shift = _mm256_slli_epi32(_mm256_sub_epi32(x0, first), 3);
  const __m256i offset = _mm256_add_epi32(
      _mm256_mullo_epi32(y0, _mm256_set1_epi32(static_cast<int>(p.stride))), first);
  const auto gather = [&](const std::uint8_t* data) {
    return _mm256_srlv_epi32(_mm256_i32gather_epi32(reinterpret_cast<const int*>(data), offset, 1),
                             shift);
  };
  const __m256 above = weighted(gather(p.data), weights);
  const __m256 below = weighted(gather(p.data + p.stride), weights);
  const __m256 value = _mm256_add_ps(above, _mm256_mul_ps(fy, _mm256_sub_ps(below, above)));
  const __m256i lanes = _mm256_cvttps_epi32(
      _mm256_add_ps(_mm256_mul_ps(value, _mm256_set1_ps(1.f / kWeightOne)), _mm256_set1_ps(0.5f)));
  const __m128i words =
      _mm_packus_epi32(_mm256_castsi256_si128(lanes), _mm256_extracti128_si256(lanes, 1));
  _mm_storel_epi64(reinterpret_cast<__m128i*>(out), _mm_packus_epi16(words, words));
}

#endif

/// Samples `from`..`to`-1 of a row.
void sampleRun(const Plane& p, const RowMap& r, int from, int to, std::uint8_t* out) {
  int i = from;
#ifdef __AVX2__
  if (p.width >= 4 && p.height >= 2) {
    for (; i + 8 <= to; i += 8) sample8(p, r, i, out + i);
  }
#endif
  for (; i < to; ++i) out[i] = sampleAt(p, r, i);
}

/// The i of 0..width with start + slope i >= bound: [first, last).
struct Run {
  int first, last;
};
Run runAbove(double start, double slope, double bound, int width) {
  if (std::abs(slope) < 1e-9) return start >= bound ? Run{0, width} : Run{0, 0};
  const double at = std::clamp((bound - start) / slope, -2.0, width + 2.0);
  const int last = std::clamp(static_cast<int>(std::floor(at)) + 1, 0, width);
  const int first = std::clamp(static_cast<int>(std::ceil(at)), 0, width);
  return slope > 0 ? Run{first, width} : Run{0, last};
}

/// One plane; `line` in its samples, `scale` px per sample.
void reflectPlane(const Plane& from, const Line& line, LineSide kept, float scale,
                  std::uint8_t* out) {
  const double nx = -line.direction.y;
  const double ny = line.direction.x;
  const double sign = kept == LineSide::kPositive ? 1 : -1;
  const double strip = kBlendHalfWidth / scale;
  const auto ramp = static_cast<float>(0.5 / strip);
  for (int y = 0; y < from.height; ++y, out += from.width) {
    const std::uint8_t* row = from.data + y * from.stride;
    // Distance of sample (0, y), and how it grows along the row.
    const double start = (y - double{line.point.y}) * ny - double{line.point.x} * nx;
    const RowMap map{static_cast<float>(-2 * start * nx), static_cast<float>(1 - 2 * nx * nx),
                     static_cast<float>(y - 2 * start * ny), static_cast<float>(-2 * nx * ny)};
    const Run own = runAbove(sign * start, sign * nx, strip, from.width);
    const Run mixed = runAbove(sign * start, sign * nx, -strip, from.width);
    sampleRun(from, map, 0, mixed.first, out);
    sampleRun(from, map, mixed.last, from.width, out);
    std::memcpy(out + own.first, row + own.first, static_cast<std::size_t>(own.last - own.first));
    const auto mix = [&](int first, int last) {
      for (int x = first; x < last; ++x) {
        const auto distance = static_cast<float>(sign * (start + nx * x));
        const float share = std::clamp(0.5f + distance * ramp, 0.f, 1.f);
        const auto reflected = static_cast<float>(sampleAt(from, map, x));
        out[x] = static_cast<std::uint8_t>(reflected +
                                           share * (static_cast<float>(row[x]) - reflected) + 0.5f);
      }
    };
    if (own.first == own.last) {
      mix(mixed.first, mixed.last);
    } else {
      mix(mixed.first, own.first);
      mix(own.last, mixed.last);
    }
  }
}

/// Luma px of chroma sample 0.
Point2f chromaOrigin(ChromaSiting siting) {
  switch (siting) {
    case ChromaSiting::kLeft:
      return {0, 0.5f};
    case ChromaSiting::kTopLeft:
      return {0, 0};
    case ChromaSiting::kCenter:
      break;
  }
  return {0.5f, 0.5f};
}

}  // namespace

Frame reflect(const Frame& upright, const Line& line, LineSide kept, FramePool& pool) {
  WritableFrame out = pool.take(upright, upright.stored_width, upright.stored_height);
  reflectPlane(upright.planes[0], line, kept, 1, out.planes[0]);
  const Point2f origin = chromaOrigin(upright.siting);
  const Line chroma{{(line.point.x - origin.x) / 2, (line.point.y - origin.y) / 2}, line.direction};
  reflectPlane(upright.planes[1], chroma, kept, 2, out.planes[1]);
  reflectPlane(upright.planes[2], chroma, kept, 2, out.planes[2]);
  return out.frame;
}

}  // namespace frontalis
