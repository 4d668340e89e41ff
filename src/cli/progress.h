#pragma once

#include <chrono>
#include <cstdint>
#include <string>

namespace frontalis::cli {

/// "1:05:09" or "5:09".
std::string clockText(double seconds);

/// Frames, frames/s and time left on stderr: one line rewritten on a terminal, else a line every
/// ten seconds.
class ProgressLine {
 public:
  ProgressLine(std::string title, bool quiet);

  /// `expected` 0 = unknown.
  void show(std::int64_t frames, std::int64_t expected);
  /// Clears the line.
  void finish();

 private:
  using Clock = std::chrono::steady_clock;

  std::string title_;
  bool quiet_;
  bool terminal_;
  bool drawn_ = false;
  Clock::time_point start_ = Clock::now();
  Clock::time_point last_ = start_;
};

}  // namespace frontalis::cli
