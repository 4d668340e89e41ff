#include "batch/job_queue.h"

#include <algorithm>
#include <tuple>
#include <utility>

namespace frontalis {
namespace {

bool goesFirst(const BatchJob& a, const BatchJob& b) {
  return std::tie(b.bytes, a.input) < std::tie(a.bytes, b.input);
}

}  // namespace

JobQueue::JobQueue(std::vector<BatchJob> jobs) : jobs_(std::move(jobs)) {
  std::sort(jobs_.begin(), jobs_.end(), goesFirst);
}

std::optional<BatchJob> JobQueue::take(SteadyTime now, std::uint64_t memory, std::uint64_t assumed,
                                       bool nothing_running) {
  const auto found = std::find_if(jobs_.begin(), jobs_.end(), [&](const BatchJob& job) {
    const std::uint64_t need = job.memory > 0 ? job.memory : assumed;
    return job.not_before <= now && (nothing_running || need <= memory);
  });
  if (found == jobs_.end()) return std::nullopt;
  BatchJob job = std::move(*found);
  jobs_.erase(found);
  return job;
}

void JobQueue::putBack(BatchJob job) {
  jobs_.insert(std::lower_bound(jobs_.begin(), jobs_.end(), job, goesFirst), std::move(job));
}

std::uint64_t memoryNeed(int width, int height, int threads) {
  // Networks and libraries; then the decoder's references and the frames on their way, each 4:2:0
  // with up to 10 bits. Measured peaks are half of this at 4K and less below.
  constexpr std::uint64_t kBase = std::uint64_t{256} << 20;
  const std::uint64_t frame = static_cast<std::uint64_t>(std::max(width, 0)) *
                              static_cast<std::uint64_t>(std::max(height, 0)) * 3;
  return kBase + frame * static_cast<std::uint64_t>(8 + 6 * std::max(threads, 1));
}

}  // namespace frontalis
