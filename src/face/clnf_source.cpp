#include "face/clnf_source.h"

#include <algorithm>

#include "face/box_convention.h"
#include "face/face_choice.h"
#include "shape/head_pose.h"
#include "util/try.h"

namespace frontalis {

GrayView ClnfSource::FrameGray::view(const PixelRect& wanted) {
  const Region region = converter_.toGray(
      *frame_, {wanted.left, wanted.top, wanted.right - wanted.left, wanted.bottom - wanted.top},
      gray_);
  return {gray_.data(),
          gray_.stride(),
          {region.x, region.y, region.x + region.width, region.y + region.height}};
}

ClnfSource::ClnfSource(std::unique_ptr<FaceDetector> detector,
                       std::shared_ptr<const ClnfModel> model, int threads)
    : detector_(std::move(detector)), tracker_(std::move(model), {.threads = threads}) {}

void ClnfSource::reset() {
  tracker_.reset();
  confirmed_ = false;
}

Result<bool> ClnfSource::seesFace(const Frame& frame, const Landmarks68& landmarks) {
  FRONTALIS_ASSIGN(const std::span<const FaceDetection> faces, detector_->detect(frame));
  const Box box = boundingBox(landmarks);
  return std::any_of(faces.begin(), faces.end(),
                     [&](const FaceDetection& face) { return confirms(face, box); });
}

Result<LandmarkObservation> ClnfSource::locate(const Frame& frame) {
  gray_.show(frame);
  const auto detect = [&]() -> Result<std::optional<Box>> {
    FRONTALIS_ASSIGN(const std::span<const FaceDetection> faces, detector_->detect(frame));
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
  if (observation.success && !confirmed_) {
    confirmed_ = tracker_.detectorRan();
    if (!confirmed_) {
      FRONTALIS_ASSIGN(confirmed_, seesFace(frame, observation.landmarks));
    }
    if (!confirmed_) {
      observation.success = observation.believed = false;
      observation.confidence = 0;
    }
  }
  confirmed_ = confirmed_ && observation.success;
  LandmarkObservation::Model model;
  model.global = state.params.global;
  std::copy_n(state.params.local.data(), model.local.size(), model.local.begin());
  model.gaze = gaze(frame);
  if (!observation.success) {
    model.gaze.direction = {};
    model.gaze.angle_x = model.gaze.angle_y = 0;
  }
  observation.model = model;
  return observation;
}

Gaze ClnfSource::gaze(const Frame& frame) {
  const ClnfState& state = tracker_.state();
  const int left = tracker_.part("left_eye_28");
  const int right = tracker_.part("right_eye_28");
  if (left < 0 || right < 0 || state.params.global.scale == 0) return {};
  const Camera camera = Camera::forImageSize(frame.width(), frame.height());
  tracker_.model().face.pdm.shape3d(state.params.local, shape3d_);
  landmarksInCamera(state.params.global, shape3d_, state.landmarks, camera, in_camera_);
  const HeadPose head = headPose(state.params.global, shape3d_, state.landmarks, camera);
  const auto eye = [&](int part) {
    const auto i = static_cast<std::size_t>(part);
    const ClnfPartState& fit = state.parts[i];
    return EyeFit{&tracker_.model().parts[i].model.pdm, fit.params.global, &fit.params.local,
                  &fit.landmarks};
  };
  return gaze_.estimate({{eye(left), eye(right)}}, in_camera_, head, camera);
}

}  // namespace frontalis
