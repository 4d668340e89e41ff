#pragma once

#include <memory>

#include "face/clnf/clnf_tracker.h"
#include "face/face_detector.h"
#include "face/gaze.h"
#include "face/landmark_source.h"
#include "image/convert.h"

namespace frontalis {

/// OpenFace's own landmarks (CLNF or CE-CLM, spec clnf), started by RetinaFace: the tracker asks
/// for a detection only by OpenFace's rules. One rule is added: where the tracker
/// says that it found a lost face again by itself, the detector must see one there too; on a scene
/// without a face the tracker's validator is at times content by chance, for a frame or two.
class ClnfSource final : public LandmarkSource {
 public:
  /// `threads` share the work of a frame; results do not depend on it.
  ClnfSource(std::unique_ptr<FaceDetector> detector, std::shared_ptr<const ClnfModel> model,
             int threads = 1);

  Result<LandmarkObservation> locate(const Frame& frame) override;
  [[nodiscard]] bool hasFaceModel() const override { return true; }
  /// The fit goes on from the last frame's to within a tolerance only.
  [[nodiscard]] std::optional<std::uint64_t> fingerprint() const override { return std::nullopt; }
  void reset() override;

 private:
  /// Grey pixels of the frame in hand, converted where the fit looks.
  class FrameGray final : public GraySource {
   public:
    void show(const Frame& frame) { frame_ = &frame; }
    [[nodiscard]] int width() const override { return frame_->width(); }
    [[nodiscard]] int height() const override { return frame_->height(); }
    GrayView view(const PixelRect& wanted) override;

   private:
    const Frame* frame_ = nullptr;
    FrameConverter converter_{ColorRule::kOpenCv};
    Image gray_;
  };

  Gaze gaze(const Frame& frame);
  /// Whether the detector sees a face where the landmarks are.
  Result<bool> seesFace(const Frame& frame, const Landmarks68& landmarks);

  std::unique_ptr<FaceDetector> detector_;
  ClnfTracker tracker_;
  FrameGray gray_;
  GazeEstimator gaze_;
  Eigen::VectorXf shape3d_;
  Eigen::VectorXf in_camera_;

  bool confirmed_ = false;  // state of the video: the face that is tracked was once detected
};

}  // namespace frontalis
