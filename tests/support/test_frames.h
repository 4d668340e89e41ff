#pragma once

#include <cmath>
#include <cstdint>
#include <cstring>
#include <functional>
#include <memory>
#include <random>
#include <vector>

#include "image/frame.h"
#include "image/geometry.h"

// Frames made in memory, in every layout, for tests of src/image.
namespace frontalis::testing {

/// 8-bit value of channel c (0 Y, 1 U, 2 V or B, G, R) at a sample of that plane.
using PlanePattern = std::function<int(int c, int x, int y)>;

struct FrameSpec {
  int width = 64, height = 48;  // stored
  PixelLayout layout = PixelLayout::kYuv420;
  int bit_depth = 8;
  Orientation orientation = {};
};

/// Frame::siting is centred, so that chroma sample c lies between pixels 2c and 2c + 1.
inline Frame makeFrame(const FrameSpec& spec, const PlanePattern& pattern) {
  Frame frame;
  frame.layout = spec.layout;
  frame.bit_depth = spec.bit_depth;
  frame.stored_width = spec.width;
  frame.stored_height = spec.height;
  frame.orientation = spec.orientation;
  frame.siting = ChromaSiting::kCenter;
  if (!isYuv(spec.layout)) frame.full_range = frame.full_range_format = true;
  const bool packed = spec.layout == PixelLayout::kBgr24;
  const int planes = isYuv(spec.layout) ? 3 : 1;
  const int bytes = spec.bit_depth > 8 ? 2 : 1;
  auto memory = std::make_shared<std::vector<std::vector<std::uint8_t>>>(planes);
  for (int k = 0; k < planes; ++k) {
    const int shift_x = k == 0 ? 0 : chromaShiftX(spec.layout);
    const int shift_y = k == 0 ? 0 : chromaShiftY(spec.layout);
    const int w = (spec.width + (1 << shift_x) - 1) >> shift_x;
    const int h = (spec.height + (1 << shift_y) - 1) >> shift_y;
    const int channels = packed ? 3 : 1;
    const std::ptrdiff_t stride = (w * channels * bytes + 31) / 32 * 32 + 32;
    std::vector<std::uint8_t>& plane = (*memory)[k];
    plane.assign(static_cast<std::size_t>(stride * h), 0xA5);
    for (int y = 0; y < h; ++y) {
      for (int x = 0; x < w; ++x) {
        for (int c = 0; c < channels; ++c) {
          const int value = pattern(packed ? c : k, x, y);
          std::uint8_t* at = plane.data() + y * stride + (x * channels + c) * bytes;
          if (bytes == 1) {
            *at = static_cast<std::uint8_t>(value);
          } else {
            const auto word = static_cast<std::uint16_t>(value << (spec.bit_depth - 8));
            std::memcpy(at, &word, 2);
          }
        }
      }
    }
    frame.planes[k] = {plane.data(), stride, w, h};
  }
  frame.owner = memory;
  return frame;
}

/// Every value in 16..235, no two neighbours alike.
inline PlanePattern noise(unsigned seed) {
  auto random = std::make_shared<std::mt19937>(seed);
  return [random](int, int, int) { return 16 + static_cast<int>((*random)() % 220); };
}

/// Like a photograph: soft gradients, edges a few pixels wide, a little grain in Y. `scale` is the
/// size of its features in samples.
inline PlanePattern scenery(double scale, unsigned seed = 1) {
  auto random = std::make_shared<std::mt19937>(seed);
  return [scale, random](int c, int x, int y) {
    const double u = x / scale;
    const double v = y / scale;
    const double grain = static_cast<double>((*random)() % 5) - 2;
    double value = 0;
    if (c == 0) {
      value = 120 + 45 * std::sin(u * .9 + v * .3) + 35 * std::cos(v * 1.3 - u * .2) +
              25 * std::tanh(4 * std::sin(u * .37 + 1) * std::cos(v * .29)) + grain;
    } else {
      value = 128 + 30 * std::sin(u * .5 + c) * std::cos(v * .4 - c);
    }
    return static_cast<int>(std::lround(std::min(std::max(value, 20.0), 230.0)));
  };
}

/// All eight ways a picture can be turned.
inline std::vector<Orientation> allOrientations() {
  std::vector<Orientation> all;
  for (const bool flip : {false, true}) {
    for (int turns = 0; turns < 4; ++turns) all.push_back({flip, turns});
  }
  return all;
}

}  // namespace frontalis::testing
