#pragma once

#include "fuzz/input.h"
#include "image/convert.h"
#include "image/reduce.h"
#include "image/sample.h"

namespace frontalis::fuzz {

/// What an analysis does with a frame before any model sees it.
inline void usePixels(const Frame& frame) {
  require(frame.width() > 0 && frame.height() > 0, "a picture with pixels");
  Image image;
  const Size small = reducedSize(frame, 32);
  Reducer().reduce(frame, small.width, small.height, image);
  std::array<float, 3 * 16 * 16> crop;
  sampleAffine(frame, {0.7f, 0.7f, -3.f, -0.7f, 0.7f, 20.f}, 16, 16, Border::kReplicate,
               crop.data());
  const Region whole{0, 0, frame.width(), frame.height()};
  (void)toGray(frame, whole, image);
  (void)toBgr(frame, whole, image);
}

}  // namespace frontalis::fuzz
