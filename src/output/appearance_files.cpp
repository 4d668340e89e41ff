#include "output/appearance_files.h"

#include <array>
#include <charconv>
#include <cstdio>
#include <system_error>

#include "util/try.h"
#include "video/image_writer.h"

namespace frontalis {
namespace {

constexpr const char* kAlignedPrefix = "frame_det_00_";

std::string geometryHeader() {
  std::string line = "frame,success,p_scale,p_rx,p_ry,p_rz,p_tx,p_ty";
  for (int k = 0; k < 34; ++k) line += ",p_" + std::to_string(k);
  for (const char* axis : {",X_", ",Y_", ",Z_"}) {
    for (std::size_t i = 0; i < kLandmarks; ++i) line += axis + std::to_string(i);
  }
  return line + "\n";
}

void add(std::string& line, double value) {
  std::array<char, 32> text;
  const auto end =
      std::to_chars(text.data(), text.data() + text.size(), value, std::chars_format::general, 7);
  line += ',';
  line.append(text.data(), end.ptr);
}

std::string geometryLine(const Appearance& seen) {
  std::string line = std::to_string(seen.frame) + (seen.success ? ",1" : ",0");
  const ShapeParameters& s = seen.shape;
  for (const float v : {s.scale, s.rx, s.ry, s.rz, s.tx, s.ty}) add(line, v);
  for (const float v : s.local) add(line, v);
  for (const double v : seen.geometry.first(3 * kLandmarks)) add(line, v);
  return line + "\n";
}

}  // namespace

Result<AppearanceFiles> AppearanceFiles::create(const std::filesystem::path& hog,
                                                const std::filesystem::path& aligned_folder,
                                                const std::filesystem::path& geometry) {
  AppearanceFiles files;
  if (!hog.empty()) {
    FRONTALIS_ASSIGN(files.hog_, HogWriter::create(hog));
  }
  if (!geometry.empty()) {
    FRONTALIS_ASSIGN(files.geometry_, AtomicFile::create(geometry));
    FRONTALIS_TRY(files.geometry_->write(geometryHeader()));
  }
  if (!aligned_folder.empty()) {
    std::error_code error;
    std::filesystem::create_directories(aligned_folder, error);
    if (error) {
      return Error{ErrorCode::kUnwritable,
                   "cannot create folder " + aligned_folder.string() + ": " + error.message()};
    }
    files.aligned_folder_ = aligned_folder;
    for (const auto& entry : std::filesystem::directory_iterator(aligned_folder, error)) {
      const std::string name = entry.path().filename().string();
      if (name.starts_with(kAlignedPrefix) && name.ends_with(".bmp")) files.earlier_.insert(name);
    }
  }
  return files;
}

Status AppearanceFiles::write(const Appearance& appearance) {
  if (hog_) {
    FRONTALIS_TRY(hog_->write(
        appearance.success, std::span<const float, kFhogSize>(appearance.fhog.data(), kFhogSize)));
  }
  if (geometry_) FRONTALIS_TRY(geometry_->write(geometryLine(appearance)));
  if (aligned_folder_.empty() || !appearance.success) return {};
  char name[40];
  std::snprintf(name, sizeof(name), "%s%06lld.bmp", kAlignedPrefix,
                static_cast<long long>(appearance.frame));
  earlier_.erase(name);
  return writeImage(aligned_folder_ / name,
                    ImageView{appearance.aligned.data(), 3 * appearance.aligned_size,
                              appearance.aligned_size, appearance.aligned_size, 3});
}

Status AppearanceFiles::commit() {
  for (const std::string& name : earlier_) {
    std::error_code ignored;
    std::filesystem::remove(aligned_folder_ / name, ignored);
  }
  if (hog_) FRONTALIS_TRY(hog_->commit());
  return geometry_ ? geometry_->commit() : Status();
}

}  // namespace frontalis
