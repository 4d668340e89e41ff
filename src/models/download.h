#pragma once

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <string>

#include "frontalis/result.h"

namespace frontalis {

struct DownloadOptions {
  std::chrono::milliseconds stall_timeout{30000};  ///< for connecting, and without a byte
  int tries = 4;
  /// First wait between tries; doubles, up to 30 times as long (1, 2, 4, ... 30 s).
  std::chrono::milliseconds back_off{1000};
  bool https_only = true;
};

/// Bytes so far, and why it waits before another try (else empty); return false to stop.
using DownloadProgress = std::function<bool(std::uint64_t bytes, const std::string& note)>;

/// Files over HTTPS with one connection kept open. Not thread-safe.
class Downloader {
 public:
  /// Errors: kUnsupported in a build without libcurl.
  static Result<Downloader> create(DownloadOptions options = {});

  Downloader(Downloader&&) noexcept;
  Downloader& operator=(Downloader&&) noexcept;
  ~Downloader();

  /// Appends to `path` until it has `expected_bytes`; goes on where an earlier, broken download
  /// stopped. A server that sends more than expected is cut off. Errors: kModelMissing (network or
  /// server; the message says which), kCancelled, kUnwritable, kDiskFull.
  Status fetch(const std::string& url, const std::filesystem::path& path,
               std::uint64_t expected_bytes, const DownloadProgress& progress);

 private:
  struct Impl;
  explicit Downloader(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace frontalis
