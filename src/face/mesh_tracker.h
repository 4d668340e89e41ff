#pragma once

#include <cstdint>
#include <memory>
#include <optional>

#include "face/face_choice.h"
#include "face/face_detector.h"
#include "face/face_mesh.h"

namespace frontalis {

struct MeshTrackerOptions {
  /// The detector checks every frame whose index is a multiple: 1 = detect in every frame, 0 = only
  /// when lost.
  int detect_every = 30;
  /// A fit whose presence is below is no face.
  float minimum_presence = 0.5f;
};

/// A face followed through a video.
struct TrackedFace {
  bool found = false;
  float confidence = 0;  ///< the landmark network's presence, 0..1
  Box box;               ///< around the mesh, px
  FaceMesh mesh{};       ///< px; meaningless when not found
};

/// Follows the main face of one video: the crop of the next frame comes from the last landmarks,
/// the detector runs when the face is lost and at intervals. The largest face is taken first; later
/// ones are taken only if the first is gone.
class MeshTracker {
 public:
  MeshTracker(std::unique_ptr<FaceDetector> detector, FaceMeshNetwork landmarks,
              MeshTrackerOptions options = {});

  /// Frames of one video, in order. Errors: those of the networks.
  Result<TrackedFace> track(const Frame& frame);
  /// Forgets the video.
  void reset();

  /// Two trackers with the same fingerprint track the same from here on.
  [[nodiscard]] std::uint64_t fingerprint() const;

  /// How often the detector ran since reset().
  [[nodiscard]] int detections() const { return detections_; }

 private:
  Result<TrackedFace> follow(const Frame& frame);
  Result<TrackedFace> acquire(const Frame& frame);
  Result<std::optional<FaceDetection>> detect(const Frame& frame);
  [[nodiscard]] bool believable(const TrackedFace& face, const Frame& frame) const;

  std::unique_ptr<FaceDetector> detector_;
  FaceMeshNetwork landmarks_;
  MeshTrackerOptions options_;

  // State of one video.
  TrackedFace last_;
  LastPlace last_place_;
  int detections_ = 0;
};

}  // namespace frontalis
