#pragma once

#include <atomic>
#include <condition_variable>
#include <mutex>
#include <thread>
#include <vector>

namespace frontalis {

/// Threads that share the tasks of one frame; they sleep in between. One caller at a time.
class WorkerTeam {
 public:
  /// `members`: threads that work, the caller among them; at least 1. Fewer where the system gives
  /// no more.
  explicit WorkerTeam(int members);
  WorkerTeam(const WorkerTeam&) = delete;
  WorkerTeam& operator=(const WorkerTeam&) = delete;
  ~WorkerTeam();

  [[nodiscard]] int members() const { return static_cast<int>(threads_.size()) + 1; }

  /// Calls task(index, member) once for every index below `count`, each in any order on any member
  /// (0 is the caller), and returns when all are done. Tasks must not throw. Does not allocate.
  template <class Task>
  void run(int count, Task& task) {
    run(count, &task, [](void* context, int index, int member) {
      (*static_cast<Task*>(context))(index, member);
    });
  }

 private:
  using Call = void (*)(void* context, int index, int member);

  void run(int count, void* context, Call call);
  void work(int member);
  /// False when no task is left to begin.
  bool doOne(std::unique_lock<std::mutex>& lock, int member);

  std::vector<std::thread> threads_;
  std::mutex mutex_;
  std::condition_variable begun_;
  std::condition_variable finished_;

  // The job in hand, under mutex_; the atomics are also looked at without it while waiting.
  Call call_ = nullptr;
  void* context_ = nullptr;
  int count_ = 0;
  int next_ = 0;
  bool stopping_ = false;
  std::atomic<int> unfinished_{0};
  std::atomic<unsigned> jobs_{0};
};

}  // namespace frontalis
