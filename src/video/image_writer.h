#pragma once

#include <filesystem>

#include "frontalis/result.h"
#include "image/image.h"

namespace frontalis {

/// Writes a grey or BGR picture as .bmp, .png or .jpg, by the path's extension; the file appears
/// under its name only when complete. Errors: kInvalidArgument (empty picture, other extension),
/// kUnwritable, kDiskFull, kInternal (the encoder failed).
Status writeImage(const std::filesystem::path& path, const ImageView& image);

}  // namespace frontalis
