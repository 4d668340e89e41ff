#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "frontalis/result.h"
#include "image/frame.h"

namespace frontalis {

/// A picture read from an image file: 8 bit, orientation from EXIF.
struct ReadImage {
  Frame frame;
  std::string codec;     ///< e.g. "mjpeg", "png"
  bool damaged = false;  ///< decoded, but parts are missing or wrong
};

/// JPEG, PNG, BMP, WebP, TIFF, PNM; transparency is dropped, more than 8 bits are reduced to 8.
/// Errors: kNotFound, kUnreadable, kNotAVideo (of none of these kinds), kCorrupt (does not decode),
/// kUnsupported (above max_pixels).
Result<ReadImage> readImage(const std::filesystem::path& path,
                            std::int64_t max_pixels = std::int64_t{1} << 28);

/// Whether the first bytes are those of an image file readImage() knows.
bool looksLikeImage(std::string_view first_bytes);

/// EXIF orientation (1..8) of a JPEG, PNG, WebP or TIFF file's bytes; 1 when there is none or when
/// it is malformed.
int exifOrientation(std::string_view file);

/// Paths of the image files in a folder (by extension, without hidden ones), in natural order:
/// frame2 before frame10. Errors: kUnreadable.
Result<std::vector<std::filesystem::path>> listImages(const std::filesystem::path& folder);

/// Natural order of names: runs of digits by value, letters without case.
bool naturalLess(std::string_view a, std::string_view b);

}  // namespace frontalis
