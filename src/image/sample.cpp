#include "image/sample.h"

#include <algorithm>
#include <cstdlib>
#include <cstring>

#include "image/color.h"

#ifdef __AVX2__
#include <immintrin.h>
#endif

namespace frontalis {

namespace {

// Horizontal weights have 7 bits, so that a byte times a weight stays a signed 16-bit number.
constexpr float kWeightOne = 128.f;

enum class Samples { kByte, kWord, kPackedBgr };

/// A plane and the map from crop pixels to its samples.
struct PlaneMap {
  const std::uint8_t* data;
  std::ptrdiff_t stride;  // bytes
  int width, height;
  Affine map;
};

/// One row of the map: sample position of crop pixel i is (x + dx i, y + dy i).
struct RowMap {
  float x, dx, y, dy;
};

RowMap rowMap(const Affine& map, int row) {
  return {static_cast<float>(map.xy * row + map.x0), static_cast<float>(map.xx),
          static_cast<float>(map.yy * row + map.y0), static_cast<float>(map.yx)};
}

// NaN goes to the lower bound, so that no coordinate reads outside the plane.
inline float clampOr(float value, float high) {
  const float above = value > 0.f ? value : 0.f;
  return above < high ? above : high;
}

inline int weightOf(float fraction) { return static_cast<int>(fraction * kWeightOne + 0.5f); }

template <Samples kSamples>
inline int sampleAt(const std::uint8_t* row, int x, int channel) {
  if constexpr (kSamples == Samples::kByte) return row[x];
  if constexpr (kSamples == Samples::kPackedBgr) return row[3 * x + channel];
  std::uint16_t word;
  std::memcpy(&word, row + 2 * x, 2);
  return word;
}

/// Bilinear sample times kWeightOne.
template <Samples kSamples>
inline float bilinear(const PlaneMap& p, const RowMap& r, int i, int channel) {
  const float x = clampOr(r.x + r.dx * static_cast<float>(i), static_cast<float>(p.width - 1));
  const float y = clampOr(r.y + r.dy * static_cast<float>(i), static_cast<float>(p.height - 1));
  const int x0 = std::max(std::min(static_cast<int>(x), p.width - 2), 0);
  const int y0 = std::max(std::min(static_cast<int>(y), p.height - 2), 0);
  const int x1 = std::min(x0 + 1, p.width - 1);
  const int y1 = std::min(y0 + 1, p.height - 1);
  const int weight = weightOf(x - static_cast<float>(x0));
  const std::uint8_t* row0 = p.data + y0 * p.stride;
  const std::uint8_t* row1 = p.data + y1 * p.stride;
  const auto above = static_cast<float>(sampleAt<kSamples>(row0, x0, channel) * (128 - weight) +
                                        sampleAt<kSamples>(row0, x1, channel) * weight);
  const auto below = static_cast<float>(sampleAt<kSamples>(row1, x0, channel) * (128 - weight) +
                                        sampleAt<kSamples>(row1, x1, channel) * weight);
  return above + (y - static_cast<float>(y0)) * (below - above);
}

/// Share of the four neighbours' weight that lies inside the picture.
inline float coverage(const PlaneMap& p, const RowMap& r, int i) {
  const auto along = [](float at, int size) {
    const float inside = std::min(at + 1.f, static_cast<float>(size) - at);
    return clampOr(inside, 1.f);
  };
  return along(r.x + r.dx * static_cast<float>(i), p.width) *
         along(r.y + r.dy * static_cast<float>(i), p.height);
}

/// RGB = matrix of (sample - offset), all scaled to samples x kWeightOne and to 0..1.
struct Colors {
  float y, v_red, u_blue, u_green, v_green;
  float chroma_zero;
  float red_bias, green_bias, blue_bias;
};

struct Job {
  PlaneMap planes[3];
  Colors colors;
  bool zero_border;
};

struct Rgb {
  float r, g, b;
};

inline float clamp01(float value) { return clampOr(value, 1.f); }

inline Rgb toRgb(const Colors& c, float y, float u, float v) {
  const float luma = y * c.y;
  const float u0 = u - c.chroma_zero;
  const float v0 = v - c.chroma_zero;
  return {clamp01(luma + c.red_bias + v0 * c.v_red),
          clamp01(luma + c.green_bias + (u0 * c.u_green + v0 * c.v_green)),
          clamp01(luma + c.blue_bias + u0 * c.u_blue)};
}

template <Samples kSamples, bool kChroma>
inline Rgb pixelAt(const Job& job, const RowMap* rows, int i) {
  Rgb rgb;
  if constexpr (kSamples == Samples::kPackedBgr) {
    rgb = {clamp01(bilinear<kSamples>(job.planes[0], rows[0], i, 2) * job.colors.y),
           clamp01(bilinear<kSamples>(job.planes[0], rows[0], i, 1) * job.colors.y),
           clamp01(bilinear<kSamples>(job.planes[0], rows[0], i, 0) * job.colors.y)};
  } else if constexpr (kChroma) {
    rgb = toRgb(job.colors, bilinear<kSamples>(job.planes[0], rows[0], i, 0),
                bilinear<kSamples>(job.planes[1], rows[1], i, 0),
                bilinear<kSamples>(job.planes[2], rows[1], i, 0));
  } else {
    const float gray = clamp01(bilinear<kSamples>(job.planes[0], rows[0], i, 0) * job.colors.y +
                               job.colors.red_bias);
    rgb = {gray, gray, gray};
  }
  if (job.zero_border) {
    const float share = coverage(job.planes[0], rows[0], i);
    rgb = {rgb.r * share, rgb.g * share, rgb.b * share};
  }
  return rgb;
}

#ifdef __AVX2__

struct Rgb8 {
  __m256 r, g, b;
};

/// The scalar functions above for eight pixels, operation by operation.
struct Position8 {
  __m256i x0, offset;  // offset: bytes to the row
  __m256 fy;
  __m256i weights;  // 16-bit pair (128 - w, w)
};

inline __m256 clampOr8(__m256 value, __m256 high) {
  return _mm256_min_ps(_mm256_max_ps(value, _mm256_setzero_ps()), high);
}

inline Position8 position8(const PlaneMap& p, const RowMap& r, __m256 index) {
  const __m256 x =
      clampOr8(_mm256_add_ps(_mm256_set1_ps(r.x), _mm256_mul_ps(_mm256_set1_ps(r.dx), index)),
               _mm256_set1_ps(static_cast<float>(p.width - 1)));
  const __m256 y =
      clampOr8(_mm256_add_ps(_mm256_set1_ps(r.y), _mm256_mul_ps(_mm256_set1_ps(r.dy), index)),
               _mm256_set1_ps(static_cast<float>(p.height - 1)));
  Position8 at;
  at.x0 = _mm256_min_epi32(_mm256_cvttps_epi32(x), _mm256_set1_epi32(p.width - 2));
  const __m256i y0 = _mm256_min_epi32(_mm256_cvttps_epi32(y), _mm256_set1_epi32(p.height - 2));
  const __m256 fx = _mm256_sub_ps(x, _mm256_cvtepi32_ps(at.x0));
  at.fy = _mm256_sub_ps(y, _mm256_cvtepi32_ps(y0));
  at.offset = _mm256_mullo_epi32(y0, _mm256_set1_epi32(static_cast<int>(p.stride)));
  const __m256i w = _mm256_cvttps_epi32(
      _mm256_add_ps(_mm256_mul_ps(fx, _mm256_set1_ps(kWeightOne)), _mm256_set1_ps(0.5f)));
  at.weights =
      _mm256_or_si256(_mm256_sub_epi32(_mm256_set1_epi32(128), w), _mm256_slli_epi32(w, 16));
  return at;
}

inline __m256i gather(const std::uint8_t* data, __m256i offsets) {
  return _mm256_i32gather_epi32(reinterpret_cast<const int*>(data), offsets, 1);
}

inline __m256 lerp8(__m256i above, __m256i below, const Position8& at) {
  const __m256 a = _mm256_cvtepi32_ps(_mm256_madd_epi16(above, at.weights));
  const __m256 b = _mm256_cvtepi32_ps(_mm256_madd_epi16(below, at.weights));
  return _mm256_add_ps(a, _mm256_mul_ps(at.fy, _mm256_sub_ps(b, a)));
}

// Bytes 0 and 1 of each lane, widened to a 16-bit pair.
inline __m256i bytePairs(__m256i lanes) {
  constexpr char n = -1;
  const __m256i order = _mm256_setr_epi8(0, n, 1, n, 4, n, 5, n, 8, n, 9, n, 12, n, 13, n,  //
                                         0, n, 1, n, 4, n, 5, n, 8, n, 9, n, 12, n, 13, n);
  return _mm256_shuffle_epi8(lanes, order);
}

/// Reads four bytes at once, so the last columns are read from further left and shifted.
struct Columns8 {
  __m256i offset, shift;
};
inline Columns8 byteColumns(const PlaneMap& p, const Position8& at) {
  const __m256i first = _mm256_min_epi32(at.x0, _mm256_set1_epi32(p.width - 4));
  return {_mm256_add_epi32(at.offset, first), _mm256_slli_epi32(_mm256_sub_epi32(at.x0, first), 3)};
}

inline __m256 bytes8(const PlaneMap& p, const Position8& at, const Columns8& columns) {
  const __m256i above = gather(p.data, columns.offset);
  const __m256i below = gather(p.data + p.stride, columns.offset);
  return lerp8(bytePairs(_mm256_srlv_epi32(above, columns.shift)),
               bytePairs(_mm256_srlv_epi32(below, columns.shift)), at);
}

inline __m256 words8(const PlaneMap& p, const Position8& at) {
  const __m256i offset = _mm256_add_epi32(at.offset, _mm256_slli_epi32(at.x0, 1));
  return lerp8(gather(p.data, offset), gather(p.data + p.stride, offset), at);
}

// b0 g0 r0 b1 and r0 b1 g1 r1 hold both pixels.
inline Rgb8 packedBgr8(const PlaneMap& p, const Position8& at, __m256 scale) {
  const __m256i first =
      _mm256_add_epi32(at.offset, _mm256_add_epi32(at.x0, _mm256_add_epi32(at.x0, at.x0)));
  const __m256i second = _mm256_add_epi32(first, _mm256_set1_epi32(2));
  const __m256i a0 = gather(p.data, first);
  const __m256i a1 = gather(p.data, second);
  const __m256i b0 = gather(p.data + p.stride, first);
  const __m256i b1 = gather(p.data + p.stride, second);
  const __m256i low = _mm256_set1_epi32(0xff);
  const auto pair = [&](__m256i left, __m256i right) {
    return _mm256_or_si256(_mm256_and_si256(left, low),
                           _mm256_slli_epi32(_mm256_and_si256(right, low), 16));
  };
  const auto channel = [&](auto left, auto right) {
    return clampOr8(
        _mm256_mul_ps(lerp8(pair(left(a0), right(a1)), pair(left(b0), right(b1)), at), scale),
        _mm256_set1_ps(1.f));
  };
  const __m256 b =
      channel([](__m256i v) { return v; }, [](__m256i v) { return _mm256_srli_epi32(v, 8); });
  const __m256 g = channel([](__m256i v) { return _mm256_srli_epi32(v, 8); },
                           [](__m256i v) { return _mm256_srli_epi32(v, 16); });
  const __m256 r = channel([](__m256i v) { return _mm256_srli_epi32(v, 16); },
                           [](__m256i v) { return _mm256_srli_epi32(v, 24); });
  return {r, g, b};
}

inline __m256 coverage8(const PlaneMap& p, const RowMap& r, __m256 index) {
  const auto along = [&](float start, float step, int size) {
    const __m256 at =
        _mm256_add_ps(_mm256_set1_ps(start), _mm256_mul_ps(_mm256_set1_ps(step), index));
    const __m256 one = _mm256_set1_ps(1.f);
    // Operand order as in std::min, for NaN.
    const __m256 inside = _mm256_min_ps(_mm256_sub_ps(_mm256_set1_ps(static_cast<float>(size)), at),
                                        _mm256_add_ps(at, one));
    return clampOr8(inside, one);
  };
  return _mm256_mul_ps(along(r.x, r.dx, p.width), along(r.y, r.dy, p.height));
}

template <Samples kSamples, bool kChroma>
inline Rgb8 pixelsAt(const Job& job, const RowMap* rows, __m256 index) {
  const Colors& c = job.colors;
  const Position8 at = position8(job.planes[0], rows[0], index);
  const __m256 one = _mm256_set1_ps(1.f);
  Rgb8 rgb;
  if constexpr (kSamples == Samples::kPackedBgr) {
    rgb = packedBgr8(job.planes[0], at, _mm256_set1_ps(c.y));
  } else {
    __m256 y;
    if constexpr (kSamples == Samples::kByte) {
      y = bytes8(job.planes[0], at, byteColumns(job.planes[0], at));
    } else {
      y = words8(job.planes[0], at);
    }
    const __m256 luma = _mm256_mul_ps(y, _mm256_set1_ps(c.y));
    const auto biased = [&](float bias) { return _mm256_add_ps(luma, _mm256_set1_ps(bias)); };
    if constexpr (kChroma) {
      const Position8 chroma = position8(job.planes[1], rows[1], index);
      __m256 u, v;
      if constexpr (kSamples == Samples::kByte) {
        const Columns8 columns = byteColumns(job.planes[1], chroma);
        u = bytes8(job.planes[1], chroma, columns);
        v = bytes8(job.planes[2], chroma, columns);
      } else {
        u = words8(job.planes[1], chroma);
        v = words8(job.planes[2], chroma);
      }
      const __m256 zero = _mm256_set1_ps(c.chroma_zero);
      u = _mm256_sub_ps(u, zero);
      v = _mm256_sub_ps(v, zero);
      rgb.r = clampOr8(_mm256_add_ps(biased(c.red_bias), _mm256_mul_ps(v, _mm256_set1_ps(c.v_red))),
                       one);
      rgb.g = clampOr8(_mm256_add_ps(biased(c.green_bias),
                                     _mm256_add_ps(_mm256_mul_ps(u, _mm256_set1_ps(c.u_green)),
                                                   _mm256_mul_ps(v, _mm256_set1_ps(c.v_green)))),
                       one);
      rgb.b = clampOr8(
          _mm256_add_ps(biased(c.blue_bias), _mm256_mul_ps(u, _mm256_set1_ps(c.u_blue))), one);
    } else {
      rgb.r = rgb.g = rgb.b = clampOr8(biased(c.red_bias), one);
    }
  }
  if (job.zero_border) {
    const __m256 share = coverage8(job.planes[0], rows[0], index);
    rgb = {_mm256_mul_ps(rgb.r, share), _mm256_mul_ps(rgb.g, share), _mm256_mul_ps(rgb.b, share)};
  }
  return rgb;
}

#endif

/// Where pixels go: one put for a pixel, one for eight.
struct InterleavedFloats {
  float* row;
  void put(int i, const Rgb& p) const {
    row[3 * i] = p.r;
    row[3 * i + 1] = p.g;
    row[3 * i + 2] = p.b;
  }
#ifdef __AVX2__
  void put8(int i, const Rgb8& p) const {
    const auto spread = [](__m256 v, int a, int b, int c, int d, int e, int f, int g, int h) {
      return _mm256_permutevar8x32_ps(v, _mm256_setr_epi32(a, b, c, d, e, f, g, h));
    };
    // r0 g0 b0 r1 g1 b1 r2 g2 | b2 r3 g3 b3 r4 g4 b4 r5 | g5 b5 r6 g6 b6 r7 g7 b7
    const __m256 first =
        _mm256_blend_ps(_mm256_blend_ps(spread(p.r, 0, 0, 0, 1, 0, 0, 2, 0),
                                        spread(p.g, 0, 0, 0, 0, 1, 0, 0, 2), 0b10010010),
                        spread(p.b, 0, 0, 0, 0, 0, 1, 0, 0), 0b00100100);
    const __m256 second =
        _mm256_blend_ps(_mm256_blend_ps(spread(p.b, 2, 0, 0, 3, 0, 0, 4, 0),
                                        spread(p.r, 0, 3, 0, 0, 4, 0, 0, 5), 0b10010010),
                        spread(p.g, 0, 0, 3, 0, 0, 4, 0, 0), 0b00100100);
    const __m256 third =
        _mm256_blend_ps(_mm256_blend_ps(spread(p.g, 5, 0, 0, 6, 0, 0, 7, 0),
                                        spread(p.b, 0, 5, 0, 0, 6, 0, 0, 7), 0b10010010),
                        spread(p.r, 0, 0, 6, 0, 0, 7, 0, 0), 0b00100100);
    _mm256_storeu_ps(row + 3 * i, first);
    _mm256_storeu_ps(row + 3 * i + 8, second);
    _mm256_storeu_ps(row + 3 * i + 16, third);
  }
#endif
};

struct PlanarFloats {
  float* row;
  std::ptrdiff_t plane;
  void put(int i, const Rgb& p) const {
    row[i] = p.r;
    row[i + plane] = p.g;
    row[i + 2 * plane] = p.b;
  }
#ifdef __AVX2__
  void put8(int i, const Rgb8& p) const {
    _mm256_storeu_ps(row + i, p.r);
    _mm256_storeu_ps(row + i + plane, p.g);
    _mm256_storeu_ps(row + i + 2 * plane, p.b);
  }
#endif
};

struct BgrBytes {
  std::uint8_t* row;
  static std::uint8_t byteOf(float value) {
    return static_cast<std::uint8_t>(value * 255.f + 0.5f);
  }
  void put(int i, const Rgb& p) const {
    row[3 * i] = byteOf(p.b);
    row[3 * i + 1] = byteOf(p.g);
    row[3 * i + 2] = byteOf(p.r);
  }
#ifdef __AVX2__
  void put8(int i, const Rgb8& p) const {
    const auto bytes = [](__m256 v) {
      return _mm256_cvttps_epi32(
          _mm256_add_ps(_mm256_mul_ps(v, _mm256_set1_ps(255.f)), _mm256_set1_ps(0.5f)));
    };
    const __m256i lanes = _mm256_or_si256(
        bytes(p.b),
        _mm256_or_si256(_mm256_slli_epi32(bytes(p.g), 8), _mm256_slli_epi32(bytes(p.r), 16)));
    constexpr char n = -1;
    const __m256i order = _mm256_setr_epi8(0, 1, 2, 4, 5, 6, 8, 9, 10, 12, 13, 14, n, n, n, n,  //
                                           0, 1, 2, 4, 5, 6, 8, 9, 10, 12, 13, 14, n, n, n, n);
    alignas(32) std::uint8_t packed[32];
    _mm256_store_si256(reinterpret_cast<__m256i*>(packed), _mm256_shuffle_epi8(lanes, order));
    std::memcpy(row + 3 * i, packed, 12);
    std::memcpy(row + 3 * i + 12, packed + 16, 12);
  }
#endif
};

template <Samples kSamples, bool kChroma, class Sink>
void sampleRow(const Job& job, int row, int width, const Sink& sink) {
  const RowMap rows[2] = {rowMap(job.planes[0].map, row),
                          kChroma ? rowMap(job.planes[1].map, row) : RowMap{}};
  int i = 0;
#ifdef __AVX2__
  constexpr int kLeast = kSamples == Samples::kByte ? 4 : 2;
  // Byte offsets are 32-bit in the vector way.
  const auto wideEnough = [](const PlaneMap& p) {
    return p.width >= kLeast && p.height >= 2 && std::abs(p.stride) < (1 << 30) / p.height;
  };
  if (wideEnough(job.planes[0]) && (!kChroma || wideEnough(job.planes[1]))) {
    const __m256 lanes = _mm256_setr_ps(0, 1, 2, 3, 4, 5, 6, 7);
    for (; i + 8 <= width; i += 8) {
      const __m256 index = _mm256_add_ps(_mm256_set1_ps(static_cast<float>(i)), lanes);
      sink.put8(i, pixelsAt<kSamples, kChroma>(job, rows, index));
    }
  }
#endif
  for (; i < width; ++i) sink.put(i, pixelAt<kSamples, kChroma>(job, rows, i));
}

Job jobFor(const Frame& frame, const Affine& crop_to_display, Border border, ColorRule rule) {
  Job job{};
  job.zero_border = border == Border::kZero;
  const Affine luma = displayToStored(frame.orientation, frame.stored_width, frame.stored_height)
                          .after(crop_to_display);
  job.planes[0] = {frame.planes[0].data, frame.planes[0].stride, frame.stored_width,
                   frame.stored_height, luma};
  if (isYuv(frame.layout)) {
    // Chroma sample c lies at luma 2c + offset.
    const double step_x = 1.0 / (1 << chromaShiftX(frame.layout));
    const double step_y = 1.0 / (1 << chromaShiftY(frame.layout));
    const bool halfway_x = frame.siting == ChromaSiting::kCenter;
    const bool halfway_y = frame.siting != ChromaSiting::kTopLeft;
    const double offset_x = chromaShiftX(frame.layout) == 1 && halfway_x ? 0.5 : 0.0;
    const double offset_y = chromaShiftY(frame.layout) == 1 && halfway_y ? 0.5 : 0.0;
    const Affine to_chroma{step_x, 0, -offset_x * step_x, 0, step_y, -offset_y * step_y};
    const Affine chroma = to_chroma.after(luma);
    for (int k = 1; k < 3; ++k) {
      const Plane& plane = frame.planes[k];
      job.planes[k] = {plane.data, plane.stride, plane.width, plane.height, chroma};
    }
  }
  const YuvToRgbFloat c = yuvToRgbFloat(matrixOf(frame, rule), fullRangeOf(frame, rule));
  const float sample = 1.f / (kWeightOne * static_cast<float>(1 << (frame.bit_depth - 8)));
  const float unit = sample / 255.f;
  const bool yuv = isYuv(frame.layout);
  // Half a level for each product that libswscale rounds down.
  const float floored = rule == ColorRule::kOpenCv && yuv && frame.layout != PixelLayout::kYuv444
                            ? 0.5f / 255.f
                            : 0.f;
  const float bias = -c.y * c.y_offset / 255.f;
  job.colors = {c.y * unit,         c.v_red * unit,     c.u_blue * unit,
                c.u_green * unit,   c.v_green * unit,   128.f / sample,
                bias - 2 * floored, bias - 3 * floored, bias - 2 * floored};
  if (frame.layout == PixelLayout::kBgr24) job.colors = {unit, 0, 0, 0, 0, 0, 0, 0, 0};
  return job;
}

template <class SinkForRow>
void sampleRows(const Frame& frame, const Affine& crop_to_display, int width, int height,
                Border border, ColorRule rule, SinkForRow&& sink_for_row) {
  const Job job = jobFor(frame, crop_to_display, border, rule);
  const bool words = frame.bit_depth > 8;
  for (int row = 0; row < height; ++row) {
    const auto sink = sink_for_row(row);
    if (frame.layout == PixelLayout::kBgr24) {
      sampleRow<Samples::kPackedBgr, false>(job, row, width, sink);
    } else if (frame.layout == PixelLayout::kGray) {
      words ? sampleRow<Samples::kWord, false>(job, row, width, sink)
            : sampleRow<Samples::kByte, false>(job, row, width, sink);
    } else {
      words ? sampleRow<Samples::kWord, true>(job, row, width, sink)
            : sampleRow<Samples::kByte, true>(job, row, width, sink);
    }
  }
}

}  // namespace

void sampleAffine(const Frame& frame, const Affine& crop_to_display, int width, int height,
                  Border border, float* rgb, TensorOrder order, ColorRule rule) {
  const std::ptrdiff_t row_size = width;
  if (order == TensorOrder::kPlanar) {
    sampleRows(frame, crop_to_display, width, height, border, rule, [&](int row) {
      return PlanarFloats{rgb + row * row_size, row_size * height};
    });
  } else {
    sampleRows(frame, crop_to_display, width, height, border, rule,
               [&](int row) { return InterleavedFloats{rgb + 3 * row * row_size}; });
  }
}

void sampleAffine(const Frame& frame, const Affine& crop_to_display, int width, int height,
                  Border border, Image& bgr, ColorRule rule) {
  bgr.resize(width, height, 3);
  sampleRows(frame, crop_to_display, width, height, border, rule,
             [&](int row) { return BgrBytes{bgr.row(row)}; });
}

}  // namespace frontalis
