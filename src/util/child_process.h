#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "frontalis/result.h"

namespace frontalis {

/// How a process ended.
struct ProcessEnd {
  int exit_code = -1;            ///< when `signal` is 0
  int signal = 0;                ///< that ended it
  std::uint64_t peak_bytes = 0;  ///< most memory it held
};

/// A program started fresh, never a fork of this one: in a process group of its own (the terminal's
/// Ctrl-C does not reach it), all signals at their defaults, standard input and output empty.
/// Killed and waited for when dropped.
class ChildProcess {
 public:
  /// In the child descriptor 3 is the writing end of `report()`. Errors: kInternal.
  static Result<ChildProcess> start(const std::filesystem::path& program,
                                    const std::vector<std::string>& arguments);

  ChildProcess(ChildProcess&& other) noexcept;
  ChildProcess& operator=(ChildProcess&& other) noexcept;
  ChildProcess(const ChildProcess&) = delete;
  ChildProcess& operator=(const ChildProcess&) = delete;
  ~ChildProcess();

  /// Reading ends, non-blocking: of descriptor 3 and of standard error.
  [[nodiscard]] int report() const { return report_; }
  [[nodiscard]] int errors() const { return errors_; }

  /// To its whole group.
  void signal(int number) const;
  /// By SIGKILL.
  void kill() const;
  /// Nothing while it runs. After it ended: how, once.
  std::optional<ProcessEnd> end();
  /// Memory it holds now; 0 where the system does not tell.
  [[nodiscard]] std::uint64_t residentBytes() const;

 private:
  ChildProcess() = default;

  int pid_ = -1;
  int report_ = -1;
  int errors_ = -1;
};

/// Adds what can be read from a non-blocking descriptor to `text`; false at its end.
bool readAvailable(int descriptor, std::string& text);

}  // namespace frontalis
