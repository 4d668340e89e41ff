#pragma once

#include <filesystem>
#include <string>

#include "frontalis/result.h"
#include "image/image.h"

namespace frontalis {

/// A file's bytes for a grey or B, G, R image; `extension` is ".png", ".jpg", ".jpeg" or ".bmp".
/// Errors: kInvalidArgument (extension, empty image), kUnsupported (no encoder).
Result<std::string> encodeImage(const ImageView& image, const std::string& extension);

/// Encodes by the name's extension; the file appears complete or not at all. Errors: those of
/// encodeImage(), kUnwritable, kDiskFull.
Status writeImage(const std::filesystem::path& path, const ImageView& image);

}  // namespace frontalis
