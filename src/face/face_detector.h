#pragma once

#include <array>
#include <span>

#include "frontalis/result.h"
#include "frontalis/types.h"
#include "image/frame.h"

namespace frontalis {

/// A face found by the detector, in px of the display frame.
struct FaceDetection {
  Box box;                        ///< forehead to chin
  float score = 0;                ///< 0..1
  std::array<Point2f, 5> points;  ///< image-left eye, image-right eye, nose tip, mouth corners
};

/// Finds the faces of a frame.
class FaceDetector {
 public:
  virtual ~FaceDetector() = default;

  /// Best score first; valid until the next call. Errors: those of the network.
  virtual Result<std::span<const FaceDetection>> detect(const Frame& frame) = 0;
};

}  // namespace frontalis
