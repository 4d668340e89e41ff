#pragma once

#include <sys/types.h>

#include <functional>
#include <string>

#include "frontalis/result.h"
#include "inference/messages.h"

namespace frontalis {

/// The helper process as its user sees it. Started fresh (posix_spawn), in a process group of its
/// own, so that a Ctrl-C at the terminal does not reach it; what it prints goes to the file that
/// FRONTALIS_INFERENCE_LOG names, or nowhere.
class HelperProcess {
 public:
  /// The program that FRONTALIS_INFERENCE names, or frontalis-inference beside this code, in
  /// lib/frontalis of its prefix, or where it was built. Errors: kInference.
  static Result<HelperProcess> start();

  HelperProcess(HelperProcess&& other) noexcept;
  HelperProcess& operator=(HelperProcess&& other) noexcept;
  HelperProcess(const HelperProcess&) = delete;
  HelperProcess& operator=(const HelperProcess&) = delete;
  /// Asks it to end, and ends it when it does not within two seconds.
  ~HelperProcess();

  /// The text of its answer. Errors: kTimeout, kInference (its own error, or how it ended).
  Result<std::string> ask(const Message& request, Deadline deadline);
  /// As ask(), calling `waiting` once when there is no answer by `patience`.
  Result<std::string> ask(const Message& request, Deadline deadline, Deadline patience,
                          const std::function<void()>& waiting);

  /// At once, whatever it does.
  void kill();

 private:
  HelperProcess(pid_t pid, int socket) : pid_(pid), socket_(socket) {}
  /// How it ended, in words; waits up to `limit`.
  std::string reap(std::chrono::milliseconds limit);
  void finish();

  pid_t pid_ = -1;
  int socket_ = -1;
};

}  // namespace frontalis
