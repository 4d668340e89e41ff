#pragma once

#include <nanobind/nanobind.h>

#include <atomic>
#include <cstdint>
#include <functional>

namespace frontalis::python {

/// What a long call and the one who waits for it tell each other.
struct Dialogue {
  std::atomic<std::int64_t> frames{0};
  std::atomic<std::int64_t> expected{0};
  std::atomic<bool> stop{false};
};

/// Runs `work` in a thread of its own, without the interpreter's lock, while the caller's thread
/// looks for Ctrl-C and calls progress(frames, expected) about ten times a second. An exception of
/// either sets `stop` and is thrown once the work has ended. What work throws is thrown too.
void runInterruptible(Dialogue& dialogue, const nanobind::object& progress,
                      const std::function<void()>& work);

}  // namespace frontalis::python
