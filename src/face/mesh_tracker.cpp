#include "face/mesh_tracker.h"

#include <cmath>

#include "util/try.h"

namespace frontalis {
namespace {

// Between two frames a face moves less than half its size and grows by less than half.
constexpr float kLargestJump = 0.5f;
constexpr float kLargestGrowth = 1.5f;

float distance(Point2f a, Point2f b) { return std::hypot(a.x - b.x, a.y - b.y); }

}  // namespace

MeshTracker::MeshTracker(std::unique_ptr<FaceDetector> detector, FaceMeshNetwork landmarks,
                         MeshTrackerOptions options)
    : detector_(std::move(detector)), landmarks_(std::move(landmarks)), options_(options) {}

void MeshTracker::reset() {
  last_ = {};
  last_place_.reset();
  detections_ = 0;
}

std::uint64_t MeshTracker::fingerprint() const {
  Fingerprint state;
  last_place_.addTo(state);
  state.add(last_.found);
  if (last_.found) state.addBytes(last_.mesh.data(), sizeof(last_.mesh));
  return state.value();
}

Result<TrackedFace> MeshTracker::track(const Frame& frame) {
  TrackedFace face;
  const bool every_frame = options_.detect_every == 1;
  if (last_.found && !every_frame) {
    FRONTALIS_ASSIGN(face, follow(frame));
  }
  if (!face.found) {
    FRONTALIS_ASSIGN(face, acquire(frame));
  }
  last_place_.update(face.found ? &face.box : nullptr);
  last_ = face;
  return face;
}

Result<TrackedFace> MeshTracker::follow(const Frame& frame) {
  FRONTALIS_ASSIGN(const MeshFit fit, landmarks_.locate(frame, cropFromMesh(last_.mesh)));
  TrackedFace face{true, fit.presence, meshBox(fit.mesh), fit.mesh};
  if (!believable(face, frame)) return TrackedFace{};
  if (options_.detect_every > 0 && frame.index % options_.detect_every == 0) {
    // The detector confirms that the landmarks still lie on a face, else the face is taken anew.
    FRONTALIS_ASSIGN(const std::optional<FaceDetection> seen, detect(frame));
    if (seen && !confirms(*seen, face.box)) return TrackedFace{};
  }
  return face;
}

bool MeshTracker::believable(const TrackedFace& face, const Frame& frame) const {
  if (face.confidence < options_.minimum_presence) return false;
  const Point2f centre = face.box.center();
  if (centre.x < 0 || centre.y < 0 || centre.x >= static_cast<float>(frame.width()) ||
      centre.y >= static_cast<float>(frame.height())) {
    return false;
  }
  if (!last_.found) return true;
  const float size = std::sqrt(last_.box.area());
  const float growth = std::sqrt(face.box.area()) / size;
  return distance(centre, last_.box.center()) < kLargestJump * size && growth < kLargestGrowth &&
         growth > 1 / kLargestGrowth;
}

Result<TrackedFace> MeshTracker::acquire(const Frame& frame) {
  FRONTALIS_ASSIGN(const std::optional<FaceDetection> seen, detect(frame));
  if (!seen) return TrackedFace{};
  FRONTALIS_ASSIGN(MeshFit fit, landmarks_.locate(frame, cropFromDetection(*seen)));
  if (fit.presence >= options_.minimum_presence) {
    // Once more from the landmarks, so that every frame's crop follows one rule: the coefficients
    // of a frame cropped by the detector stand out (browInnerUp most).
    FRONTALIS_ASSIGN(fit, landmarks_.locate(frame, cropFromMesh(fit.mesh)));
  }
  TrackedFace face{true, fit.presence, meshBox(fit.mesh), fit.mesh};
  if (fit.presence < options_.minimum_presence) face.found = false;
  return face;
}

Result<std::optional<FaceDetection>> MeshTracker::detect(const Frame& frame) {
  ++detections_;
  FRONTALIS_ASSIGN(const std::span<const FaceDetection> faces, detector_->detect(frame));
  const FaceDetection* best = chooseFace(faces, last_place_.box());
  if (best == nullptr) return std::optional<FaceDetection>();
  return std::optional<FaceDetection>(*best);
}

}  // namespace frontalis
