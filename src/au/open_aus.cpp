#include "au/open_aus.h"

#include <algorithm>
#include <cmath>
#include <cstdio>

#include "appearance/blendshape_index.h"

namespace frontalis {
namespace {

constexpr float kGoodScore = .5f;
constexpr std::size_t kFewestForNeutral = 15;  // fewer good frames: the population's neutral
constexpr std::size_t kLiveFrames = 3000;
constexpr std::size_t kLiveRenewal = 15;
constexpr std::size_t kWarmUp = 60;
constexpr float kHalfWayFrames = 15;  // live: the person counts as much as the population
constexpr std::size_t kMarkedFrames = 1000;

// Head pose, degrees (spec open_pack 6).
constexpr float kFullYaw = 15, kFullPitch = 12;
constexpr float kSomeYaw = 25, kSomePitch = 20;
constexpr float kAu04Yaw = 8;

struct Hysteresis {
  float on, off;
};
constexpr Hysteresis kHysteresis[] = {{1.f, .6f}, {1.3f, .8f}, {1.8f, 1.2f}};  // by Trust

constexpr std::size_t indexOf(int au) {
  std::size_t i = 0;
  while (kIntensityAuNumbers[i] != au) ++i;
  return i;
}

/// AU07 is fair but noisy: it switches like a weak one (spec open_pack 7).
constexpr Hysteresis hysteresisOf(std::size_t i) {
  const Trust trust = i == indexOf(7) ? Trust::kWeak : kOpenTrust[i];
  return kHysteresis[static_cast<std::size_t>(trust)];
}

/// Survives a head turned to 25 / 20 degrees.
constexpr bool toleratesPose(std::size_t i) {
  switch (kIntensityAuNumbers[i]) {
    case 6:
    case 10:
    case 12:
    case 25:
    case 26:
    case 45:
      return true;
    default:
      return false;
  }
}

constexpr std::array<std::size_t, kIntensityAus> makePresenceIndex() {
  std::array<std::size_t, kIntensityAus> index{};
  for (std::size_t i = 0; i < kIntensityAus; ++i) {
    while (kPresenceAuNumbers[index[i]] != kIntensityAuNumbers[i]) ++index[i];
  }
  return index;
}
constexpr std::array<std::size_t, kIntensityAus> kPresenceIndex = makePresenceIndex();

OpenNeutral blend(const OpenNeutral& a, const OpenNeutral& b, float weight_a) {
  OpenNeutral out;
  const auto mix = [weight_a](float x, float y) { return weight_a * x + (1 - weight_a) * y; };
  for (std::size_t i = 0; i < kMeshSignals; ++i) {
    out.right[i] = mix(a.right[i], b.right[i]);
    out.left[i] = mix(a.left[i], b.left[i]);
  }
  for (std::size_t i = 0; i < kBlendshapes; ++i) {
    out.blendshapes[i] = mix(a.blendshapes[i], b.blendshapes[i]);
  }
  return out;
}

std::vector<std::string> neutralWarnings(const OpenNeutralReport& report) {
  const auto number = [](float value) {
    char text[32];
    std::snprintf(text, sizeof text, "%.2g", static_cast<double>(value));
    return std::string(text);
  };
  std::vector<std::string> warnings;
  if (report.marked) {
    if (report.rest_frames < kFewestForNeutral) {
      warnings.push_back("Only " + std::to_string(report.rest_frames) +
                         " frames of the neutral that was given show the face");
    }
    return warnings;
  }
  const std::string remedy = ". If the face is at rest in a part of it, name that part (--neutral)";
  if (report.rest_frames < kFewestForNeutral) {
    warnings.push_back("Only " + std::to_string(report.rest_frames) +
                       " restful frames: action units may read low" + remedy);
  }
  if (report.rest_lipgap > 3) {
    warnings.push_back("The lips are apart even at rest (" + number(report.rest_lipgap) +
                       " % of the eye distance): AU25 and AU26 may read low" + remedy);
  }
  if (report.rest_mouth_smile > .5f) {
    warnings.push_back("The mouth smiles even at rest (" + number(report.rest_mouth_smile) +
                       " of 1): AU06 and AU12 may read low" + remedy);
  }
  return warnings;
}

}  // namespace

void OpenAus::ThinnedFrames::offer(const OpenSignals& signals, std::size_t limit) {
  if (frames.capacity() == 0) frames.reserve(std::max<std::size_t>(limit, 2));
  const std::size_t index = offered++;
  if (index % stride != 0) return;
  if (frames.size() >= std::max<std::size_t>(limit, 2)) {
    std::size_t kept = 0;
    for (std::size_t i = 0; i < frames.size(); i += 2) frames[kept++] = frames[i];
    frames.resize(kept);
    stride *= 2;
    if (index % stride != 0) return;
  }
  frames.push_back(signals);
}

OpenAus::OpenAus(OpenAuOptions options) : options_(options), neutral_(populationNeutral()) {}

void OpenAus::reset() { *this = OpenAus(options_); }

void OpenAus::lost() { present_ = {}; }

void OpenAus::add(const OpenSignals& signals, bool marked_neutral) {
  if (signals.score < kGoodScore) return;
  good_.offer(signals, options_.max_frames);
  if (marked_neutral) marked_.offer(signals, kMarkedFrames);
}

OpenNeutralReport OpenAus::finish() {
  OpenNeutralReport report;
  report.good_frames = good_.offered;
  report.marked = marked_.offered > 0;
  report.population =
      options_.population_neutral || (!report.marked && good_.offered < kFewestForNeutral);
  neutral_ = populationNeutral();
  present_ = {};
  if (!report.population) {
    if (options_.pose_correction && PoseLeak::worthFitting(good_.frames)) {
      finder_.find(good_.frames);
      pose_leak_ = PoseLeak::fit(good_.frames, finder_.expressionEnergy());
      for (OpenSignals& signals : good_.frames) pose_leak_->remove(signals);
      for (OpenSignals& signals : marked_.frames) pose_leak_->remove(signals);
      report.pose_corrected = true;
    }
    OpenNeutral found;
    if (report.marked) {
      found = finder_.median(marked_.frames);
      report.rest_frames = marked_.frames.size();
      neutral_ = found;
    } else {
      const RestSet& rest = finder_.find(good_.frames);
      found = rest.neutral;
      report.rest_frames = rest.rest.size();
      neutral_ = clampNeutral(found);
    }
    report.rest_lipgap = (found.right[kLipgap] + found.left[kLipgap]) / 2;
    report.rest_mouth_smile = (found.blendshapes[blendshape::kMouthSmile.right] +
                               found.blendshapes[blendshape::kMouthSmile.left]) /
                              2;
    report.warnings = neutralWarnings(report);
  } else if (!options_.population_neutral) {
    report.warnings.push_back("Only " + std::to_string(report.good_frames) +
                              " frames show the face, too few for this person's neutral: compared "
                              "with an average face");
  }
  report.neutral = neutral_;
  good_ = {};
  marked_ = {};
  return report;
}

OpenAuRow OpenAus::row(const OpenSignals& signals) {
  if (!pose_leak_) return evaluate(signals);
  OpenSignals corrected = signals;
  pose_leak_->remove(corrected);
  return evaluate(corrected);
}

OpenAuRow OpenAus::process(const OpenSignals& signals, bool marked_neutral) {
  if (signals.score >= kGoodScore && !options_.population_neutral) {
    if (recent_.capacity() == 0) {
      recent_.reserve(kLiveFrames);
      finder_.reserve(kLiveFrames);
    }
    if (recent_.size() < kLiveFrames) {
      recent_.push_back(signals);
    } else {
      recent_[recent_count_ % kLiveFrames] = signals;
    }
    ++recent_count_;
    if (marked_neutral) marked_.offer(signals, kMarkedFrames);
    if (recent_count_ % kLiveRenewal == 0 || marked_neutral) neutral_ = liveNeutral();
  }
  OpenAuRow row = evaluate(signals);
  row.warming_up = recent_count_ < kWarmUp && marked_.offered == 0;
  return row;
}

OpenNeutral OpenAus::liveNeutral() {
  if (marked_.offered > 0) return finder_.median(marked_.frames);
  const OpenNeutral personal = clampNeutral(finder_.find(recent_).neutral);
  const auto count = static_cast<float>(recent_.size());
  return blend(personal, populationNeutral(), count / (count + kHalfWayFrames));
}

OpenAuRow OpenAus::evaluate(const OpenSignals& signals) {
  OpenAuRow row;
  if (!(signals.score > 0)) {
    lost();
    return row;
  }
  row.right = openIntensities(signals, neutral_, Side::kRight);
  row.left = openIntensities(signals, neutral_, Side::kLeft);
  const float yaw = std::abs(signals.yaw);
  const float pitch = std::abs(signals.pitch);
  const bool frontal = yaw <= kFullYaw && pitch <= kFullPitch;
  const bool turned = yaw <= kSomeYaw && pitch <= kSomePitch;
  for (std::size_t i = 0; i < kIntensityAus; ++i) {
    // yaw > 0 hides the subject's right side.
    const float near_side = signals.yaw > 0 ? row.left[i] : row.right[i];
    row.intensity[i] = yaw > kFullYaw ? near_side : (row.right[i] + row.left[i]) / 2;
    row.unreliable[i] = !frontal && !(turned && toleratesPose(i));
    if (kIntensityAuNumbers[i] == 4 && yaw > kAu04Yaw) row.unreliable[i] = true;
    const Hysteresis limits = hysteresisOf(i);
    present_[i] = row.intensity[i] >= (present_[i] ? limits.off : limits.on);
    row.presence[kPresenceIndex[i]] = present_[i];
  }
  return row;
}

}  // namespace frontalis
