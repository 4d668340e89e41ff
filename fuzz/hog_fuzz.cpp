#include "appearance/hog_file.h"
#include "fuzz/input.h"

using namespace frontalis;

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const fuzz::MemoryFile file(data, size);
  const Result<HogInfo> info = readHogInfo(file.path());
  if (!info.ok()) return 0;
  fuzz::require(info->good_frames <= info->frames, "no more good frames than frames");
  fuzz::require(static_cast<std::size_t>(info->frames) <= size / 16, "frames that are there");
  return 0;
}
