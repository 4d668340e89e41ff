#include "face/mesh68_source.h"

#include "shape/mesh68.h"
#include "util/try.h"

namespace frontalis {

Result<LandmarkObservation> Mesh68Source::locate(const Frame& frame) {
  FRONTALIS_ASSIGN(const TrackedFace face, tracker_.track(frame));
  LandmarkObservation observation;
  observation.success = observation.believed = face.found;
  observation.confidence = face.confidence;
  if (face.found) observation.landmarks = mesh68(face.mesh);
  return observation;
}

}  // namespace frontalis
