#include "util/stage_timer.h"

#include <algorithm>
#include <cmath>

namespace frontalis {
namespace {

constexpr double kShortestMs = 1e-4;
constexpr double kGrowth = 1.05;

}  // namespace

void DurationHistogram::add(double ms) {
  const double position = std::log(std::max(ms, kShortestMs) / kShortestMs) / std::log(kGrowth);
  ++buckets_[std::min(static_cast<std::size_t>(position), kBuckets - 1)];
  ++count_;
  total_ms_ += ms;
}

void DurationHistogram::merge(const DurationHistogram& other) {
  for (std::size_t i = 0; i < kBuckets; ++i) buckets_[i] += other.buckets_[i];
  count_ += other.count_;
  total_ms_ += other.total_ms_;
}

double DurationHistogram::quantileMs(double q) const {
  const auto target = static_cast<std::int64_t>(std::ceil(q * static_cast<double>(count_)));
  std::int64_t below = 0;
  for (std::size_t i = 0; i < kBuckets; ++i) {
    below += buckets_[i];
    if (below >= target && below > 0) {
      return kShortestMs * std::pow(kGrowth, static_cast<double>(i) + 0.5);
    }
  }
  return 0;
}

std::size_t StageTimer::stage(std::string_view name) {
  const auto found =
      std::find_if(stages_.begin(), stages_.end(), [&](const Stage& s) { return s.name == name; });
  if (found != stages_.end()) return static_cast<std::size_t>(found - stages_.begin());
  stages_.push_back({std::string(name), {}});
  return stages_.size() - 1;
}

void StageTimer::merge(const StageTimer& other) {
  for (const Stage& from : other.stages_) stages_[stage(from.name)].durations.merge(from.durations);
}

}  // namespace frontalis
