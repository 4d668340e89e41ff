#pragma once

#include <chrono>
#include <cstdint>
#include <string>

namespace frontalis::cli {

/// "1:05:09" or "5:09".
std::string clockText(double seconds);

/// "[######..................]" for .25.
std::string barText(double share);

/// What a long command says of itself on stderr: one line written over on a terminal, else a line
/// from time to time.
class StatusLine {
 public:
  /// How long apart lines are at least.
  StatusLine(bool quiet, std::chrono::milliseconds on_terminal, std::chrono::seconds elsewhere);

  /// Whether it is time for a line: so that none is made in vain.
  bool due();
  void show(const std::string& line);
  void clear();

 private:
  using Clock = std::chrono::steady_clock;

  bool quiet_;
  bool terminal_;
  bool drawn_ = false;
  Clock::duration interval_;
  Clock::time_point last_ = Clock::now();
};

/// Frames, frames/s and time left.
class ProgressLine {
 public:
  ProgressLine(std::string title, bool quiet);

  /// `expected` 0 = unknown.
  void show(std::int64_t frames, std::int64_t expected);
  void finish() { line_.clear(); }

 private:
  using Clock = std::chrono::steady_clock;

  std::string title_;
  StatusLine line_;
  Clock::time_point start_ = Clock::now();
};

}  // namespace frontalis::cli
