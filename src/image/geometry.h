#pragma once

#include "frontalis/types.h"
#include "image/frame.h"
#include "image/image.h"

namespace frontalis {

/// 2x3 map of the plane: x' = xx x + xy y + x0, y' = yx x + yy y + y0; pixel centres on integers.
struct Affine {
  double xx = 1, xy = 0, x0 = 0;
  double yx = 0, yy = 1, y0 = 0;

  [[nodiscard]] Point2f operator()(Point2f p) const {
    return {static_cast<float>(xx * p.x + xy * p.y + x0),
            static_cast<float>(yx * p.x + yy * p.y + y0)};
  }
  /// This map applied after `first`.
  [[nodiscard]] Affine after(const Affine& first) const;
  /// The way back; all zeros when the map is singular.
  [[nodiscard]] Affine inverse() const;
};

/// Display pixel -> pixel of the stored picture (whole numbers to whole numbers).
Affine displayToStored(const Orientation& orientation, int stored_width, int stored_height);

/// The stored pixels that a display region shows.
Region storedRegion(const Frame& frame, const Region& display);

/// From the linear part of a container's display matrix (stored x, y right and down -> display
/// a x + c y, b x + d y). Angles in between go to the nearest quarter turn.
Orientation orientationFromMatrix(double a, double b, double c, double d);

/// From the EXIF tag 0x0112, 1..8; anything else is the identity.
Orientation orientationFromExif(int tag);

}  // namespace frontalis
