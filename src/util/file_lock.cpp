#include "util/file_lock.h"

#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <thread>
#include <utility>

namespace frontalis {

namespace {

constexpr std::chrono::milliseconds kPoll{100};

}  // namespace

Result<FileLock> FileLock::acquire(const std::filesystem::path& path,
                                   std::chrono::milliseconds timeout) {
  std::error_code ignored;  // open() tells
  std::filesystem::create_directories(path.parent_path(), ignored);
  const int descriptor = ::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0644);
  if (descriptor < 0) {
    return Error{ErrorCode::kUnwritable, "cannot lock " + path.string() + ": " + strerror(errno),
                 "Choose a folder you may write to"};
  }
  FileLock lock(descriptor);
  const auto deadline = std::chrono::steady_clock::now() + timeout;
  while (::flock(descriptor, LOCK_EX | LOCK_NB) != 0) {
    if (errno != EWOULDBLOCK && errno != EINTR) {
      return Error{ErrorCode::kUnwritable, "cannot lock " + path.string() + ": " + strerror(errno)};
    }
    const auto left = deadline - std::chrono::steady_clock::now();
    if (left <= std::chrono::milliseconds::zero()) {
      return Error{ErrorCode::kTimeout, path.string() + " is held by another process",
                   "Wait for it to end and try again"};
    }
    std::this_thread::sleep_for(std::min<std::chrono::nanoseconds>(kPoll, left));
  }
  return lock;
}

FileLock::FileLock(FileLock&& other) noexcept : descriptor_(std::exchange(other.descriptor_, -1)) {}

FileLock& FileLock::operator=(FileLock&& other) noexcept {
  std::swap(descriptor_, other.descriptor_);
  return *this;
}

FileLock::~FileLock() {
  if (descriptor_ >= 0) ::close(descriptor_);  // closing releases the lock
}

}  // namespace frontalis
