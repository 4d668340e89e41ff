#pragma once

#include "image/color.h"
#include "image/frame.h"
#include "image/geometry.h"
#include "image/image.h"

namespace frontalis {

/// What lies outside the picture.
enum class Border {
  kReplicate,  ///< the nearest border pixel
  kZero,       ///< black: each neighbour outside counts as 0
};
enum class TensorOrder { kInterleaved, kPlanar };

/// Crops sampled straight from the planes of a decoded frame: bilinear on Y and on U and V at
/// their own siting, then to RGB. Nothing else is converted. `crop_to_display` maps crop pixels to
/// display pixels. Against converting the frame by the same rule and warping it, the mean
/// difference is below one grey level (kOpenCv: libswscale rounds down thrice, which makes its
/// pictures about one level darker; the crop follows on average). The result does not depend on
/// the processor.

/// width x height x 3 floats 0..1 in the order R, G, B.
void sampleAffine(const Frame& frame, const Affine& crop_to_display, int width, int height,
                  Border border, float* rgb, TensorOrder order = TensorOrder::kInterleaved,
                  ColorRule rule = ColorRule::kStream);

/// 8-bit B, G, R; `bgr` is resized.
void sampleAffine(const Frame& frame, const Affine& crop_to_display, int width, int height,
                  Border border, Image& bgr, ColorRule rule = ColorRule::kStream);

}  // namespace frontalis
