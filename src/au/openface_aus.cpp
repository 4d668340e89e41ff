#include "au/openface_aus.h"

#include <algorithm>

namespace frontalis {

OpenFaceAus::OpenFaceAus(std::shared_ptr<const AuPredictor> predictor, AuMode mode)
    : predictor_(std::move(predictor)),
      mode_(mode),
      median_(mode != AuMode::kImages && predictor_->dynamic() ? std::make_unique<RunningMedian>()
                                                               : nullptr),
      end_of_video_(*predictor_) {}

OpenFaceAuRow OpenFaceAus::process(const DescriptorView& descriptor, bool success) {
  if (median_ && median_->update(descriptor, success)) {
    neutral_scores_ = predictor_->neutral(median_->median().first<kFeatures>());
  }
  const AuScores features = success ? predictor_->features(descriptor) : AuScores{};
  if (mode_ == AuMode::kVideo) end_of_video_.add(success, features, neutral_scores_);
  OpenFaceAuRow row;
  scores_ = {};
  if (!success) return row;

  scores_ = features - neutral_scores_;
  if (mode_ == AuMode::kStream) {
    row.intensity = online_.correct(scores_.intensity);
  } else {
    for (std::size_t i = 0; i < kIntensityAus; ++i) {
      row.intensity[i] = static_cast<float>(std::clamp(scores_.intensity[i], 0.0, 5.0));
    }
  }
  const PresenceBits presence = predictor_->presence(scores_.decision);
  for (std::size_t i = 0; i < kPresenceAus; ++i) row.presence[i] = (presence >> i & 1u) != 0;
  return row;
}

FinalAus OpenFaceAus::finish() {
  FinalAus out = end_of_video_.finish(neutral_scores_);
  reset();
  return out;
}

void OpenFaceAus::reset() {
  if (median_) median_->reset();
  end_of_video_.reset();
  online_.reset();
  neutral_scores_ = {};
  scores_ = {};
}

}  // namespace frontalis
