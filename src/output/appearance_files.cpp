#include "output/appearance_files.h"

#include <cstdio>
#include <system_error>

#include "util/try.h"
#include "video/image_writer.h"

namespace frontalis {

Result<AppearanceFiles> AppearanceFiles::create(const std::filesystem::path& hog,
                                                const std::filesystem::path& aligned_folder) {
  AppearanceFiles files;
  if (!hog.empty()) {
    FRONTALIS_ASSIGN(files.hog_, HogWriter::create(hog));
  }
  if (!aligned_folder.empty()) {
    std::error_code error;
    std::filesystem::create_directories(aligned_folder, error);
    if (error) {
      return Error{ErrorCode::kUnwritable,
                   "cannot create folder " + aligned_folder.string() + ": " + error.message()};
    }
    files.aligned_folder_ = aligned_folder;
  }
  return files;
}

Status AppearanceFiles::write(const Appearance& appearance) {
  if (hog_) {
    FRONTALIS_TRY(hog_->write(
        appearance.success, std::span<const float, kFhogSize>(appearance.fhog.data(), kFhogSize)));
  }
  if (aligned_folder_.empty() || !appearance.success) return {};
  char name[40];
  std::snprintf(name, sizeof(name), "frame_det_00_%06lld.bmp",
                static_cast<long long>(appearance.frame));
  return writeImage(aligned_folder_ / name, ImageView{appearance.aligned.data(), 3 * kFhogImageSize,
                                                      kFhogImageSize, kFhogImageSize, 3});
}

Status AppearanceFiles::commit() { return hog_ ? hog_->commit() : Status(); }

}  // namespace frontalis
