#pragma once

#include <optional>
#include <string>
#include <utility>
#include <variant>

namespace frontalis {

/// What went wrong, coarse enough to decide on (retry, skip, stop).
enum class ErrorCode {
  kInvalidArgument,  ///< an option or value the caller gave
  kNotFound,         ///< a file or folder that is not there
  kUnreadable,       ///< exists, but cannot be opened or read
  kNotAVideo,        ///< no demuxer or no decoder knows it
  kNoVideoStream,    ///< a media file without pictures
  kNoFrames,         ///< a video stream from which nothing decodes
  kCorrupt,          ///< malformed or truncated content
  kModelMissing,     ///< a model pack or one of its files is not installed
  kModelCorrupt,     ///< a model file whose size or SHA-256 is wrong
  kUnwritable,       ///< an output that cannot be created or written
  kDiskFull,         ///< no space left while writing
  kOutOfMemory,      ///< the system gives no more memory or threads
  kInference,        ///< a runtime or provider failed
  kTimeout,          ///< a deadline was missed
  kCancelled,        ///< the caller asked to stop
  kUnsupported,      ///< a feature this build or input does not have
  kInternal,         ///< a bug in Frontalis
};

/// An error as a value: what happened (naming the file), and what the user can do.
struct Error {
  ErrorCode code = ErrorCode::kInternal;
  std::string message;
  std::string remedy = {};  ///< one sentence, may be empty

  /// "message. remedy" for people.
  [[nodiscard]] std::string text() const {
    return remedy.empty() ? message : message + ". " + remedy;
  }
};

/// A value or an Error. The library never throws across its boundary.
template <class T>
class [[nodiscard]] Result {
 public:
  Result(T value) : state_(std::in_place_index<0>, std::move(value)) {}
  Result(Error error) : state_(std::in_place_index<1>, std::move(error)) {}

  [[nodiscard]] bool ok() const { return state_.index() == 0; }
  explicit operator bool() const { return ok(); }

  /// Only when ok().
  [[nodiscard]] T& value() & { return *std::get_if<0>(&state_); }
  [[nodiscard]] const T& value() const& { return *std::get_if<0>(&state_); }
  [[nodiscard]] T&& value() && { return std::move(*std::get_if<0>(&state_)); }
  T& operator*() & { return value(); }
  const T& operator*() const& { return value(); }
  T&& operator*() && { return std::move(*this).value(); }
  T* operator->() { return &value(); }
  const T* operator->() const { return &value(); }

  /// Only when not ok().
  [[nodiscard]] const Error& error() const { return *std::get_if<1>(&state_); }

 private:
  std::variant<T, Error> state_;
};

/// Success or an Error.
template <>
class [[nodiscard]] Result<void> {
 public:
  Result() = default;
  Result(Error error) : error_(std::move(error)) {}

  [[nodiscard]] bool ok() const { return !error_; }
  explicit operator bool() const { return ok(); }
  [[nodiscard]] const Error& error() const { return *error_; }

 private:
  std::optional<Error> error_;
};

using Status = Result<void>;

}  // namespace frontalis
