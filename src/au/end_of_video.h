#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <vector>

#include "au/predictor.h"
#include "frontalis/types.h"

namespace frontalis {

/// OpenFace's action units of one frame.
struct OpenFaceAuRow {
  std::array<float, kIntensityAus> intensity{};  ///< 0..5, as kIntensityAuNumbers
  std::array<bool, kPresenceAus> presence{};     ///< as kPresenceAuNumbers
};

/// The action units of a whole video after end-of-video processing. Frames count from 0.
class FinalAus {
 public:
  [[nodiscard]] std::int64_t frames() const { return frames_; }
  /// Smoothed intensities (mean of 3 frames) and voted presences (of 7 frames).
  [[nodiscard]] OpenFaceAuRow row(std::int64_t frame) const;
  /// What was subtracted from each intensity: the video's own zero level.
  [[nodiscard]] const std::array<float, kIntensityAus>& offsets() const { return offsets_; }
  /// Before smoothing: after offset and clamp.
  [[nodiscard]] const std::array<float, kIntensityAus>& unsmoothed(std::int64_t frame) const {
    return at(frame).intensity;
  }
  /// Before the vote.
  [[nodiscard]] PresenceBits unvoted(std::int64_t frame) const { return at(frame).presence; }

 private:
  friend class EndOfVideo;
  struct Entry {
    std::array<float, kIntensityAus> intensity{};
    PresenceBits presence = 0;
    bool success = false;
  };
  static constexpr std::int64_t kChunk = 2048;  ///< entries that are allocated together
  using Chunk = std::array<Entry, kChunk>;

  [[nodiscard]] const Entry& at(std::int64_t frame) const {
    return (*chunks_[static_cast<std::size_t>(frame / kChunk)])[frame % kChunk];
  }
  [[nodiscard]] Entry& at(std::int64_t frame) {
    return (*chunks_[static_cast<std::size_t>(frame / kChunk)])[frame % kChunk];
  }

  std::vector<std::unique_ptr<Chunk>> chunks_;
  std::int64_t frames_ = 0;
  std::array<float, kIntensityAus> offsets_{};
};

/// OpenFace's post-processing of a video (spec pipeline 8.4): the first 3000 good frames predicted
/// anew with the final neutral, offsets, clamping, smoothing, votes. Holds 76 bytes a frame, and
/// 280 bytes for each of the first 3000 good frames.
class EndOfVideo {
 public:
  /// `predictor` must outlive this.
  explicit EndOfVideo(const AuPredictor& predictor);

  /// Each frame in order: what AuPredictor gives for its features, and for the neutral at its time.
  void add(bool success, const AuScores& features, const AuScores& neutral);

  /// Once, after the last frame, with the neutral at the end. Any number of frames, also none.
  FinalAus finish(const AuScores& final_neutral);

  void reset();

 private:
  static constexpr std::size_t kRepredicted = 3000;

  void setEntry(FinalAus::Entry& entry, const AuScores& scores) const;
  [[nodiscard]] float offset(std::size_t au, std::vector<float>& values) const;

  const AuPredictor* predictor_;
  FinalAus aus_;
  std::vector<AuScores> early_;  ///< features' part of the first good frames
};

}  // namespace frontalis
