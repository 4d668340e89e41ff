#include "fuzz/pictures.h"
#include "video/video_reader.h"

using namespace frontalis;

/// A video from a damaged or hostile file: libav behind the project's own limits.
int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const fuzz::MemoryFile file(data, size);
  VideoOptions options;
  options.threads = 1;
  options.max_pixels = 1 << 16;
  Result<VideoReader> reader = VideoReader::open(file.path(), options);
  if (!reader.ok()) return 0;
  double last = -1;
  for (int frames = 0; frames < 32; ++frames) {
    const Result<std::optional<Frame>> frame = reader->next();
    if (!frame.ok() || !*frame) break;
    fuzz::require((*frame)->timestamp_seconds > last, "time stamps that increase");
    last = (*frame)->timestamp_seconds;
    fuzz::require(std::int64_t{(*frame)->width()} * (*frame)->height() <= options.max_pixels,
                  "pictures within the limit");
    fuzz::usePixels(**frame);
  }
  fuzz::require(reader->stats().bytes_read >= 0, "a count of bytes");
  return 0;
}
