#pragma once

#include <filesystem>
#include <memory>

#include "au/descriptor.h"
#include "au/end_of_video.h"
#include "au/online_correction.h"
#include "au/predictor.h"
#include "au/running_median.h"
#include "frontalis/result.h"

namespace frontalis {

/// How the frames belong together.
enum class AuMode {
  kVideo,   ///< a file: rows are final only after finish()
  kStream,  ///< no end: rows are corrected by what was seen so far; finish() has nothing to add
  kImages   ///< single pictures: no state between them
};

/// OpenFace's AU stage of one video (spec pipeline 7, 8): neutral, 35 linear models, correction.
/// Wants every frame in order. Not thread-safe; models are shared, so one predictor serves many.
class OpenFaceAus {
 public:
  /// Static models alone (--static, images) need no neutral, and none is kept.
  OpenFaceAus(std::shared_ptr<const AuPredictor> predictor, AuMode mode);

  /// Action units of one frame as known now: kVideo clamped only, kStream corrected and clamped.
  /// All zero and absent when `success` is false; the descriptor is then not looked at.
  /// No allocation but one block every 2048 frames in kVideo.
  OpenFaceAuRow process(const DescriptorView& descriptor, bool success);

  /// What the last process() predicted, unclamped (zeros for a failed frame).
  [[nodiscard]] const AuScores& scores() const { return scores_; }
  /// The person's neutral so far; null with static models or kImages.
  [[nodiscard]] const RunningMedian* neutral() const { return median_ ? median_.get() : nullptr; }

  /// Rows of all frames of a kVideo (else none), and ready for the next video.
  FinalAus finish();

  /// Forgets the video.
  void reset();

 private:
  std::shared_ptr<const AuPredictor> predictor_;
  AuMode mode_;
  std::unique_ptr<RunningMedian> median_;
  EndOfVideo end_of_video_;
  OnlineCorrection online_;
  AuScores neutral_scores_;
  AuScores scores_;
};

}  // namespace frontalis
