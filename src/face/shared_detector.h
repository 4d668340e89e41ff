#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <vector>

#include "face/face_detector.h"

namespace frontalis {

/// One detector for several trackers: it runs at most once a frame, whoever asks.
class SharedDetector {
 public:
  explicit SharedDetector(std::unique_ptr<FaceDetector> detector)
      : detector_(std::move(detector)) {}

  /// Faces of the frame, best score first; valid until the next call. Errors: the detector's.
  Result<const std::vector<FaceDetection>*> detect(const Frame& frame);
  /// How often the detector ran.
  [[nodiscard]] std::int64_t runs() const { return runs_; }
  /// Another video.
  void reset() { frame_.reset(); }

 private:
  std::unique_ptr<FaceDetector> detector_;
  std::optional<std::int64_t> frame_;  // that `faces_` are of
  std::vector<FaceDetection> faces_;
  std::int64_t runs_ = 0;
};

/// What one tracker may see of the shared detections, so that it keeps to its face.
class AllottedDetector final : public FaceDetector {
 public:
  explicit AllottedDetector(std::shared_ptr<SharedDetector> shared) : shared_(std::move(shared)) {}

  /// This face and no other.
  void allot(const FaceDetection& face);
  /// Faces around where the tracker's face was, but none that lies on another tracker's.
  void allot(const Box& last, std::vector<Box> others);

  Result<std::span<const FaceDetection>> detect(const Frame& frame) override;

 private:
  std::shared_ptr<SharedDetector> shared_;
  std::optional<FaceDetection> only_;
  Box last_;
  std::vector<Box> others_;
  std::vector<FaceDetection> mine_;
};

}  // namespace frontalis
