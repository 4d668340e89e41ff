#pragma once

#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <memory>
#include <optional>
#include <type_traits>

#include "util/try.h"

namespace frontalis {

/// Records of a first pass, kept on disk until the whole video is known, so that memory does not
/// grow with its length. The file has no name: whatever happens, nothing stays behind.
template <class Record>
class Spool {
  static_assert(std::is_trivially_copyable_v<Record>);

 public:
  Status append(const Record& record) {
    if (file_ == nullptr) {
      FRONTALIS_TRY(create());
    }
    if (std::fwrite(&record, sizeof(Record), 1, file_.get()) != 1) {
      return failure("cannot write a temporary file");
    }
    ++size_;
    return {};
  }

  /// From writing to reading, at the first record.
  Status rewind() {
    if (file_ == nullptr) return {};
    if (std::fflush(file_.get()) != 0) return failure("cannot write a temporary file");
    std::rewind(file_.get());
    return {};
  }

  /// The next record; nothing at the end.
  Result<std::optional<Record>> next() {
    if (file_ == nullptr || read_ == size_) return std::optional<Record>();
    Record record;
    if (std::fread(&record, sizeof(Record), 1, file_.get()) != 1) {
      return failure("cannot read back a temporary file");
    }
    ++read_;
    return std::optional<Record>(record);
  }

  [[nodiscard]] std::size_t size() const { return size_; }

 private:
  Status create() {
    std::error_code error;
    std::filesystem::path folder = std::filesystem::temp_directory_path(error);
    if (error) folder = "/tmp";
    std::string name = (folder / "frontalis-XXXXXX").string();
    const int descriptor = ::mkstemp(name.data());
    if (descriptor < 0) return failure("cannot create a temporary file");
    ::unlink(name.c_str());
    file_.reset(::fdopen(descriptor, "w+b"));
    if (file_ == nullptr) {
      const Error error_now = failure("cannot create a temporary file");
      ::close(descriptor);
      return error_now;
    }
    return {};
  }

  static Error failure(const char* what) {
    const bool full = errno == ENOSPC || errno == EDQUOT;
    const bool many = errno == EMFILE || errno == ENFILE;
    return {full ? ErrorCode::kDiskFull : ErrorCode::kUnwritable,
            std::string(what) + ": " + std::strerror(errno),
            many ? "Allow the process more open files (ulimit -n)"
                 : "Free space in the folder that TMPDIR names, or let it name another"};
  }

  struct Close {
    void operator()(std::FILE* file) const { std::fclose(file); }
  };
  std::unique_ptr<std::FILE, Close> file_;
  std::size_t size_ = 0;
  std::size_t read_ = 0;
};

}  // namespace frontalis
