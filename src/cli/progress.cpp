#include "cli/progress.h"

#include <unistd.h>

#include <algorithm>
#include <cstdio>

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

ProgressLine::ProgressLine(std::string title, bool quiet)
    : title_(std::move(title)), quiet_(quiet), terminal_(::isatty(STDERR_FILENO) != 0) {}

void ProgressLine::show(std::int64_t frames, std::int64_t expected) {
  if (quiet_) return;
  const Clock::time_point now = Clock::now();
  const auto interval =
      terminal_ ? std::chrono::milliseconds(100) : std::chrono::milliseconds(10'000);
  if (now - last_ < interval) return;
  last_ = now;
  const double seconds = std::chrono::duration<double>(now - start_).count();
  const double rate = static_cast<double>(frames) / seconds;
  std::string line = title_ + "  " + std::to_string(frames);
  if (expected > 0) {
    const double share = std::min(1.0, static_cast<double>(frames) / static_cast<double>(expected));
    constexpr int kWidth = 24;
    const int filled = static_cast<int>(share * kWidth);
    line += "/" + std::to_string(expected) + "  [" +
            std::string(static_cast<std::size_t>(filled), '#') +
            std::string(static_cast<std::size_t>(kWidth - filled), '.') + "]";
    if (rate > 0) {
      line +=
          "  " + clockText(std::max(0.0, static_cast<double>(expected - frames) / rate)) + " left";
    }
  }
  char speed[32];
  std::snprintf(speed, sizeof(speed), "  %.0f frames/s", rate);
  line += speed;
  if (terminal_) {
    std::fprintf(stderr, "\r\033[K%s", line.c_str());
    std::fflush(stderr);
    drawn_ = true;
  } else {
    std::fprintf(stderr, "%s\n", line.c_str());
  }
}

void ProgressLine::finish() {
  if (drawn_) std::fprintf(stderr, "\r\033[K");
  drawn_ = false;
}

}  // namespace frontalis::cli
