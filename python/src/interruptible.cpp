#include "interruptible.h"

#include <chrono>
#include <condition_variable>
#include <exception>
#include <mutex>
#include <thread>

namespace nb = nanobind;

namespace frontalis::python {
namespace {

constexpr std::chrono::milliseconds kLookEvery{100};

}  // namespace

void runInterruptible(Dialogue& dialogue, const nb::object& progress,
                      const std::function<void()>& work) {
  std::mutex mutex;
  std::condition_variable ended;
  bool done = false;
  std::exception_ptr of_work;
  std::exception_ptr of_caller;
  std::int64_t told = -1;

  const auto tell = [&] {
    const std::int64_t frames = dialogue.frames;
    if (progress.is_none() || frames == told) return;
    told = frames;
    progress(frames, dialogue.expected.load());
  };
  {
    const nb::gil_scoped_release release;
    std::thread worker([&] {
      try {
        work();
      } catch (...) {
        of_work = std::current_exception();
      }
      const std::lock_guard lock(mutex);
      done = true;
      ended.notify_one();
    });
    std::unique_lock lock(mutex);
    while (!ended.wait_for(lock, kLookEvery, [&] { return done; })) {
      if (of_caller) continue;
      lock.unlock();
      {
        const nb::gil_scoped_acquire acquire;
        try {
          if (PyErr_CheckSignals() != 0) throw nb::python_error();
          tell();
        } catch (...) {
          of_caller = std::current_exception();
          dialogue.stop = true;
        }
      }
      lock.lock();
    }
    lock.unlock();
    worker.join();
  }
  if (of_caller) std::rethrow_exception(of_caller);
  if (of_work) std::rethrow_exception(of_work);
  tell();
}

}  // namespace frontalis::python
