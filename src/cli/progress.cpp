#include "cli/progress.h"

#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <utility>

namespace frontalis::cli {

std::string clockText(double seconds) {
  const auto s = static_cast<long long>(seconds + 0.5);
  char text[32];
  if (s >= 3600) {
    std::snprintf(text, sizeof(text), "%lld:%02lld:%02lld", s / 3600, s / 60 % 60, s % 60);
  } else {
    std::snprintf(text, sizeof(text), "%lld:%02lld", s / 60, s % 60);
  }
  return text;
}

std::string barText(double share) {
  constexpr int kWidth = 24;
  const auto filled = static_cast<std::size_t>(std::clamp(share, 0.0, 1.0) * kWidth);
  return "[" + std::string(filled, '#') + std::string(kWidth - filled, '.') + "]";
}

StatusLine::StatusLine(bool quiet, std::chrono::milliseconds on_terminal,
                       std::chrono::seconds elsewhere)
    : quiet_(quiet), terminal_(::isatty(STDERR_FILENO) != 0), interval_(elsewhere) {
  if (terminal_) interval_ = on_terminal;
}

bool StatusLine::due() {
  const Clock::time_point now = Clock::now();
  if (quiet_ || now - last_ < interval_) return false;
  last_ = now;
  return true;
}

void StatusLine::show(const std::string& line) {
  std::fprintf(stderr, terminal_ ? "\r\033[K%s" : "%s\n", line.c_str());
  std::fflush(stderr);
  drawn_ = terminal_;
}

void StatusLine::clear() {
  if (drawn_) std::fprintf(stderr, "\r\033[K");
  drawn_ = false;
}

ProgressLine::ProgressLine(std::string title, bool quiet)
    : title_(std::move(title)),
      line_(quiet, std::chrono::milliseconds(100), std::chrono::seconds(10)) {}

void ProgressLine::show(std::int64_t frames, std::int64_t expected) {
  if (!line_.due()) return;
  const double seconds = std::chrono::duration<double>(Clock::now() - start_).count();
  const double rate = static_cast<double>(frames) / seconds;
  std::string line = title_ + "  " + std::to_string(frames);
  if (expected > 0) {
    line += "/" + std::to_string(expected) + "  " +
            barText(static_cast<double>(frames) / static_cast<double>(expected));
    if (rate > 0) {
      line +=
          "  " + clockText(std::max(0.0, static_cast<double>(expected - frames) / rate)) + " left";
    }
  }
  char speed[32];
  std::snprintf(speed, sizeof(speed), "  %.0f frames/s", rate);
  line_.show(line + speed);
}

}  // namespace frontalis::cli
