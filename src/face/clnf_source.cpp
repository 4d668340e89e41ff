#include "face/clnf_source.h"

#include "face/box_convention.h"
#include "util/try.h"

namespace frontalis {

GrayView ClnfSource::FrameGray::view(const PixelRect& wanted) {
  const Region region = converter_.toGray(
      *frame_, {wanted.left, wanted.top, wanted.right - wanted.left, wanted.bottom - wanted.top},
      gray_);
  return {gray_.data(), gray_.stride(),
          {region.x, region.y, region.x + region.width, region.y + region.height}};
}

ClnfSource::ClnfSource(RetinaFace detector, std::shared_ptr<const ClnfModel> model)
    : detector_(std::move(detector)), tracker_(std::move(model)) {}

void ClnfSource::reset() { tracker_.reset(); }

Result<LandmarkObservation> ClnfSource::locate(const Frame& frame) {
  gray_.show(frame);
  const auto detect = [&]() -> Result<std::optional<Box>> {
    FRONTALIS_ASSIGN(const std::vector<FaceDetection> faces, detector_.detect(frame));
    const FaceDetection* widest = nullptr;  // OpenFace's choice; the first wins a tie
    for (const FaceDetection& face : faces) {
      if (widest == nullptr || face.box.width > widest->box.width) widest = &face;
    }
    if (widest == nullptr) return std::optional<Box>();
    return std::optional<Box>(landmarkBox(widest->box));
  };
  LandmarkObservation observation;
  FRONTALIS_ASSIGN(observation.success, tracker_.track(gray_, detect));
  const ClnfState& state = tracker_.state();
  observation.believed = state.success;
  observation.confidence = state.certainty;
  observation.landmarks = state.points();
  LandmarkObservation::Model model;
  model.global = state.params.global;
  std::copy_n(state.params.local.data(), model.local.size(), model.local.begin());
  observation.model = model;
  return observation;
}

}  // namespace frontalis
