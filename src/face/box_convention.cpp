#include "face/box_convention.h"

namespace frontalis {
namespace {

// Landmark box in units of the detector's: means over 432 faces of three persons, RetinaFace on
// frames reduced to 320 px against OpenFace's landmarks (standard deviations .012, .009, .014,
// .017).
constexpr float kLeft = -0.0196f;
constexpr float kTop = 0.2498f;
constexpr float kWidth = 1.012f;
constexpr float kHeight = 0.7404f;

}  // namespace

Box landmarkBox(const Box& detected) {
  return {detected.x + kLeft * detected.width, detected.y + kTop * detected.height,
          kWidth * detected.width, kHeight * detected.height};
}

Box detectorBox(const Box& landmarks) {
  const float width = landmarks.width / kWidth;
  const float height = landmarks.height / kHeight;
  return {landmarks.x - kLeft * width, landmarks.y - kTop * height, width, height};
}

Box boundingBox(const Landmarks68& points) {
  float left = points[0].x;
  float right = left;
  float top = points[0].y;
  float bottom = top;
  for (const Point2f& p : points) {
    left = std::min(left, p.x);
    right = std::max(right, p.x);
    top = std::min(top, p.y);
    bottom = std::max(bottom, p.y);
  }
  return {left, top, right - left, bottom - top};
}

}  // namespace frontalis
