#pragma once

#include <filesystem>
#include <memory>
#include <optional>

#include "appearance/hog_file.h"
#include "frontalis/extractor.h"

namespace frontalis {

/// Writes what the linear AU models looked at, as OpenFace does: a .hog file, and aligned faces as
/// `frame_det_00_000001.bmp`, one a frame with a face.
class AppearanceFiles {
 public:
  /// Either path may be empty. Errors: kUnwritable.
  static Result<AppearanceFiles> create(const std::filesystem::path& hog,
                                        const std::filesystem::path& aligned_folder);

  /// Errors: kUnwritable, kDiskFull.
  Status write(const Appearance& appearance);
  /// The .hog file appears under its name.
  Status commit();

 private:
  std::optional<HogWriter> hog_;
  std::filesystem::path aligned_folder_;
};

}  // namespace frontalis
