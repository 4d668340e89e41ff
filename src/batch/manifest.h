#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "frontalis/result.h"
#include "util/file_lock.h"

namespace frontalis {

// The records of a batch's manifest; fields as in docs/batch.md.

struct RunRecord {
  std::string time;
  std::string frontalis;
  std::string pack, pack_version, pack_sha256;
  std::vector<std::string> arguments;
  std::vector<std::filesystem::path> inputs;
  int jobs = 1, threads = 1;
  bool redo = false;
};

enum class VideoState { kRunning, kDone, kDamaged, kFailed, kInterrupted };
std::string_view stateName(VideoState state);

struct WrittenFile {
  std::filesystem::path path;  ///< relative to the output folder
  std::uint64_t bytes = 0;
};

struct VideoRecord {
  std::filesystem::path input;   ///< absolute
  std::filesystem::path output;  ///< relative to the output folder
  VideoState state = VideoState::kRunning;
  int attempt = 1;
  std::string time;
  std::uint64_t bytes = 0;
  std::int64_t mtime_ns = 0;
  std::string worker;
  std::string sha256;
  std::vector<WrittenFile> files;
  std::int64_t frames = 0, frames_with_face = 0;
  double seconds = 0;
  std::int64_t peak_mb = 0;
  std::string code, message;
  std::vector<std::string> warnings;

  [[nodiscard]] bool written() const {
    return state == VideoState::kDone || state == VideoState::kDamaged;
  }
};

/// One line with its newline.
std::string toLine(const RunRecord& record);
std::string toLine(const VideoRecord& record);

/// What the lines of a manifest say.
struct ManifestContent {
  std::optional<RunRecord> run;                       ///< the last
  std::map<std::filesystem::path, VideoRecord> last;  ///< of each input, since the last redo
  std::size_t size = 0;                               ///< bytes up to the last newline
  std::vector<std::string> warnings;                  ///< lines that could not be read
};
/// Takes any bytes; what is no record is named in the warnings, a torn last line is left out.
ManifestContent parseManifest(std::string_view text, const std::string& name);

/// OUT/manifest.jsonl, held alone: only appended to, each record on the disk before append returns.
class Manifest {
 public:
  /// Creates the folder, takes the lock, reads what is there and cuts off a torn last line.
  /// Errors: kTimeout (another batch works here), kUnwritable, kUnreadable.
  static Result<Manifest> open(const std::filesystem::path& out);

  Manifest(Manifest&& other) noexcept;
  Manifest& operator=(Manifest&& other) noexcept;
  Manifest(const Manifest&) = delete;
  Manifest& operator=(const Manifest&) = delete;
  ~Manifest();

  [[nodiscard]] const ManifestContent& content() const { return content_; }
  /// Videos leave content(), and none is added any more: a batch of many would grow with each.
  void forgetVideos() {
    content_.last.clear();
    keeps_videos_ = false;
  }

  /// Errors: kDiskFull, kUnwritable (also when the file was removed meanwhile).
  Status append(const RunRecord& record);
  Status append(const VideoRecord& record);

  static std::filesystem::path file(const std::filesystem::path& out) {
    return out / "manifest.jsonl";
  }

 private:
  Manifest(FileLock lock, std::filesystem::path path);
  Status write(const std::string& line);

  FileLock lock_;
  std::filesystem::path path_;
  int descriptor_ = -1;
  ManifestContent content_;
  bool keeps_videos_ = true;
};

/// Now, as "2026-11-22T05:40:00Z".
std::string timeText();

}  // namespace frontalis
