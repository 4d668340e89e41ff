#pragma once

#include <array>
#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace frontalis {

/// Durations of one stage in fixed memory: counts in logarithmic buckets of 5 %.
class DurationHistogram {
 public:
  void add(double ms);
  void merge(const DurationHistogram& other);
  [[nodiscard]] std::int64_t count() const { return count_; }
  [[nodiscard]] double totalMs() const { return total_ms_; }
  /// Duration in ms that a share `q` (0..1) of all stays below, within 5 %.
  [[nodiscard]] double quantileMs(double q) const;

 private:
  static constexpr std::size_t kBuckets = 400;  // 0.1 us to 30 s
  std::array<std::uint32_t, kBuckets> buckets_{};
  std::int64_t count_ = 0;
  double total_ms_ = 0;
};

/// How long each stage takes; stages are named once and timed by scope. Not thread-safe: one per
/// thread, merged at the end.
class StageTimer {
 public:
  class Scope {
   public:
    Scope(StageTimer& timer, std::size_t stage)
        : timer_(timer), stage_(stage), start_(std::chrono::steady_clock::now()) {}
    ~Scope() {
      timer_.stages_[stage_].durations.add(
          std::chrono::duration<double, std::milli>(std::chrono::steady_clock::now() - start_)
              .count());
    }
    Scope(const Scope&) = delete;
    Scope& operator=(const Scope&) = delete;

   private:
    StageTimer& timer_;
    std::size_t stage_;
    std::chrono::steady_clock::time_point start_;
  };

  struct Stage {
    std::string name;
    DurationHistogram durations;
  };

  /// The stage's number for time(); a name already known keeps its number.
  std::size_t stage(std::string_view name);
  [[nodiscard]] Scope time(std::size_t stage) { return {*this, stage}; }
  [[nodiscard]] const std::vector<Stage>& stages() const { return stages_; }
  void merge(const StageTimer& other);

 private:
  std::vector<Stage> stages_;
};

}  // namespace frontalis
