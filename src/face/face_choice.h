#pragma once

#include <optional>
#include <vector>

#include "face/retinaface.h"

namespace frontalis {

/// The face to follow among the detections: the nearest to `last` within one face size, so that it
/// stays the same person, else the largest. nullptr when there is none.
const FaceDetection* chooseFace(const std::vector<FaceDetection>& faces,
                                const std::optional<Box>& last);

/// Whether a detection lies on the face whose box is `tracked`.
bool confirms(const FaceDetection& seen, const Box& tracked);

}  // namespace frontalis
