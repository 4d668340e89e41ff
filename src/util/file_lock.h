#pragma once

#include <chrono>
#include <filesystem>

#include "frontalis/result.h"

namespace frontalis {

/// An exclusive lock between processes (flock), held until destruction. The lock file stays.
class FileLock {
 public:
  /// Creates the file and its folders. Errors: kTimeout, kUnwritable.
  static Result<FileLock> acquire(const std::filesystem::path& path,
                                  std::chrono::milliseconds timeout);

  FileLock(FileLock&& other) noexcept;
  FileLock& operator=(FileLock&& other) noexcept;
  FileLock(const FileLock&) = delete;
  FileLock& operator=(const FileLock&) = delete;
  ~FileLock();

 private:
  explicit FileLock(int descriptor) : descriptor_(descriptor) {}
  int descriptor_ = -1;
};

}  // namespace frontalis
