#pragma once

#include <filesystem>
#include <memory>

#include "face/face_choice.h"
#include "face/face_detector.h"
#include "face/landmark_source.h"
#include "image/image.h"
#include "inference/network.h"

namespace frontalis {

/// The integer square PFLD looks at: 1.1 x the longer side of the box, not clipped to the frame.
Region pfldSquare(const Box& box);

/// PFLD, 68 landmarks from a 112 x 112 crop (spec pipeline 2). Gives no confidence of its own.
class Pfld {
 public:
  Pfld(std::shared_ptr<Runtime> runtime, std::filesystem::path network);

  /// Landmarks in px of the frame. Errors: those of Runtime::prepare and Network::run.
  Result<Landmarks68> locate(const Frame& frame, const Box& face);

 private:
  std::shared_ptr<Runtime> runtime_;
  std::filesystem::path path_;
  std::unique_ptr<Network> network_;
};

/// PFLD on boxes that are tracked from the last landmarks and checked by the detector.
class PfldTracker final : public LandmarkSource {
 public:
  /// `detect_every`: as MeshTrackerOptions.
  PfldTracker(std::unique_ptr<FaceDetector> detector, Pfld pfld, int detect_every);

  Result<LandmarkObservation> locate(const Frame& frame) override;
  [[nodiscard]] std::optional<std::uint64_t> fingerprint() const override;
  void reset() override;

 private:
  std::unique_ptr<FaceDetector> detector_;
  Pfld pfld_;
  int detect_every_;

  // State of one video.
  std::optional<Box> box_;  // where the next frame is looked at; nothing when lost
  LastPlace last_place_;
};

}  // namespace frontalis
