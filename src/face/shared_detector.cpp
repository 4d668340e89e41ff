#include "face/shared_detector.h"

#include <algorithm>
#include <cmath>

#include "face/face_choice.h"
#include "util/try.h"

namespace frontalis {

Result<const std::vector<FaceDetection>*> SharedDetector::detect(const Frame& frame) {
  if (frame_ != frame.index) {
    FRONTALIS_ASSIGN(const std::span<const FaceDetection> faces, detector_->detect(frame));
    faces_.assign(faces.begin(), faces.end());
    frame_ = frame.index;
    ++runs_;
  }
  return const_cast<const std::vector<FaceDetection>*>(&faces_);
}

void AllottedDetector::allot(const FaceDetection& face) { only_ = face; }

void AllottedDetector::allot(const Box& last, std::vector<Box> others) {
  only_.reset();
  last_ = last;
  others_ = std::move(others);
}

Result<std::span<const FaceDetection>> AllottedDetector::detect(const Frame& frame) {
  if (only_) return std::span<const FaceDetection>(&*only_, 1);
  FRONTALIS_ASSIGN(const std::vector<FaceDetection>* all, shared_->detect(frame));
  mine_.clear();
  const float reach = std::max(last_.width, last_.height);
  for (const FaceDetection& face : *all) {
    const Point2f a = face.box.center(), b = last_.center();
    const bool near = std::hypot(a.x - b.x, a.y - b.y) < reach;
    const bool taken = std::any_of(others_.begin(), others_.end(),
                                   [&](const Box& other) { return confirms(face, other); });
    // Where two faces overlap, both trackers may be confirmed by either.
    if (near && (!taken || confirms(face, last_))) mine_.push_back(face);
  }
  return std::span<const FaceDetection>(mine_);
}

}  // namespace frontalis
