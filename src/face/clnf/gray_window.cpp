#include "face/clnf/gray_window.h"

#include <algorithm>

namespace frontalis {

const GrayView& GrayWindow::covering(PixelRect wanted) {
  const PixelRect frame{0, 0, source_.width(), source_.height()};
  wanted = {std::clamp(wanted.left, 0, frame.right), std::clamp(wanted.top, 0, frame.bottom),
            std::clamp(wanted.right, 0, frame.right), std::clamp(wanted.bottom, 0, frame.bottom)};
  if (wanted.empty() || view_.area.contains(wanted)) return view_;
  if (!view_.area.empty()) {
    // Grow instead of jumping back and forth between the parts of the face.
    wanted = {std::min(wanted.left, view_.area.left), std::min(wanted.top, view_.area.top),
              std::max(wanted.right, view_.area.right), std::max(wanted.bottom, view_.area.bottom)};
  }
  const int margin_x = (wanted.right - wanted.left) / 16;
  const int margin_y = (wanted.bottom - wanted.top) / 16;
  wanted = {std::max(wanted.left - margin_x, 0), std::max(wanted.top - margin_y, 0),
            std::min(wanted.right + margin_x, frame.right),
            std::min(wanted.bottom + margin_y, frame.bottom)};
  view_ = source_.view(wanted);
  return view_;
}

}  // namespace frontalis
