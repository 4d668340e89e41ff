#include "image/geometry.h"

#include <cmath>
#include <cstdlib>

namespace frontalis {

Affine Affine::after(const Affine& first) const {
  return {xx * first.xx + xy * first.yx,      xx * first.xy + xy * first.yy,
          xx * first.x0 + xy * first.y0 + x0, yx * first.xx + yy * first.yx,
          yx * first.xy + yy * first.yy,      yx * first.x0 + yy * first.y0 + y0};
}

Affine Affine::inverse() const {
  const double determinant = xx * yy - xy * yx;
  if (determinant == 0 || !std::isfinite(determinant)) return {0, 0, 0, 0, 0, 0};
  Affine back;
  back.xx = yy / determinant;
  back.xy = -xy / determinant;
  back.yx = -yx / determinant;
  back.yy = xx / determinant;
  back.x0 = -(back.xx * x0 + back.xy * y0);
  back.y0 = -(back.yx * x0 + back.yy * y0);
  return back;
}

Affine displayToStored(const Orientation& orientation, int stored_width, int stored_height) {
  const double right = stored_width - 1;
  const double bottom = stored_height - 1;
  Affine map;
  switch (orientation.clockwise_quarter_turns & 3) {
    case 1:
      map = {0, 1, 0, -1, 0, bottom};
      break;
    case 2:
      map = {-1, 0, right, 0, -1, bottom};
      break;
    case 3:
      map = {0, -1, right, 1, 0, 0};
      break;
    default:
      break;
  }
  if (orientation.flip_horizontal) {
    map.xx = -map.xx;
    map.xy = -map.xy;
    map.x0 = right - map.x0;
  }
  return map;
}

Region storedRegion(const Frame& frame, const Region& display) {
  const Affine map = displayToStored(frame.orientation, frame.stored_width, frame.stored_height);
  const auto corner = [&](int x, int y) {
    return std::pair<int, int>(static_cast<int>(map.xx * x + map.xy * y + map.x0),
                               static_cast<int>(map.yx * x + map.yy * y + map.y0));
  };
  const auto [ax, ay] = corner(display.x, display.y);
  const auto [bx, by] = corner(display.x + display.width - 1, display.y + display.height - 1);
  return {std::min(ax, bx), std::min(ay, by), std::abs(bx - ax) + 1, std::abs(by - ay) + 1};
}

Orientation orientationFromMatrix(double a, double b, double c, double d) {
  const double determinant = a * d - b * c;
  if (determinant == 0 || !std::isfinite(determinant)) return {};
  Orientation orientation;
  orientation.flip_horizontal = determinant < 0;
  // A flip of the stored x axis comes first: take it off, what is left is a rotation.
  const double cosine = orientation.flip_horizontal ? -a + d : a + d;
  const double sine = orientation.flip_horizontal ? -b - c : b - c;
  if (std::abs(sine) > std::abs(cosine)) {
    orientation.clockwise_quarter_turns = sine > 0 ? 1 : 3;
  } else {
    orientation.clockwise_quarter_turns = cosine >= 0 ? 0 : 2;
  }
  return orientation;
}

Orientation orientationFromExif(int tag) {
  switch (tag) {
    case 2:
      return {true, 0};
    case 3:
      return {false, 2};
    case 4:
      return {true, 2};
    case 5:
      return {true, 3};
    case 6:
      return {false, 1};
    case 7:
      return {true, 1};
    case 8:
      return {false, 3};
    default:
      return {};
  }
}

}  // namespace frontalis
