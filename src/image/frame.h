#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>

namespace frontalis {

/// How samples lie in memory. Planar YUV stays as decoded; packed layouts are 8 bit.
enum class PixelLayout { kGray, kYuv420, kYuv422, kYuv444, kBgr24 };

[[nodiscard]] constexpr bool isYuv(PixelLayout layout) {
  return layout == PixelLayout::kYuv420 || layout == PixelLayout::kYuv422 ||
         layout == PixelLayout::kYuv444;
}
/// log2 of the luma samples per chroma sample.
[[nodiscard]] constexpr int chromaShiftX(PixelLayout layout) {
  return layout == PixelLayout::kYuv420 || layout == PixelLayout::kYuv422 ? 1 : 0;
}
[[nodiscard]] constexpr int chromaShiftY(PixelLayout layout) {
  return layout == PixelLayout::kYuv420 ? 1 : 0;
}

enum class YuvMatrix { kBt601, kBt709, kBt2020 };

/// Where a subsampled chroma sample lies among its 2 (4:2:2) or 2x2 (4:2:0) luma samples.
enum class ChromaSiting { kLeft, kCenter, kTopLeft };

/// Display = stored picture after (optional) horizontal flip, then clockwise quarter turns.
struct Orientation {
  bool flip_horizontal = false;
  int clockwise_quarter_turns = 0;  ///< 0..3

  [[nodiscard]] bool swapsAxes() const { return clockwise_quarter_turns % 2 != 0; }
  [[nodiscard]] bool identity() const { return !flip_horizontal && clockwise_quarter_turns == 0; }
};

struct Plane {
  const std::uint8_t* data = nullptr;
  std::ptrdiff_t stride = 0;  ///< bytes from row to row, may be negative
  int width = 0;              ///< samples
  int height = 0;
};

/// One decoded picture, never copied: the planes belong to `owner`. All coordinates that leave
/// this struct are display coordinates: rotation and mirroring of the container are applied.
struct Frame {
  PixelLayout layout = PixelLayout::kYuv420;
  int bit_depth = 8;        ///< 8..12; above 8: 16-bit native-endian samples, value in the low bits
  bool full_range = false;  ///< as the stream says; unspecified: limited (grey: full)
  bool full_range_format =
      false;  ///< the pixel format itself is full range (yuvj...), see ColorRule
  YuvMatrix matrix = YuvMatrix::kBt601;  ///< as the stream says; unspecified: BT.601
  ChromaSiting siting = ChromaSiting::kLeft;
  int stored_width = 0;  ///< px before orientation
  int stored_height = 0;
  Orientation orientation;
  std::array<Plane, 3> planes;
  std::shared_ptr<const void> owner;

  std::int64_t index = 0;        ///< 0-based, in presentation order
  double timestamp_seconds = 0;  ///< presentation time from the first frame
  double duration_seconds = 0;   ///< how long it is shown; 0 when the stream does not say

  [[nodiscard]] int width() const { return orientation.swapsAxes() ? stored_height : stored_width; }
  [[nodiscard]] int height() const {
    return orientation.swapsAxes() ? stored_width : stored_height;
  }
};

}  // namespace frontalis
