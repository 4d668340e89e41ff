#include "fuzz/pictures.h"
#include "video/image_reader.h"

using namespace frontalis;

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view bytes = fuzz::bytes(data, size);
  (void)looksLikeImage(bytes.substr(0, 64));
  const int orientation = exifOrientation(bytes);
  fuzz::require(orientation >= 1 && orientation <= 8, "an orientation from 1 to 8");
  const fuzz::MemoryFile file(data, size);
  const Result<ReadImage> image = readImage(file.path(), 1 << 16);
  if (image.ok()) fuzz::usePixels(image->frame);
  return 0;
}
