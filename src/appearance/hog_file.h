#pragma once

#include <cstdint>
#include <cstdio>
#include <filesystem>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "appearance/fhog.h"
#include "frontalis/result.h"
#include "util/file.h"

namespace frontalis {

/// OpenFace's .hog file (spec pipeline 5): frames back to back, no header; each int32 columns,
/// rows, channels, float32 flag (1 good, -1 not), then the values of Fhog.

/// Writes one frame after the other; the file appears under its name with commit().
class HogWriter {
 public:
  /// Errors: kUnwritable.
  static Result<HogWriter> create(const std::filesystem::path& path);

  /// `good`: landmarks were found. Errors: kDiskFull, kUnwritable.
  Status write(bool good, std::span<const float, kFhogSize> values);
  Status commit();

 private:
  explicit HogWriter(AtomicFile file) : file_(std::move(file)) {}
  AtomicFile file_;
};

struct HogFrame {
  bool good = false;
  std::vector<float> values;  ///< (row * columns + column) * channels + channel
};

/// Reads one frame after the other. A file's frames must all have one size.
class HogReader {
 public:
  /// Errors: kNotFound, kUnreadable, kCorrupt (empty, or no frame header at the start).
  static Result<HogReader> open(const std::filesystem::path& path);

  [[nodiscard]] int columns() const { return columns_; }
  [[nodiscard]] int rows() const { return rows_; }
  [[nodiscard]] int channels() const { return channels_; }
  /// From the file's size; reading may still find one of them malformed.
  [[nodiscard]] std::int64_t frames() const { return frames_; }

  /// The next frame into `frame` (its memory is used again); false at the end. Errors: kCorrupt
  /// naming frame and offset (another size than the first's, a flag that is not 1 or -1, a value
  /// that is not finite, a cut file), kUnreadable.
  Result<bool> next(HogFrame& frame);

 private:
  using File = std::unique_ptr<std::FILE, int (*)(std::FILE*)>;
  HogReader(File file, std::string name) : file_(std::move(file)), name_(std::move(name)) {}
  [[nodiscard]] Error corrupt(const std::string& what) const;
  [[nodiscard]] std::int64_t frameBytes() const;

  File file_;
  std::string name_;
  int columns_ = 0, rows_ = 0, channels_ = 0;
  std::int64_t frames_ = 0;
  std::int64_t read_ = 0;
};

/// What `frontalis hog info` tells.
struct HogInfo {
  int columns = 0, rows = 0, channels = 0;
  std::int64_t frames = 0;
  std::int64_t good_frames = 0;
  float smallest = 0, largest = 0;  ///< over the good frames
};

/// Reads and checks the whole file. Errors: as HogReader.
Result<HogInfo> readHogInfo(const std::filesystem::path& path);

}  // namespace frontalis
