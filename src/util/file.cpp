#include "util/file.h"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <cstring>
#include <system_error>

#include "util/try.h"

namespace frontalis {

namespace fs = std::filesystem;

namespace {

Error systemError(const std::string& what, const fs::path& path, int code) {
  ErrorCode kind = ErrorCode::kUnwritable;
  std::string remedy;
  if (code == ENOSPC || code == EDQUOT) {
    kind = ErrorCode::kDiskFull;
    remedy = "Free space or choose another place";
  } else if (code == EACCES || code == EROFS || code == EPERM) {
    remedy = "Choose a folder you may write to";
  } else if (code == EMFILE || code == ENFILE) {
    remedy = "Allow the process more open files (ulimit -n)";
  } else if (code == EFBIG) {
    remedy = "Allow larger files (ulimit -f)";
  }
  return {kind, what + " " + path.string() + ": " + std::strerror(code), remedy};
}

/// By it a file without a name can be opened and named.
fs::path handleOf(std::FILE* file) { return "/proc/self/fd/" + std::to_string(::fileno(file)); }

/// A new file in a folder, without a name; null where the system or the disk knows no such thing.
std::FILE* openNameless([[maybe_unused]] const fs::path& folder) {
#ifdef O_TMPFILE
  if (::access("/proc/self/fd", X_OK) != 0) return nullptr;
  const int descriptor =
      ::open(folder.empty() ? "." : folder.c_str(), O_TMPFILE | O_WRONLY | O_CLOEXEC, 0666);
  if (descriptor < 0) return nullptr;
  std::FILE* file = ::fdopen(descriptor, "wb");
  if (file == nullptr) ::close(descriptor);
  return file;
#else
  return nullptr;
#endif
}

}  // namespace

Result<std::string> readFile(const fs::path& path, std::size_t max_bytes) {
  std::error_code status_error;
  const fs::file_status status = fs::status(path, status_error);
  if (!fs::exists(status)) {
    return Error{ErrorCode::kNotFound, path.string() + ": no such file"};
  }
  if (fs::is_directory(status)) {
    return Error{ErrorCode::kUnreadable, path.string() + ": is a folder, expected a file"};
  }
  std::FILE* file = std::fopen(path.c_str(), "rb");
  if (file == nullptr) {
    return Error{ErrorCode::kUnreadable, path.string() + ": " + std::strerror(errno)};
  }
  std::string bytes;
  std::string chunk(std::size_t{1} << 16, '\0');
  while (std::feof(file) == 0 && std::ferror(file) == 0 && bytes.size() <= max_bytes) {
    const std::size_t got = std::fread(chunk.data(), 1, chunk.size(), file);
    bytes.append(chunk, 0, got);
  }
  const bool failed = std::ferror(file) != 0;
  std::fclose(file);
  if (failed) return Error{ErrorCode::kUnreadable, path.string() + ": read error"};
  if (bytes.size() > max_bytes) {
    return Error{ErrorCode::kUnreadable, path.string() + ": larger than the " +
                                             std::to_string(max_bytes) + " bytes allowed"};
  }
  return bytes;
}

bool staysInside(const fs::path& relative) {
  if (relative.empty() || relative.has_root_path()) return false;
  if (relative.native().find('\0') != std::string::npos) return false;
  return std::find(relative.begin(), relative.end(), "..") == relative.end();
}

AtomicFile::AtomicFile(std::FILE* file, bool nameless, fs::path temporary, fs::path final_path)
    : file_(file),
      nameless_(nameless),
      temporary_(std::move(temporary)),
      final_(std::move(final_path)) {}

AtomicFile::AtomicFile(AtomicFile&& other) noexcept
    : file_(std::exchange(other.file_, nullptr)),
      nameless_(other.nameless_),
      temporary_(std::exchange(other.temporary_, {})),
      final_(std::move(other.final_)) {}

AtomicFile& AtomicFile::operator=(AtomicFile&& other) noexcept {
  std::swap(file_, other.file_);
  std::swap(nameless_, other.nameless_);
  std::swap(temporary_, other.temporary_);
  std::swap(final_, other.final_);
  return *this;
}

AtomicFile::~AtomicFile() {
  if (file_ != nullptr) std::fclose(file_);
  if (!temporary_.empty()) {
    std::error_code ignored;
    fs::remove(temporary_, ignored);
  }
}

Result<AtomicFile> AtomicFile::create(const fs::path& final_path) {
  static std::atomic<unsigned> counter{0};
  std::error_code status_error;
  if (fs::is_directory(final_path, status_error)) {
    return Error{ErrorCode::kUnwritable,
                 final_path.string() + ": is a folder, expected a file name"};
  }
  if (fs::exists(final_path, status_error) && !fs::is_regular_file(final_path, status_error)) {
    return Error{ErrorCode::kUnwritable, final_path.string() + ": is a device or pipe, not a file",
                 "Name a file; where standard output can be written to, its name is \"-\""};
  }
  if (final_path.has_parent_path()) {
    fs::create_directories(final_path.parent_path(), status_error);
    if (status_error) {
      return systemError("cannot write " + final_path.string() + ": cannot create folder",
                         final_path.parent_path(), status_error.value());
    }
  }
  fs::path temporary = final_path;
  temporary += ".part-" + std::to_string(::getpid()) + "-" + std::to_string(counter++);
  std::FILE* file = openNameless(final_path.parent_path());
  const bool nameless = file != nullptr;
  if (!nameless) file = std::fopen(temporary.c_str(), "wbe");
  if (file == nullptr) return systemError("cannot write", final_path, errno);
  return AtomicFile(file, nameless, std::move(temporary), final_path);
}

fs::path AtomicFile::temporaryPath() const { return nameless_ ? handleOf(file_) : temporary_; }

Status AtomicFile::failure() const { return systemError("cannot write", final_, errno); }

Status AtomicFile::write(std::string_view bytes) {
  if (std::fwrite(bytes.data(), 1, bytes.size(), file_) != bytes.size()) return failure();
  return {};
}

Status AtomicFile::commit() {
  if (std::fflush(file_) != 0) return failure();
  if (nameless_ && ::linkat(AT_FDCWD, handleOf(file_).c_str(), AT_FDCWD, temporary_.c_str(),
                            AT_SYMLINK_FOLLOW) != 0) {
    return failure();
  }
  std::FILE* file = std::exchange(file_, nullptr);
  if (std::fclose(file) != 0) return failure();
  std::error_code error;
  fs::rename(temporary_, final_, error);
  if (error) return systemError("cannot rename into place", final_, error.value());
  temporary_.clear();
  return {};
}

Status checkOutput(const fs::path& output, std::span<const fs::path> inputs) {
  for (const fs::path& input : inputs) {
    std::error_code error;
    if (!fs::equivalent(output, input, error) || error) continue;
    return Error{ErrorCode::kInvalidArgument,
                 output.string() + " is an input: it would be overwritten", "Choose another name"};
  }
  return {};
}

Status writeFile(const fs::path& path, std::string_view bytes) {
  FRONTALIS_ASSIGN(AtomicFile file, AtomicFile::create(path));
  FRONTALIS_TRY(file.write(bytes));
  return file.commit();
}

}  // namespace frontalis
