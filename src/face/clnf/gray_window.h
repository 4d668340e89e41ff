#pragma once

#include "face/clnf/gray_source.h"

namespace frontalis {

/// The part of one frame that the fit has asked for so far; grows when the shape moves out of it.
class GrayWindow {
 public:
  explicit GrayWindow(GraySource& source) : source_(source) {}

  /// Pixels covering `wanted` as far as it lies in the frame.
  const GrayView& covering(PixelRect wanted);

  [[nodiscard]] int width() const { return source_.width(); }
  [[nodiscard]] int height() const { return source_.height(); }

 private:
  GraySource& source_;
  GrayView view_;
};

}  // namespace frontalis
