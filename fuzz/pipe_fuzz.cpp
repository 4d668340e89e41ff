#include <array>

#include "fuzz/pictures.h"
#include "video/live_source.h"

using namespace frontalis;

/// What somebody sends to `live` through its standard input.
int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  std::array<int, 2> ends{};
  fuzz::require(::pipe(ends.data()) == 0, "a pipe");
  const bool whole = ::write(ends[1], data, size) == static_cast<ssize_t>(size);
  ::close(ends[1]);
  fuzz::require(whole && ::dup2(ends[0], STDIN_FILENO) == STDIN_FILENO, "a pipe that holds it");
  ::close(ends[0]);
  const auto source = LiveSource::open("-", {});
  if (!source.ok()) return 0;
  double last = -1;
  for (int frames = 0; frames < 32; ++frames) {
    const Result<std::optional<LiveFrame>> next = (*source)->next();
    if (!next.ok() || !*next) break;
    const Frame& frame = (*next)->frame;
    fuzz::require(frame.timestamp_seconds > last, "time stamps that increase");
    last = frame.timestamp_seconds;
    if (std::int64_t{frame.width()} * frame.height() <= 1 << 16) fuzz::usePixels(frame);
  }
  return 0;
}
