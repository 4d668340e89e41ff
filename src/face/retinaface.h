#pragma once

#include <array>
#include <filesystem>
#include <memory>
#include <optional>
#include <span>
#include <vector>

#include "face/face_detector.h"
#include "frontalis/types.h"
#include "image/frame.h"
#include "image/image.h"
#include "image/reduce.h"
#include "inference/network.h"

namespace frontalis {

struct RetinaFaceOptions {
  int long_side = 320;       ///< px the frame's longer side is reduced to (never enlarged)
  float confidence = 0.5f;   ///< keep scores strictly above
  float nms_overlap = 0.4f;  ///< a box is dropped when it overlaps a better one by more
};

/// Boxes in px of the canvas from the raw outputs, before suppression: `loc` P x 4, `conf` P x 2,
/// `landmarks` P x 10. Softmax is applied only to rows of `conf` that do not sum to 1.
void decodeRetinaFace(std::span<const float> loc, std::span<const float> conf,
                      std::span<const float> landmarks, int width, int height, float confidence,
                      std::vector<FaceDetection>& faces);

/// Greedy suppression with areas counted in whole pixels (the "+1" convention). Keeps its buffer.
class OverlapSuppressor {
 public:
  /// Best score first; of equal scores the earlier.
  void run(std::span<const FaceDetection> faces, float overlap, std::vector<FaceDetection>& kept);

 private:
  std::vector<const FaceDetection*> order_;
};

/// RetinaFace MobileNet-0.25 (Deng et al. 2020; spec pipeline 1.1) on a reduced frame.
class RetinaFace final : public FaceDetector {
 public:
  /// Keeps `runtime`; the network itself is prepared at the first frame, whose size fixes it.
  RetinaFace(std::shared_ptr<Runtime> runtime, std::filesystem::path network,
             RetinaFaceOptions options = {});

  /// Faces, best score first. Errors: those of Runtime::prepare and Network::run.
  Result<std::span<const FaceDetection>> detect(const Frame& frame) override;

 private:
  Status prepare(const Frame& frame);

  std::shared_ptr<Runtime> runtime_;
  std::filesystem::path path_;
  RetinaFaceOptions options_;
  std::unique_ptr<Network> network_;
  int frame_width_ = 0, frame_height_ = 0;      // the size the network is prepared for
  int reduced_width_ = 0, reduced_height_ = 0;  // picture within the canvas
  int canvas_width_ = 0, canvas_height_ = 0;    // multiples of 32
  Reducer reducer_;
  Image reduced_;
  std::vector<FaceDetection> decoded_;  // before suppression
  OverlapSuppressor suppressor_;
  std::vector<FaceDetection> faces_;
};

}  // namespace frontalis
