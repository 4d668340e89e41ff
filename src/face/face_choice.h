#pragma once

#include <optional>
#include <span>

#include "face/face_detector.h"
#include "util/fingerprint.h"

namespace frontalis {

/// The face to follow among the detections: the nearest to `last` within one face size, so that it
/// stays the same person, else the largest. nullptr when there is none.
const FaceDetection* chooseFace(std::span<const FaceDetection> faces,
                                const std::optional<Box>& last);

/// Where a face was last, for chooseFace(). It survives a loss, so that the same person is taken
/// again; after long enough it is forgotten.
class LastPlace {
 public:
  /// One frame: the face's box, or null when there is none.
  void update(const Box* face);
  void reset() { *this = {}; }
  [[nodiscard]] const std::optional<Box>& box() const { return box_; }
  void addTo(Fingerprint& state) const;

 private:
  std::optional<Box> box_;
  int frames_lost_ = 0;
};

/// Whether a detection lies on the face whose box is `tracked`.
bool confirms(const FaceDetection& seen, const Box& tracked);

}  // namespace frontalis
