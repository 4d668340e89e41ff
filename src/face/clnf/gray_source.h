#pragma once

#include <cstddef>
#include <cstdint>

namespace frontalis {

/// A rectangle of whole pixels, right and bottom excluded.
struct PixelRect {
  int left = 0;
  int top = 0;
  int right = 0;
  int bottom = 0;

  [[nodiscard]] bool empty() const { return right <= left || bottom <= top; }
  [[nodiscard]] bool contains(const PixelRect& other) const {
    return left <= other.left && top <= other.top && right >= other.right && bottom >= other.bottom;
  }
};

/// 8-bit grey pixels of a part of a frame; `data` is the pixel (area.left, area.top).
struct GrayView {
  const std::uint8_t* data = nullptr;
  std::ptrdiff_t stride = 0;  ///< bytes from row to row
  PixelRect area;

  [[nodiscard]] std::uint8_t at(int x, int y) const {
    return data[(y - area.top) * stride + (x - area.left)];
  }
};

/// Gives grey pixels of one frame on demand, so that only the face's neighbourhood need be
/// converted. The values must not depend on the rectangle asked for.
class GraySource {
 public:
  virtual ~GraySource() = default;
  [[nodiscard]] virtual int width() const = 0;
  [[nodiscard]] virtual int height() const = 0;
  /// Pixels of at least `wanted`, which lies inside the frame and is not empty. Valid until the
  /// next call.
  virtual GrayView view(const PixelRect& wanted) = 0;
};

/// A frame that is grey already.
class WholeGrayImage final : public GraySource {
 public:
  WholeGrayImage(const std::uint8_t* data, std::ptrdiff_t stride, int width, int height)
      : view_{data, stride, {0, 0, width, height}} {}
  [[nodiscard]] int width() const override { return view_.area.right; }
  [[nodiscard]] int height() const override { return view_.area.bottom; }
  GrayView view(const PixelRect&) override { return view_; }

 private:
  GrayView view_;
};

}  // namespace frontalis
