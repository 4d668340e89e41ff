#include "face/face_crop.h"

#include <cmath>
#include <limits>

namespace frontalis {
namespace {

constexpr float kDetectionMargin = 1.3f;
constexpr float kMeshMargin = 1.5f;
constexpr float kMeshSteps = 2048;  // of a crop's side
constexpr std::size_t kOuterEyeImageLeft = 33;
constexpr std::size_t kOuterEyeImageRight = 263;

struct Extent {
  float low = std::numeric_limits<float>::max();
  float high = std::numeric_limits<float>::lowest();
  void add(float v) {
    low = std::min(low, v);
    high = std::max(high, v);
  }
  [[nodiscard]] float size() const { return high - low; }
};

}  // namespace

FaceCrop cropFromDetection(const FaceDetection& face) {
  const Point2f left = face.points[0];
  const Point2f right = face.points[1];
  return {face.box.center(), kDetectionMargin * std::max(face.box.width, face.box.height),
          std::atan2(right.y - left.y, right.x - left.x)};
}

FaceCrop cropFromMesh(const FaceMesh& mesh) {
  const Point3f left = mesh[kOuterEyeImageLeft];
  const Point3f right = mesh[kOuterEyeImageRight];
  const float angle = std::atan2(right.y - left.y, right.x - left.x);
  const Box box = meshBox(mesh);
  const float side = kMeshMargin * std::max(box.width, box.height);
  if (!(side > 0) || !std::isfinite(side)) return {box.center(), side, angle};
  // A face of about the same size has the same step; over half a side it turns by as much.
  const float step = std::exp2(std::round(std::log2(side))) / kMeshSteps;
  const auto rounded = [](float value, float unit) { return unit * std::round(value / unit); };
  const Point2f centre = box.center();
  return {{rounded(centre.x, step), rounded(centre.y, step)},
          rounded(side, step),
          rounded(angle, 2 / kMeshSteps)};
}

Affine cropToFrame(const FaceCrop& crop, int size) {
  const double scale = static_cast<double>(crop.side) / size;
  const double a = scale * std::cos(static_cast<double>(crop.angle));
  const double b = scale * std::sin(static_cast<double>(crop.angle));
  // MediaPipe's own convention, a corner of its picture on a corner of the square; the networks'
  // small numbers (browInnerUp) notice half a pixel.
  const double middle = size / 2.0;
  return {a, -b, crop.centre.x - a * middle + b * middle,
          b, a,  crop.centre.y - b * middle - a * middle};
}

Box meshBox(const FaceMesh& mesh) {
  Extent x;
  Extent y;
  for (const Point3f& p : mesh) {
    x.add(p.x);
    y.add(p.y);
  }
  return {x.low, y.low, x.size(), y.size()};
}

}  // namespace frontalis
