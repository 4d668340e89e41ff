#include "au/end_of_video.h"

#include <algorithm>

namespace frontalis {

namespace {

constexpr std::int64_t kVoteRadius = 3;

}  // namespace

OpenFaceAuRow FinalAus::row(std::int64_t frame) const {
  OpenFaceAuRow out;
  // Failed frames take part as zeros; the ends of the video stay as they are.
  out.intensity = at(frame).intensity;
  if (frame >= 1 && frame + 1 < frames_) {
    const Entry& before = at(frame - 1);
    const Entry& after = at(frame + 1);
    for (std::size_t i = 0; i < kIntensityAus; ++i) {
      const double sum = static_cast<double>(before.intensity[i]) +
                         static_cast<double>(out.intensity[i]) +
                         static_cast<double>(after.intensity[i]);
      out.intensity[i] = static_cast<float>(sum / 3);
    }
  }
  const bool votes = frame >= kVoteRadius && frame + kVoteRadius < frames_;
  for (std::size_t i = 0; i < kPresenceAus; ++i) {
    const auto present = [&](std::int64_t f) { return (at(f).presence >> i & 1u) != 0; };
    if (!votes) {
      out.presence[i] = present(frame);
      continue;
    }
    int sum = 0;
    for (std::int64_t f = frame - kVoteRadius; f <= frame + kVoteRadius; ++f) sum += present(f);
    out.presence[i] = sum > kVoteRadius;
  }
  return out;
}

EndOfVideo::EndOfVideo(const AuPredictor& predictor) : predictor_(&predictor) {
  early_.reserve(kRepredicted);
}

void EndOfVideo::setEntry(FinalAus::Entry& entry, const AuScores& scores) const {
  for (std::size_t i = 0; i < kIntensityAus; ++i) {
    entry.intensity[i] = static_cast<float>(scores.intensity[i]);
  }
  entry.presence = predictor_->presence(scores.decision);
}

void EndOfVideo::add(bool success, const AuScores& features, const AuScores& neutral) {
  if (aus_.frames_ % FinalAus::kChunk == 0) {
    aus_.chunks_.push_back(std::make_unique<FinalAus::Chunk>());
  }
  FinalAus::Entry& entry = aus_.at(aus_.frames_++);
  entry.success = success;
  if (!success) return;
  if (early_.size() < kRepredicted) {
    early_.push_back(features);  // finish() fills the entry
  } else {
    setEntry(entry, features - neutral);
  }
}

float EndOfVideo::offset(std::size_t au, std::vector<float>& values) const {
  const double cutoff = predictor_->cutoffs()[au];
  if (cutoff < 0) return 0;
  values.clear();
  for (std::int64_t f = 0; f < aus_.frames_; ++f) {
    if (aus_.at(f).success) values.push_back(aus_.at(f).intensity[au]);
  }
  if (values.empty()) return 0;
  const auto index = std::min(static_cast<std::size_t>(static_cast<double>(values.size()) * cutoff),
                              values.size() - 1);
  const auto nth = values.begin() + static_cast<std::ptrdiff_t>(index);
  std::nth_element(values.begin(), nth, values.end());
  return *nth;
}

FinalAus EndOfVideo::finish(const AuScores& final_neutral) {
  std::size_t next = 0;
  for (std::int64_t f = 0; f < aus_.frames_ && next < early_.size(); ++f) {
    FinalAus::Entry& entry = aus_.at(f);
    if (entry.success) setEntry(entry, early_[next++] - final_neutral);
  }
  std::vector<float> values;
  for (std::size_t i = 0; i < kIntensityAus; ++i) aus_.offsets_[i] = offset(i, values);
  for (std::int64_t f = 0; f < aus_.frames_; ++f) {
    FinalAus::Entry& entry = aus_.at(f);
    if (!entry.success) continue;
    for (std::size_t i = 0; i < kIntensityAus; ++i) {
      entry.intensity[i] = std::clamp(entry.intensity[i] - aus_.offsets_[i], 0.f, 5.f);
    }
  }
  FinalAus out = std::move(aus_);
  reset();
  return out;
}

void EndOfVideo::reset() {
  aus_ = {};
  early_.clear();
}

}  // namespace frontalis
