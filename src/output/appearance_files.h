#pragma once

#include <filesystem>
#include <memory>
#include <optional>
#include <set>
#include <string>

#include "appearance/hog_file.h"
#include "frontalis/extractor.h"
#include "util/file.h"

namespace frontalis {

/// Writes what the linear AU models looked at, as OpenFace does: a .hog file, and aligned faces as
/// `frame_det_00_000001.bmp`, one a frame with a face; and a table of the face model's parameters
/// (`p_*`) and the geometry descriptor: what the parameters move, mm (`X_`, `Y_`, `Z_`).
class AppearanceFiles {
 public:
  /// Each path may be empty. Errors: kUnwritable.
  static Result<AppearanceFiles> create(const std::filesystem::path& hog,
                                        const std::filesystem::path& aligned_folder,
                                        const std::filesystem::path& geometry);

  /// Errors: kUnwritable, kDiskFull.
  Status write(const Appearance& appearance);
  /// The files appear under their names.
  Status commit();

 private:
  std::optional<HogWriter> hog_;
  std::optional<AtomicFile> geometry_;
  std::filesystem::path aligned_folder_;
  std::set<std::string> earlier_;  // aligned faces of another run, to go when this one is complete
};

}  // namespace frontalis
