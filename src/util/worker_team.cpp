#include "util/worker_team.h"

#include "util/thread.h"

namespace frontalis {
namespace {

// Looks before going to sleep, some 20 µs: the next job of the same frame mostly comes sooner.
constexpr int kLooks = 500;

void pause() {
#if defined(__x86_64__)
  __builtin_ia32_pause();
#endif
}

}  // namespace

WorkerTeam::WorkerTeam(int members) {
  for (int member = 1; member < members; ++member) {
    Result<std::thread> thread = startThread([this, member] { work(member); });
    if (!thread.ok()) break;
    threads_.push_back(*std::move(thread));
  }
}

WorkerTeam::~WorkerTeam() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
    jobs_.fetch_add(1);
  }
  begun_.notify_all();
  for (std::thread& thread : threads_) thread.join();
}

bool WorkerTeam::doOne(std::unique_lock<std::mutex>& lock, int member) {
  if (next_ >= count_) return false;
  const int index = next_++;
  const Call call = call_;
  void* const context = context_;
  lock.unlock();
  call(context, index, member);
  lock.lock();
  if (unfinished_.fetch_sub(1) == 1) finished_.notify_one();
  return true;
}

void WorkerTeam::run(int count, void* context, Call call) {
  std::unique_lock lock(mutex_);
  call_ = call;
  context_ = context;
  count_ = count;
  next_ = 0;
  unfinished_.store(count);
  jobs_.fetch_add(1);
  if (!threads_.empty() && count > 1) begun_.notify_all();
  while (doOne(lock, 0)) {
  }
  // Others are at most in the middle of one task each.
  lock.unlock();
  for (int look = 0; look < kLooks && unfinished_.load() != 0; ++look) pause();
  lock.lock();
  finished_.wait(lock, [&] { return unfinished_.load() == 0; });
}

void WorkerTeam::work(int member) {
  unsigned seen = 0;
  while (true) {
    for (int look = 0; look < kLooks && jobs_.load() == seen; ++look) pause();
    std::unique_lock lock(mutex_);
    begun_.wait(lock, [&] { return jobs_.load() != seen; });
    if (stopping_) return;
    seen = jobs_.load();
    while (doOne(lock, member)) {
    }
  }
}

}  // namespace frontalis
