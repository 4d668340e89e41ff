#pragma once

#include <cstddef>
#include <cstdio>
#include <filesystem>
#include <span>
#include <string>
#include <string_view>

#include "frontalis/result.h"

namespace frontalis {

/// Whole file as bytes. Errors: kNotFound, kUnreadable (also a folder, or above `max_bytes`).
Result<std::string> readFile(const std::filesystem::path& path,
                             std::size_t max_bytes = std::size_t{1} << 31);

/// Whether a path that a file names stays in the folder it is taken to be in: neither empty nor
/// absolute, without ".." and NUL.
bool staysInside(const std::filesystem::path& relative);

/// A file that appears under its final name only when complete: written in the same folder without
/// a name where the system can (so that a killed process leaves nothing), else under a temporary
/// one; flushed, renamed by commit(), removed when dropped uncommitted.
class AtomicFile {
 public:
  /// Creates missing parent folders. Errors: kUnwritable.
  static Result<AtomicFile> create(const std::filesystem::path& final_path);

  AtomicFile(AtomicFile&& other) noexcept;
  AtomicFile& operator=(AtomicFile&& other) noexcept;
  AtomicFile(const AtomicFile&) = delete;
  AtomicFile& operator=(const AtomicFile&) = delete;
  ~AtomicFile();

  /// Buffered. Errors: kDiskFull, kUnwritable.
  Status write(std::string_view bytes);
  /// Errors: kDiskFull, kUnwritable; the final name is then untouched.
  Status commit();

  /// By which this process can open it until it is committed.
  [[nodiscard]] std::filesystem::path temporaryPath() const;
  [[nodiscard]] const std::filesystem::path& finalPath() const { return final_; }

 private:
  AtomicFile(std::FILE* file, bool nameless, std::filesystem::path temporary,
             std::filesystem::path final_path);
  Status failure() const;

  std::FILE* file_ = nullptr;
  bool nameless_ = false;            // has `temporary_` only just before it is renamed
  std::filesystem::path temporary_;  // empty: nothing is there to be removed
  std::filesystem::path final_;
};

/// kInvalidArgument where `output` is one of `inputs`, which writing it would destroy.
Status checkOutput(const std::filesystem::path& output,
                   std::span<const std::filesystem::path> inputs);

/// write + commit in one.
Status writeFile(const std::filesystem::path& path, std::string_view bytes);

}  // namespace frontalis
