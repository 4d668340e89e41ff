#pragma once

#include <functional>
#include <memory>
#include <thread>
#include <utility>

#include "frontalis/result.h"
#include "util/bounded_queue.h"
#include "util/thread.h"
#include "util/try.h"

namespace frontalis {

/// Works on values in the order they are given, in a thread of its own, or in the caller's where
/// that is wished or the system gives none.
template <class T>
class OrderedWorker {
 public:
  /// `ahead`: values that may wait for the thread; 0: no thread.
  OrderedWorker(std::size_t ahead, std::function<Status(const T&)> work)
      : ahead_(ahead), work_(std::move(work)) {}
  OrderedWorker(const OrderedWorker&) = delete;
  OrderedWorker& operator=(const OrderedWorker&) = delete;
  ~OrderedWorker() { reset(); }

  /// An error may be that of an earlier value; it stays, and nothing is worked on after it.
  Status take(const T& value) {
    FRONTALIS_TRY(broken_);
    if (ahead_ > 0 && !queue_) start();
    if (ahead_ == 0) return broken_ = work_(value);
    if (queue_->push(value)) return {};
    return finish();
  }

  /// Waits until all is done. Errors: of any value taken.
  Status finish() {
    join();
    if (broken_.ok()) broken_ = worked_;
    return broken_;
  }

  /// Drops what waits and forgets what failed.
  void reset() {
    if (queue_) queue_->abandon();
    join();
    worked_ = broken_ = {};
  }

 private:
  void start() {
    queue_ = std::make_unique<BoundedQueue<T>>(ahead_);
    Result<std::thread> thread = startThread([this] {
      while (const std::optional<T> next = queue_->pop()) {
        worked_ = work_(*next);
        if (!worked_.ok()) queue_->abandon();
      }
    });
    if (thread.ok()) {
      thread_ = *std::move(thread);
    } else {
      ahead_ = 0;
      queue_.reset();
    }
  }

  void join() {
    if (thread_.joinable()) {
      queue_->close();
      thread_.join();
    }
    queue_.reset();
  }

  std::size_t ahead_;
  const std::function<Status(const T&)> work_;
  Status worked_;  // the thread's while it runs
  Status broken_;
  std::unique_ptr<BoundedQueue<T>> queue_;
  std::thread thread_;
};

}  // namespace frontalis
