#include "au/asymmetry.h"

#include <algorithm>
#include <cmath>
#include <cstdio>

namespace frontalis {
namespace {

constexpr float kFloor = 1;       // of R + L: below one intensity unit nothing is one-sided
constexpr float kMoves = 1;       // intensity from which an AU counts as active ("trace", FACS A)
constexpr float kRests = 0.5f;    // and below which it is at rest
constexpr float kRise = 1;        // what has to come along
constexpr float kFollows = 0.5f;  // Pearson's r
constexpr std::size_t kHeld = 3;  // frames a peak is held

using Values = std::array<float, kIntensityAus>;

struct Peak {
  float value = 0;
  double seconds = 0;
};

struct CoRise {
  bool moved = false;  // enough frames with the movement and without
  std::size_t frames = 0;
  float rise = 0;
  float correlation = 0;
};

}  // namespace

float asymmetryIndex(float right, float left) {
  return (right - left) / std::max(right + left, kFloor);
}

void AsymmetryStudy::add(const MirrorRow& row, float max_yaw) {
  max_yaw_ = max_yaw;
  ++frames_;
  if (!row.mirrored) {
    ++without_face_;
    return;
  }
  if (row.stability <= 0) ++moving_;
  if (!row.usable) {
    ++(std::abs(row.yaw) > max_yaw ? turned_ : half_lost_);
    return;
  }
  samples_.push_back({row.timestamp, row.right.intensity, row.left.intensity});
}

std::vector<AuAsymmetry> AsymmetryStudy::aus() const {
  std::vector<AuAsymmetry> all;
  for (std::size_t i = 0; i < kIntensityAus; ++i) {
    // The highest value that kHeld frames in a row reach, so that one bad frame is no peak.
    const auto peak = [&](const Values Sample::*side) {
      Peak best;
      const std::size_t held = std::min(kHeld, samples_.size());
      for (std::size_t t = 0; held > 0 && t + held <= samples_.size(); ++t) {
        float lowest = (samples_[t].*side)[i];
        for (std::size_t k = 1; k < held; ++k) {
          lowest = std::min(lowest, (samples_[t + k].*side)[i]);
        }
        if (lowest > best.value) best = {lowest, samples_[t + held / 2].seconds};
      }
      return best;
    };
    const Peak right = peak(&Sample::right);
    const Peak left = peak(&Sample::left);
    AuAsymmetry au;
    au.au = kIntensityAuNumbers[i];
    au.right_peak = right.value;
    au.right_peak_seconds = right.seconds;
    au.left_peak = left.value;
    au.left_peak_seconds = left.seconds;
    au.at_peak = asymmetryIndex(right.value, left.value);
    double sum = 0;
    for (const Sample& s : samples_) {
      if (std::max(s.right[i], s.left[i]) < kMoves) continue;
      sum += asymmetryIndex(s.right[i], s.left[i]);
      ++au.active_frames;
    }
    if (au.active_frames > 0) {
      au.mean = static_cast<float>(sum / static_cast<double>(au.active_frames));
    }
    all.push_back(au);
  }
  return all;
}

std::vector<SynkinesisHint> AsymmetryStudy::synkinesis() const {
  const auto coRise = [&](const Values Sample::*side, std::size_t a, std::size_t b) {
    std::size_t moving = 0;
    std::size_t resting = 0;
    double with = 0, without = 0;
    double mean_a = 0, mean_b = 0;
    const auto n = static_cast<double>(samples_.size());
    for (const Sample& s : samples_) {
      const double va = (s.*side)[a];
      const double vb = (s.*side)[b];
      mean_a += va / n;
      mean_b += vb / n;
      if (va >= kMoves) {
        ++moving;
        with += vb;
      } else if (va < kRests) {
        ++resting;
        without += vb;
      }
    }
    CoRise result;
    result.frames = moving;
    result.moved = moving >= kFramesOfMovement && resting >= kFramesOfMovement;
    if (!result.moved) return result;
    result.rise = static_cast<float>(with / static_cast<double>(moving) -
                                     without / static_cast<double>(resting));
    double aa = 0, bb = 0, ab = 0;
    for (const Sample& s : samples_) {
      const double da = (s.*side)[a] - mean_a;
      const double db = (s.*side)[b] - mean_b;
      aa += da * da;
      bb += db * db;
      ab += da * db;
    }
    if (aa > 0 && bb > 0) result.correlation = static_cast<float>(ab / std::sqrt(aa * bb));
    return result;
  };

  std::vector<SynkinesisHint> hints;
  for (std::size_t a = 0; a < kIntensityAus; ++a) {
    for (std::size_t b = 0; b < kIntensityAus; ++b) {
      if (a == b) continue;
      const CoRise right = coRise(&Sample::right, a, b);
      const CoRise left = coRise(&Sample::left, a, b);
      if (!right.moved || !left.moved) continue;
      const auto hint = [&](FaceSide side, const CoRise& own, const CoRise& other) {
        if (own.rise < kRise || own.correlation < kFollows || other.rise >= own.rise / 2) return;
        hints.push_back({side, kIntensityAuNumbers[a], kIntensityAuNumbers[b], own.rise, other.rise,
                         own.correlation, static_cast<std::int64_t>(own.frames)});
      };
      hint(FaceSide::kRight, right, left);
      hint(FaceSide::kLeft, left, right);
    }
  }
  std::stable_sort(hints.begin(), hints.end(), [](const auto& x, const auto& y) {
    return x.rise - x.other_rise > y.rise - y.other_rise;
  });
  return hints;
}

Usability AsymmetryStudy::usability() const {
  Usability result;
  if (frames_ == 0) return result;
  const auto all = static_cast<double>(frames_);
  result.usable_share = static_cast<double>(samples_.size()) / all;
  result.verdict = samples_.empty()             ? Usability::Verdict::kUnusable
                   : result.usable_share >= 0.8 ? Usability::Verdict::kGood
                   : result.usable_share >= 0.5 ? Usability::Verdict::kFair
                                                : Usability::Verdict::kPoor;
  const auto reason = [&](std::size_t frames, const std::string& what) {
    if (frames == 0) return;
    char text[160];
    std::snprintf(text, sizeof(text), "%s in %.1f %% of the frames", what.c_str(),
                  100 * static_cast<double>(frames) / all);
    result.reasons.emplace_back(text);
  };
  char turned[64];
  std::snprintf(turned, sizeof(turned), "the head is turned by more than %g degrees",
                static_cast<double>(max_yaw_));
  reason(without_face_, "no face was found");
  reason(turned_, turned);
  reason(half_lost_, "a mirrored half was not taken for a face");
  reason(moving_, "the head moves fast");
  return result;
}

}  // namespace frontalis
