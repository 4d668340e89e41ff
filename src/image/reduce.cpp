#include "image/reduce.h"

#include <algorithm>
#include <cmath>
#include <cstring>

#include "image/color.h"
#include "image/geometry.h"

#ifdef __AVX2__
#include <immintrin.h>
#endif

namespace frontalis {

namespace {

constexpr int kOne = 128;  // sum of a window's weights: 255 x 128 fits a signed 16-bit number
constexpr int kBlock = 8;  // taps are padded to this many

/// One tap of the vertical window added to (or starting) the column sums.
template <bool kFirst, class Sample>
void accumulate(const Sample* row, int width, int weight, int shift, std::int16_t* columns) {
  const auto w = static_cast<std::uint16_t>(weight);
  for (int x = 0; x < width; ++x) {
    std::uint16_t sample = row[x];
    if constexpr (sizeof(Sample) == 2) {
      sample = static_cast<std::uint16_t>((sample + ((1 << shift) >> 1)) >> shift);
      sample = std::min<std::uint16_t>(sample, 255);
    }
    const auto part = static_cast<std::uint16_t>(sample * w);
    columns[x] =
        static_cast<std::int16_t>(kFirst ? part : static_cast<std::uint16_t>(columns[x]) + part);
  }
}

inline std::uint8_t averageOf(int sum) {
  return static_cast<std::uint8_t>((sum + kOne * kOne / 2) / (kOne * kOne));
}

void averageColumns(const std::int16_t* columns, const int* first, const std::int16_t* weights,
                    int taps, int target, std::uint8_t* out) {
  int x = 0;
#ifdef __AVX2__
  for (; x + 4 <= target; x += 4) {
    __m128i sums[4];
    for (int k = 0; k < 4; ++k) {
      const std::int16_t* from = columns + first[x + k];
      const std::int16_t* weight = weights + static_cast<std::ptrdiff_t>(x + k) * taps;
      sums[k] = _mm_setzero_si128();
      for (int tap = 0; tap < taps; tap += kBlock) {
        sums[k] = _mm_add_epi32(
            sums[k],
            _mm_madd_epi16(_mm_loadu_si128(reinterpret_cast<const __m128i*>(from + tap)),
                           _mm_loadu_si128(reinterpret_cast<const __m128i*>(weight + tap))));
      }
    }
    const __m128i total =
        _mm_hadd_epi32(_mm_hadd_epi32(sums[0], sums[1]), _mm_hadd_epi32(sums[2], sums[3]));
    const __m128i rounded =
        _mm_srli_epi32(_mm_add_epi32(total, _mm_set1_epi32(kOne * kOne / 2)), 14);
    const __m128i words = _mm_packs_epi32(rounded, rounded);
    const int bytes = _mm_cvtsi128_si32(_mm_packus_epi16(words, words));
    std::memcpy(out + x, &bytes, 4);
  }
#endif
  for (; x < target; ++x) {
    const std::int16_t* from = columns + first[x];
    const std::int16_t* weight = weights + static_cast<std::ptrdiff_t>(x) * taps;
    int sum = 0;
    for (int tap = 0; tap < taps; ++tap) sum += from[tap] * weight[tap];
    out[x] = averageOf(sum);
  }
}

/// Stored orientation -> display orientation, pixel by pixel.
void turn(const Image& stored, const Orientation& orientation, Image& display) {
  const bool swaps = orientation.swapsAxes();
  display.resize(swaps ? stored.height() : stored.width(), swaps ? stored.width() : stored.height(),
                 3);
  const Affine map = displayToStored(orientation, stored.width(), stored.height());
  const auto step = static_cast<std::ptrdiff_t>(map.xx) * 3 +
                    static_cast<std::ptrdiff_t>(map.yx) * stored.stride();
  for (int y = 0; y < display.height(); ++y) {
    const std::uint8_t* from =
        stored.at(static_cast<int>(map.xy * y + map.x0), static_cast<int>(map.yy * y + map.y0));
    std::uint8_t* to = display.row(y);
    for (int x = 0; x < display.width(); ++x, from += step, to += 3) {
      to[0] = from[0];
      to[1] = from[1];
      to[2] = from[2];
    }
  }
}

}  // namespace

void Reducer::Axis::build(int source_size, int target_size, double source_step) {
  if (source == source_size && target == target_size && step == source_step) return;
  source = source_size;
  target = target_size;
  step = source_step;
  first.assign(target, 0);
  count.assign(target, 0);
  for (int o = 0; o < target; ++o) {
    const double low = std::clamp(o * step, 0.0, static_cast<double>(source));
    const double high = std::clamp((o + 1) * step, low, static_cast<double>(source));
    first[o] = std::min(static_cast<int>(low), source - 1);
    const int last = std::max(static_cast<int>(std::ceil(high - 1e-9)) - 1, first[o]);
    count[o] = std::min(last, source - 1) - first[o] + 1;
  }
  const int longest = target > 0 ? *std::max_element(count.begin(), count.end()) : 0;
  taps = (longest + kBlock - 1) / kBlock * kBlock;
  weights.assign(static_cast<std::size_t>(target) * taps, 0);
  for (int o = 0; o < target; ++o) {
    const double low = o * step;
    const double high = (o + 1) * step;
    std::int16_t* weight = weights.data() + static_cast<std::ptrdiff_t>(o) * taps;
    double total = 0;
    const auto covered = [&](int k) {
      const int sample = first[o] + k;
      return std::max(std::min(high, sample + 1.0) - std::max(low, static_cast<double>(sample)),
                      0.0);
    };
    for (int k = 0; k < count[o]; ++k) total += covered(k);
    // Rounding the running sum keeps each window's total exact.
    double running = 0;
    int given = 0;
    for (int k = 0; k < count[o]; ++k) {
      running += total > 0 ? covered(k) / total : 1.0 / count[o];
      const int until = k + 1 == count[o] ? kOne : static_cast<int>(running * kOne + 0.5);
      weight[k] = static_cast<std::int16_t>(until - given);
      given = until;
    }
  }
}

void Reducer::reduceRow(const Plane& plane, int bit_depth, const PlaneAxes& axes, int row,
                        std::uint8_t* out) {
  const int width = axes.x.source;
  const bool copy_x = axes.x.identity();
  const int count = axes.y.count[row];
  const std::int16_t* weights =
      axes.y.weights.data() + static_cast<std::ptrdiff_t>(row) * axes.y.taps;
  const std::uint8_t* from = plane.data + axes.y.first[row] * plane.stride;
  if (copy_x && count == 1 && bit_depth == 8) {
    std::memcpy(out, from, width);
    return;
  }
  const int shift = bit_depth - 8;
  std::int16_t* columns = columns_.data();
  for (int k = 0; k < count; ++k, from += plane.stride) {
    if (bit_depth == 8) {
      k == 0 ? accumulate<true>(from, width, weights[k], 0, columns)
             : accumulate<false>(from, width, weights[k], 0, columns);
    } else {
      const auto* words = reinterpret_cast<const std::uint16_t*>(from);
      k == 0 ? accumulate<true>(words, width, weights[k], shift, columns)
             : accumulate<false>(words, width, weights[k], shift, columns);
    }
  }
  if (copy_x) {
    for (int x = 0; x < width; ++x) {
      out[x] = static_cast<std::uint8_t>((columns[x] + kOne / 2) / kOne);
    }
    return;
  }
  averageColumns(columns, axes.x.first.data(), axes.x.weights.data(), axes.x.taps, axes.x.target,
                 out);
}

void Reducer::reducePackedRow(const Plane& plane, int row, std::uint8_t* out) {
  const int width = luma_.x.source * 3;
  const int taps = luma_.x.taps;
  const std::int16_t* weights =
      luma_.y.weights.data() + static_cast<std::ptrdiff_t>(row) * luma_.y.taps;
  const std::uint8_t* from = plane.data + luma_.y.first[row] * plane.stride;
  for (int k = 0; k < luma_.y.count[row]; ++k, from += plane.stride) {
    k == 0 ? accumulate<true>(from, width, weights[k], 0, columns_.data())
           : accumulate<false>(from, width, weights[k], 0, columns_.data());
  }
  for (int x = 0; x < luma_.x.target; ++x) {
    const std::int16_t* at = columns_.data() + 3 * luma_.x.first[x];
    const std::int16_t* weight = luma_.x.weights.data() + static_cast<std::ptrdiff_t>(x) * taps;
    int b = 0, g = 0, r = 0;
    for (int k = 0; k < luma_.x.count[x]; ++k, at += 3) {
      b += at[0] * weight[k];
      g += at[1] * weight[k];
      r += at[2] * weight[k];
    }
    out[3 * x] = averageOf(b);
    out[3 * x + 1] = averageOf(g);
    out[3 * x + 2] = averageOf(r);
  }
}

void Reducer::reduce(const Frame& frame, int width, int height, Image& bgr, ColorRule rule) {
  const bool swaps = frame.orientation.swapsAxes();
  const int stored_width = swaps ? height : width;
  const int stored_height = swaps ? width : height;
  const double step_x = static_cast<double>(frame.stored_width) / stored_width;
  const double step_y = static_cast<double>(frame.stored_height) / stored_height;
  const bool packed = frame.layout == PixelLayout::kBgr24;
  luma_.x.build(frame.stored_width, stored_width, step_x);
  luma_.y.build(frame.stored_height, stored_height, step_y);
  if (isYuv(frame.layout)) {
    // Centred siting for all: a quarter of a chroma sample does not matter to a detector, and a
    // halved 4:2:0 picture then takes its chroma planes as they are.
    chroma_.x.build(frame.planes[1].width, stored_width,
                    step_x / (1 << chromaShiftX(frame.layout)));
    chroma_.y.build(frame.planes[1].height, stored_height,
                    step_y / (1 << chromaShiftY(frame.layout)));
  }
  // Windows are read in whole blocks: room for the last one's padding, zero weights on it.
  columns_.resize(static_cast<std::size_t>(frame.stored_width) * (packed ? 3 : 1) +
                  static_cast<std::size_t>(std::max(luma_.x.taps, chroma_.x.taps)));
  rows_.resize(static_cast<std::size_t>(stored_width) * 3);
  Image& target = frame.orientation.identity() ? bgr : turned_;
  target.resize(stored_width, stored_height, 3);
  const YuvToRgb colors = yuvToRgb(frame, rule);
  for (int row = 0; row < stored_height; ++row) {
    std::uint8_t* to = target.row(row);
    if (packed) {
      reducePackedRow(frame.planes[0], row, to);
      continue;
    }
    std::uint8_t* y = rows_.data();
    reduceRow(frame.planes[0], frame.bit_depth, luma_, row, y);
    if (isYuv(frame.layout)) {
      std::uint8_t* u = y + stored_width;
      std::uint8_t* v = u + stored_width;
      reduceRow(frame.planes[1], frame.bit_depth, chroma_, row, u);
      reduceRow(frame.planes[2], frame.bit_depth, chroma_, row, v);
      yuvRowToBgr(colors, y, u, v, 0, stored_width, to);
    } else {
      grayRowToBgr(colors, y, stored_width, to);
    }
  }
  if (!frame.orientation.identity()) turn(turned_, frame.orientation, bgr);
}

Size reducedSize(const Frame& frame, int longest) {
  const int side = std::max(frame.width(), frame.height());
  if (side <= longest) return {frame.width(), frame.height()};
  const double scale = static_cast<double>(longest) / side;
  return {std::max(1, static_cast<int>(std::lround(frame.width() * scale))),
          std::max(1, static_cast<int>(std::lround(frame.height() * scale)))};
}

}  // namespace frontalis
