#include "face/face_choice.h"

#include <algorithm>
#include <cmath>

namespace frontalis {

const FaceDetection* chooseFace(const std::vector<FaceDetection>& faces,
                                const std::optional<Box>& last) {
  const FaceDetection* best = nullptr;
  if (last) {
    float nearest = std::max(last->width, last->height);
    for (const FaceDetection& face : faces) {
      const Point2f a = face.box.center();
      const Point2f b = last->center();
      const float distance = std::hypot(a.x - b.x, a.y - b.y);
      if (distance < nearest) {
        nearest = distance;
        best = &face;
      }
    }
    if (best != nullptr) return best;
  }
  for (const FaceDetection& face : faces) {
    if (best == nullptr || face.box.area() > best->box.area()) best = &face;
  }
  return best;
}

bool confirms(const FaceDetection& seen, const Box& tracked) {
  const Box& a = seen.box;
  const float w = std::min(a.right(), tracked.right()) - std::max(a.x, tracked.x);
  const float h = std::min(a.bottom(), tracked.bottom()) - std::max(a.y, tracked.y);
  return w > 0 && h > 0 && w * h >= 0.25f * std::min(a.area(), tracked.area());
}

}  // namespace frontalis
