#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <vector>

namespace frontalis {

/// Whole pixels, half open: x..x+width-1, y..y+height-1.
struct Region {
  int x = 0;
  int y = 0;
  int width = 0;
  int height = 0;

  [[nodiscard]] bool empty() const { return width <= 0 || height <= 0; }
  /// The part inside a picture of this size; empty when there is none.
  [[nodiscard]] Region clippedTo(int picture_width, int picture_height) const {
    const int left = std::clamp(x, 0, picture_width);
    const int top = std::clamp(y, 0, picture_height);
    const int right = std::clamp(x + std::max(width, 0), left, picture_width);
    const int bottom = std::clamp(y + std::max(height, 0), top, picture_height);
    return {left, top, right - left, bottom - top};
  }
  bool operator==(const Region&) const = default;
};

/// Packed 8-bit pixels somewhere in memory: 1 channel grey or 3 channels B, G, R.
struct ImageView {
  const std::uint8_t* data = nullptr;
  std::ptrdiff_t stride = 0;  ///< bytes from row to row
  int width = 0;              ///< px
  int height = 0;
  int channels = 0;

  [[nodiscard]] bool empty() const { return width <= 0 || height <= 0; }
  [[nodiscard]] const std::uint8_t* row(int y) const { return data + y * stride; }
  /// Channel 0 of a pixel.
  [[nodiscard]] const std::uint8_t* at(int x, int y) const { return row(y) + x * channels; }
};

/// Packed 8-bit pixels of its own, rows without gaps. resize() keeps the memory it has, so that an
/// image filled again and again allocates once.
class Image {
 public:
  Image() = default;
  Image(int width, int height, int channels) { resize(width, height, channels); }

  /// Contents are unspecified afterwards.
  void resize(int width, int height, int channels) {
    width_ = std::max(width, 0);
    height_ = std::max(height, 0);
    channels_ = channels;
    pixels_.resize(static_cast<std::size_t>(width_) * static_cast<std::size_t>(height_) *
                   static_cast<std::size_t>(channels));
  }

  [[nodiscard]] int width() const { return width_; }
  [[nodiscard]] int height() const { return height_; }
  [[nodiscard]] int channels() const { return channels_; }
  [[nodiscard]] std::ptrdiff_t stride() const {
    return static_cast<std::ptrdiff_t>(width_) * channels_;
  }
  [[nodiscard]] bool empty() const { return pixels_.empty(); }
  [[nodiscard]] std::size_t bytes() const { return pixels_.size(); }

  [[nodiscard]] std::uint8_t* data() { return pixels_.data(); }
  [[nodiscard]] const std::uint8_t* data() const { return pixels_.data(); }
  [[nodiscard]] std::uint8_t* row(int y) { return pixels_.data() + y * stride(); }
  [[nodiscard]] const std::uint8_t* row(int y) const { return pixels_.data() + y * stride(); }
  [[nodiscard]] std::uint8_t* at(int x, int y) { return row(y) + x * channels_; }
  [[nodiscard]] const std::uint8_t* at(int x, int y) const { return row(y) + x * channels_; }

  [[nodiscard]] ImageView view() const {
    return {pixels_.data(), stride(), width_, height_, channels_};
  }
  operator ImageView() const { return view(); }

 private:
  int width_ = 0;
  int height_ = 0;
  int channels_ = 0;
  std::vector<std::uint8_t> pixels_;
};

}  // namespace frontalis
