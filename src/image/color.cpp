#include "image/color.h"

#include <algorithm>

#ifdef __AVX2__
#include <immintrin.h>
#endif

namespace frontalis {

namespace {

// ISO/IEC 13818-2 matrix coefficients times 65536 for limited range: red of V, blue of U, and the
// (subtracted) green of U and V.
struct InverseMatrix {
  std::int64_t v_red, u_blue, u_green, v_green;
};

InverseMatrix inverseMatrix(YuvMatrix matrix) {
  switch (matrix) {
    case YuvMatrix::kBt709:
      return {117489, 138438, 13975, 34925};
    case YuvMatrix::kBt2020:
      return {110013, 140363, 12277, 42626};
    default:
      return {104597, 132201, 25675, 53279};
  }
}

std::int16_t rounded(std::int64_t value) {
  return static_cast<std::int16_t>(
      std::clamp<std::int64_t>((value + (1 << 15)) >> 16, -32768, 32767));
}

inline int highProduct(int a, int b) { return (a * b) >> 16; }
inline std::uint8_t clampToByte(int value) {
  return static_cast<std::uint8_t>(std::clamp(value, 0, 255));
}
inline std::uint8_t grayOf(int b, int g, int r) {
  return static_cast<std::uint8_t>((3735 * b + 19235 * g + 9798 * r + 16384) >> 15);
}

struct Pixel {
  std::uint8_t b, g, r;
};

inline Pixel pixelOf(const YuvToRgb& c, int y, int u, int v) {
  const int luma = highProduct(y * 8 - c.y_offset, c.y);
  const int u8 = u * 8 - 1024;
  const int v8 = v * 8 - 1024;
  return {clampToByte(luma + highProduct(u8, c.u_blue)),
          clampToByte(luma + highProduct(u8, c.u_green) + highProduct(v8, c.v_green)),
          clampToByte(luma + highProduct(v8, c.v_red))};
}

#ifdef __AVX2__

// 16 pixels; the sums stay inside 16 bits, so no step needs to saturate but the last.
struct Block {
  __m128i b, g, r;
};

inline __m128i packed(__m256i words) {
  return _mm_packus_epi16(_mm256_castsi256_si128(words), _mm256_extracti128_si256(words, 1));
}

inline __m256i doubled(__m128i words) {
  return _mm256_set_m128i(_mm_unpackhi_epi16(words, words), _mm_unpacklo_epi16(words, words));
}

class BlockConverter {
 public:
  explicit BlockConverter(const YuvToRgb& c)
      : y_offset_(_mm256_set1_epi16(c.y_offset)),
        y_(_mm256_set1_epi16(c.y)),
        v_red_(_mm256_set1_epi16(c.v_red)),
        u_blue_(_mm256_set1_epi16(c.u_blue)),
        u_green_(_mm256_set1_epi16(c.u_green)),
        v_green_(_mm256_set1_epi16(c.v_green)) {}

  template <int kChromaShift>
  Block convert(const std::uint8_t* y, const std::uint8_t* u, const std::uint8_t* v) const {
    const __m256i luma = _mm256_mulhi_epi16(
        _mm256_sub_epi16(
            _mm256_slli_epi16(
                _mm256_cvtepu8_epi16(_mm_loadu_si128(reinterpret_cast<const __m128i*>(y))), 3),
            y_offset_),
        y_);
    __m256i blue, green, red;
    if constexpr (kChromaShift == 1) {
      const __m128i u8 = chroma8(u);
      const __m128i v8 = chroma8(v);
      blue = doubled(_mm_mulhi_epi16(u8, _mm256_castsi256_si128(u_blue_)));
      green = doubled(_mm_add_epi16(_mm_mulhi_epi16(u8, _mm256_castsi256_si128(u_green_)),
                                    _mm_mulhi_epi16(v8, _mm256_castsi256_si128(v_green_))));
      red = doubled(_mm_mulhi_epi16(v8, _mm256_castsi256_si128(v_red_)));
    } else {
      const __m256i u8 = chroma16(u);
      const __m256i v8 = chroma16(v);
      blue = _mm256_mulhi_epi16(u8, u_blue_);
      green = _mm256_add_epi16(_mm256_mulhi_epi16(u8, u_green_), _mm256_mulhi_epi16(v8, v_green_));
      red = _mm256_mulhi_epi16(v8, v_red_);
    }
    return {packed(_mm256_add_epi16(luma, blue)), packed(_mm256_add_epi16(luma, green)),
            packed(_mm256_add_epi16(luma, red))};
  }

 private:
  static __m128i chroma8(const std::uint8_t* p) {
    const __m128i bytes = _mm_loadl_epi64(reinterpret_cast<const __m128i*>(p));
    return _mm_sub_epi16(_mm_slli_epi16(_mm_cvtepu8_epi16(bytes), 3), _mm_set1_epi16(1024));
  }
  static __m256i chroma16(const std::uint8_t* p) {
    const __m128i bytes = _mm_loadu_si128(reinterpret_cast<const __m128i*>(p));
    return _mm256_sub_epi16(_mm256_slli_epi16(_mm256_cvtepu8_epi16(bytes), 3),
                            _mm256_set1_epi16(1024));
  }

  __m256i y_offset_, y_, v_red_, u_blue_, u_green_, v_green_;
};

// 48 bytes B G R B G R ...
inline void storeInterleaved(const Block& p, std::uint8_t* to) {
  const auto mix = [&](__m128i b, __m128i g, __m128i r) {
    return _mm_or_si128(_mm_shuffle_epi8(p.b, b),
                        _mm_or_si128(_mm_shuffle_epi8(p.g, g), _mm_shuffle_epi8(p.r, r)));
  };
  constexpr char n = -1;
  const __m128i first = mix(_mm_setr_epi8(0, n, n, 1, n, n, 2, n, n, 3, n, n, 4, n, n, 5),
                            _mm_setr_epi8(n, 0, n, n, 1, n, n, 2, n, n, 3, n, n, 4, n, n),
                            _mm_setr_epi8(n, n, 0, n, n, 1, n, n, 2, n, n, 3, n, n, 4, n));
  const __m128i second = mix(_mm_setr_epi8(n, n, 6, n, n, 7, n, n, 8, n, n, 9, n, n, 10, n),
                             _mm_setr_epi8(5, n, n, 6, n, n, 7, n, n, 8, n, n, 9, n, n, 10),
                             _mm_setr_epi8(n, 5, n, n, 6, n, n, 7, n, n, 8, n, n, 9, n, n));
  const __m128i third = mix(_mm_setr_epi8(n, 11, n, n, 12, n, n, 13, n, n, 14, n, n, 15, n, n),
                            _mm_setr_epi8(n, n, 11, n, n, 12, n, n, 13, n, n, 14, n, n, 15, n),
                            _mm_setr_epi8(10, n, n, 11, n, n, 12, n, n, 13, n, n, 14, n, n, 15));
  _mm_storeu_si128(reinterpret_cast<__m128i*>(to), first);
  _mm_storeu_si128(reinterpret_cast<__m128i*>(to + 16), second);
  _mm_storeu_si128(reinterpret_cast<__m128i*>(to + 32), third);
}

inline __m128i grayOf(const Block& p) {
  const __m256i b = _mm256_cvtepu8_epi16(p.b);
  const __m256i g = _mm256_cvtepu8_epi16(p.g);
  const __m256i r = _mm256_cvtepu8_epi16(p.r);
  const __m256i weights_bg = _mm256_set1_epi32(3735 | (19235 << 16));
  const __m256i weights_r1 = _mm256_set1_epi32(9798 | (16384 << 16));
  const __m256i one = _mm256_set1_epi16(1);
  const __m256i low =
      _mm256_add_epi32(_mm256_madd_epi16(_mm256_unpacklo_epi16(b, g), weights_bg),
                       _mm256_madd_epi16(_mm256_unpacklo_epi16(r, one), weights_r1));
  const __m256i high =
      _mm256_add_epi32(_mm256_madd_epi16(_mm256_unpackhi_epi16(b, g), weights_bg),
                       _mm256_madd_epi16(_mm256_unpackhi_epi16(r, one), weights_r1));
  return packed(_mm256_packs_epi32(_mm256_srai_epi32(low, 15), _mm256_srai_epi32(high, 15)));
}

#endif

template <int kChromaShift>
void rowToBgr(const YuvToRgb& c, const std::uint8_t* y, const std::uint8_t* u,
              const std::uint8_t* v, int width, std::uint8_t* bgr) {
  int x = 0;
#ifdef __AVX2__
  const BlockConverter converter(c);
  for (; x + 16 <= width; x += 16) {
    storeInterleaved(
        converter.convert<kChromaShift>(y + x, u + (x >> kChromaShift), v + (x >> kChromaShift)),
        bgr + 3 * x);
  }
#endif
  for (; x < width; ++x) {
    const Pixel p = pixelOf(c, y[x], u[x >> kChromaShift], v[x >> kChromaShift]);
    bgr[3 * x] = p.b;
    bgr[3 * x + 1] = p.g;
    bgr[3 * x + 2] = p.r;
  }
}

template <int kChromaShift>
void rowToGray(const YuvToRgb& c, const std::uint8_t* y, const std::uint8_t* u,
               const std::uint8_t* v, int width, std::uint8_t* gray) {
  int x = 0;
#ifdef __AVX2__
  const BlockConverter converter(c);
  for (; x + 16 <= width; x += 16) {
    const Block block =
        converter.convert<kChromaShift>(y + x, u + (x >> kChromaShift), v + (x >> kChromaShift));
    _mm_storeu_si128(reinterpret_cast<__m128i*>(gray + x), grayOf(block));
  }
#endif
  for (; x < width; ++x) {
    const Pixel p = pixelOf(c, y[x], u[x >> kChromaShift], v[x >> kChromaShift]);
    gray[x] = grayOf(p.b, p.g, p.r);
  }
}

}  // namespace

// The rounding steps follow libswscale's, so that its results are met to the bit.
YuvToRgb yuvToRgb(YuvMatrix matrix, bool full_range) {
  InverseMatrix m = inverseMatrix(matrix);
  std::int64_t luma = 1 << 16;
  std::int64_t offset = 0;
  if (full_range) {
    m = {m.v_red * 224 / 255, m.u_blue * 224 / 255, -(-m.u_green * 224 / 255),
         -(-m.v_green * 224 / 255)};
  } else {
    luma = luma * 255 / 219;
    offset = 16 << 16;
  }
  YuvToRgb c{};
  c.y = rounded(luma * (1 << 13));
  c.v_red = rounded(m.v_red * (1 << 13));
  c.u_blue = rounded(m.u_blue * (1 << 13));
  c.u_green = rounded(-m.u_green * (1 << 13));
  c.v_green = rounded(-m.v_green * (1 << 13));
  c.y_offset = rounded(offset * (1 << 3));
  return c;
}

YuvMatrix matrixOf(const Frame& frame, ColorRule rule) {
  return rule == ColorRule::kStream ? frame.matrix : YuvMatrix::kBt601;
}

bool fullRangeOf(const Frame& frame, ColorRule rule) {
  return rule == ColorRule::kStream ? frame.full_range : frame.full_range_format;
}

YuvToRgb yuvToRgb(const Frame& frame, ColorRule rule) {
  return yuvToRgb(matrixOf(frame, rule), fullRangeOf(frame, rule));
}

YuvToRgbFloat yuvToRgbFloat(YuvMatrix matrix, bool full_range) {
  const InverseMatrix m = inverseMatrix(matrix);
  const double chroma = (full_range ? 224.0 / 255.0 : 1.0) / 65536.0;
  return {full_range ? 0.f : 16.f,
          full_range ? 1.f : static_cast<float>(255.0 / 219.0),
          static_cast<float>(static_cast<double>(m.v_red) * chroma),
          static_cast<float>(static_cast<double>(m.u_blue) * chroma),
          static_cast<float>(static_cast<double>(-m.u_green) * chroma),
          static_cast<float>(static_cast<double>(-m.v_green) * chroma)};
}

void yuvRowToBgr(const YuvToRgb& c, const std::uint8_t* y, const std::uint8_t* u,
                 const std::uint8_t* v, int chroma_shift, int width, std::uint8_t* bgr) {
  chroma_shift == 0 ? rowToBgr<0>(c, y, u, v, width, bgr) : rowToBgr<1>(c, y, u, v, width, bgr);
}

void yuvRowToGray(const YuvToRgb& c, const std::uint8_t* y, const std::uint8_t* u,
                  const std::uint8_t* v, int chroma_shift, int width, std::uint8_t* gray) {
  chroma_shift == 0 ? rowToGray<0>(c, y, u, v, width, gray) : rowToGray<1>(c, y, u, v, width, gray);
}

void yuv444RowToBgr(const YuvToRgb& c, const std::uint8_t* y, const std::uint8_t* u,
                    const std::uint8_t* v, int width, std::uint8_t* bgr) {
  for (int x = 0; x < width; ++x) {
    const int luma = (y[x] - c.y_offset / 8) * c.y + (1 << 12);
    const int u0 = u[x] - 128;
    const int v0 = v[x] - 128;
    bgr[3 * x] = clampToByte((luma + u0 * c.u_blue) >> 13);
    bgr[3 * x + 1] = clampToByte((luma + u0 * c.u_green + v0 * c.v_green) >> 13);
    bgr[3 * x + 2] = clampToByte((luma + v0 * c.v_red) >> 13);
  }
}

void grayRowToBgr(const YuvToRgb& c, const std::uint8_t* y, int width, std::uint8_t* bgr) {
  for (int x = 0; x < width; ++x) {
    const std::uint8_t value = clampToByte(highProduct(y[x] * 8 - c.y_offset, c.y));
    bgr[3 * x] = value;
    bgr[3 * x + 1] = value;
    bgr[3 * x + 2] = value;
  }
}

void bgrRowToGray(const std::uint8_t* bgr, int width, std::uint8_t* gray) {
  for (int x = 0; x < width; ++x) gray[x] = grayOf(bgr[3 * x], bgr[3 * x + 1], bgr[3 * x + 2]);
}

}  // namespace frontalis
