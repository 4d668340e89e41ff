#pragma once

#include <chrono>
#include <future>
#include <system_error>
#include <thread>
#include <utility>

#include "frontalis/result.h"

namespace frontalis {

/// A thread that runs `body`, which must not throw. Errors: kOutOfMemory.
template <class Body>
Result<std::thread> startThread(Body body) {
  try {
    return std::thread(std::move(body));
  } catch (const std::system_error& error) {
    return Error{ErrorCode::kOutOfMemory,
                 std::string("the system gives no more threads: ") + error.what(),
                 "Allow the process more memory and threads, or use --threads 1"};
  }
}

/// What `job` gives, run in a thread of its own; a job that takes longer than `limit` is left to
/// itself, so it must own all that it touches. Errors: `late`, kOutOfMemory, the job's.
template <class Job, class Value = std::invoke_result_t<Job>>
Value within(std::chrono::duration<double> limit, const Error& late, Job job) {
  std::packaged_task<Value()> task(std::move(job));
  std::future<Value> result = task.get_future();
  Result<std::thread> thread = startThread(std::move(task));
  if (!thread.ok()) return thread.error();
  if (result.wait_for(limit) != std::future_status::ready) {
    thread->detach();
    return late;
  }
  thread->join();
  return result.get();
}

}  // namespace frontalis
