#include "face/face_choice.h"

#include <algorithm>
#include <cmath>

namespace frontalis {
namespace {

constexpr int kRememberedFrames = 150;

}  // namespace

void LastPlace::update(const Box* face) {
  if (face != nullptr) {
    box_ = *face;
    frames_lost_ = 0;
  } else if (box_ && ++frames_lost_ >= kRememberedFrames) {
    reset();
  }
}

void LastPlace::addTo(Fingerprint& state) const {
  state.add(box_.has_value());
  state.add(frames_lost_);
  if (box_) {
    for (const float value : {box_->x, box_->y, box_->width, box_->height}) state.add(value);
  }
}

const FaceDetection* chooseFace(std::span<const FaceDetection> faces,
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
