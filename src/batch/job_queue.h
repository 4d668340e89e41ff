#pragma once

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <optional>
#include <vector>

namespace frontalis {

using SteadyTime = std::chrono::steady_clock::time_point;

/// A video that waits to be extracted.
struct BatchJob {
  std::filesystem::path input, output;
  std::uint64_t bytes = 0;    ///< of the input
  std::int64_t mtime_ns = 0;  ///< of the input
  int earlier = 0;            ///< attempts of earlier runs
  int tries = 0;              ///< attempts of this run
  std::uint64_t memory = 0;   ///< bytes it will need; 0: not known yet
  SteadyTime not_before{};
};

/// Jobs that wait, largest first.
class JobQueue {
 public:
  explicit JobQueue(std::vector<BatchJob> jobs);

  /// The first whose time has come and that needs no more than `memory` (with `assumed` for those
  /// whose need is not known); any when nothing else is running.
  std::optional<BatchJob> take(SteadyTime now, std::uint64_t memory, std::uint64_t assumed,
                               bool nothing_running);
  void putBack(BatchJob job);

  [[nodiscard]] bool empty() const { return jobs_.empty(); }
  [[nodiscard]] std::size_t size() const { return jobs_.size(); }

 private:
  std::vector<BatchJob> jobs_;
};

/// Memory (bytes) that extracting pictures of this size takes, on the safe side.
std::uint64_t memoryNeed(int width, int height, int threads);

}  // namespace frontalis
