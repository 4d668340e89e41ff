#include "models/download.h"

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <thread>

#include "util/try.h"

#ifdef FRONTALIS_HAS_CURL
#include <curl/curl.h>
#endif

namespace frontalis {

namespace fs = std::filesystem;

namespace {

constexpr const char* kImportInstead =
    "Fetch the files on a machine that has a network and run `frontalis models import FOLDER`";

}  // namespace

#ifdef FRONTALIS_HAS_CURL

namespace {

constexpr int kLongestBackOff = 30;
constexpr long kHttpTooManyRequests = 429;
constexpr long kHttpRequestTimeout = 408;
constexpr long kHttpServerError = 500;

/// One transfer into a file, as libcurl's callbacks see it.
struct Transfer {
  std::FILE* file = nullptr;
  std::uint64_t offset = 0;    ///< bytes that were there before
  std::uint64_t received = 0;  ///< bytes of this answer
  std::uint64_t expected = 0;
  int write_error = 0;  ///< errno
  bool too_much = false;
  bool stopped = false;
  const DownloadProgress* progress = nullptr;
};

std::size_t onBytes(char* bytes, std::size_t size, std::size_t count, void* user) {
  auto& transfer = *static_cast<Transfer*>(user);
  const std::size_t length = size * count;
  if (transfer.offset + transfer.received + length > transfer.expected) {
    transfer.too_much = true;
    return 0;
  }
  if (std::fwrite(bytes, 1, length, transfer.file) != length) transfer.write_error = errno;
  if (transfer.write_error != 0) return 0;
  transfer.received += length;
  return length;
}

int onProgress(void* user, curl_off_t, curl_off_t, curl_off_t, curl_off_t) {
  auto& transfer = *static_cast<Transfer*>(user);
  transfer.stopped =
      transfer.stopped || !(*transfer.progress)(transfer.offset + transfer.received, std::string());
  return transfer.stopped ? 1 : 0;
}

struct Outcome {
  Status status;
  bool worth_another_try = false;
};

Error cancelled() { return {ErrorCode::kCancelled, "the download was stopped"}; }

Error unwritable(const fs::path& path, int code) {
  return {code == ENOSPC || code == EDQUOT ? ErrorCode::kDiskFull : ErrorCode::kUnwritable,
          "cannot write " + path.string() + ": " + std::strerror(code)};
}

}  // namespace

struct Downloader::Impl {
  DownloadOptions options;
  CURL* curl = nullptr;

  ~Impl() { curl_easy_cleanup(curl); }

  Outcome tryOnce(const std::string& url, const fs::path& path, std::uint64_t expected,
                  const DownloadProgress& progress);
};

Result<Downloader> Downloader::create(DownloadOptions options) {
  static const CURLcode global = curl_global_init(CURL_GLOBAL_DEFAULT);
  auto impl = std::make_unique<Impl>();
  impl->options = options;
  if (global == CURLE_OK) impl->curl = curl_easy_init();
  if (impl->curl == nullptr) return Error{ErrorCode::kInternal, "libcurl does not start"};
  return Downloader(std::move(impl));
}

Outcome Downloader::Impl::tryOnce(const std::string& url, const fs::path& path,
                                  std::uint64_t expected, const DownloadProgress& progress) {
  Transfer transfer;
  transfer.expected = expected;
  transfer.progress = &progress;
  std::error_code ignored;
  const std::uintmax_t there = fs::file_size(path, ignored);
  transfer.offset = ignored || there > expected ? 0 : there;
  if (transfer.offset == expected && !ignored) return {};
  transfer.file = std::fopen(path.c_str(), transfer.offset > 0 ? "abe" : "wbe");
  if (transfer.file == nullptr) return {unwritable(path, errno), false};

  curl_easy_reset(curl);
  curl_easy_setopt(curl, CURLOPT_URL, url.c_str());
#if LIBCURL_VERSION_NUM >= 0x075500
  curl_easy_setopt(curl, CURLOPT_PROTOCOLS_STR, options.https_only ? "https" : "http,https");
  curl_easy_setopt(curl, CURLOPT_REDIR_PROTOCOLS_STR, options.https_only ? "https" : "http,https");
#else
  const long protocols = CURLPROTO_HTTPS | (options.https_only ? 0 : CURLPROTO_HTTP);
  curl_easy_setopt(curl, CURLOPT_PROTOCOLS, protocols);
  curl_easy_setopt(curl, CURLOPT_REDIR_PROTOCOLS, protocols);
#endif
  curl_easy_setopt(curl, CURLOPT_FOLLOWLOCATION, 1L);
  curl_easy_setopt(curl, CURLOPT_MAXREDIRS, 5L);
  curl_easy_setopt(curl, CURLOPT_FAILONERROR, 1L);
  curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);
  curl_easy_setopt(curl, CURLOPT_USERAGENT, "frontalis");
  const auto timeout_ms = static_cast<long>(options.stall_timeout.count());
  curl_easy_setopt(curl, CURLOPT_CONNECTTIMEOUT_MS, timeout_ms);
  curl_easy_setopt(curl, CURLOPT_LOW_SPEED_LIMIT, 1L);
  curl_easy_setopt(curl, CURLOPT_LOW_SPEED_TIME, std::max(1L, timeout_ms / 1000));
  if (transfer.offset > 0) {
    curl_easy_setopt(curl, CURLOPT_RESUME_FROM_LARGE, static_cast<curl_off_t>(transfer.offset));
  }
  curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, onBytes);
  curl_easy_setopt(curl, CURLOPT_WRITEDATA, &transfer);
  curl_easy_setopt(curl, CURLOPT_NOPROGRESS, 0L);
  curl_easy_setopt(curl, CURLOPT_XFERINFOFUNCTION, onProgress);
  curl_easy_setopt(curl, CURLOPT_XFERINFODATA, &transfer);
  const CURLcode code = curl_easy_perform(curl);
  if (std::fclose(transfer.file) != 0 && transfer.write_error == 0) transfer.write_error = errno;

  if (transfer.offset + transfer.received == 0) fs::remove(path, ignored);  // nothing to go on with
  if (transfer.stopped) return {cancelled(), false};
  if (transfer.write_error != 0) return {unwritable(path, transfer.write_error), false};
  const auto failed = [&](const std::string& why, bool again) {
    return Outcome{
        Error{ErrorCode::kModelMissing, "cannot download " + url + ": " + why, kImportInstead},
        again};
  };
  if (transfer.too_much) {
    fs::remove(path, ignored);
    return failed("more than the " + std::to_string(expected) + " bytes expected", false);
  }
  long http = 0;
  curl_easy_getinfo(curl, CURLINFO_RESPONSE_CODE, &http);
  switch (code) {
    case CURLE_OK: {
      const std::uint64_t size = transfer.offset + transfer.received;
      if (size == expected) return {};
      fs::remove(path, ignored);
      return failed(std::to_string(size) + " bytes instead of " + std::to_string(expected), false);
    }
    case CURLE_RANGE_ERROR:  // the server cannot go on in the middle of a file
      fs::remove(path, ignored);
      return failed(curl_easy_strerror(code), true);
    case CURLE_HTTP_RETURNED_ERROR:
      return failed("the server answers " + std::to_string(http), http == kHttpTooManyRequests ||
                                                                      http == kHttpRequestTimeout ||
                                                                      http >= kHttpServerError);
    case CURLE_COULDNT_RESOLVE_HOST:
    case CURLE_COULDNT_RESOLVE_PROXY:
    case CURLE_COULDNT_CONNECT:
      return failed(std::string("no network, or the server cannot be reached (") +
                        curl_easy_strerror(code) + ")",
                    true);
    case CURLE_OPERATION_TIMEDOUT:
    case CURLE_PARTIAL_FILE:
    case CURLE_RECV_ERROR:
    case CURLE_SEND_ERROR:
    case CURLE_GOT_NOTHING:
    case CURLE_SSL_CONNECT_ERROR:
    case CURLE_HTTP2:
    case CURLE_HTTP2_STREAM:
      return failed(curl_easy_strerror(code), true);
    default:
      return failed(curl_easy_strerror(code), false);
  }
}

Status Downloader::fetch(const std::string& url, const fs::path& path, std::uint64_t expected_bytes,
                         const DownloadProgress& progress) {
  for (int attempt = 1;; ++attempt) {
    Outcome outcome = impl_->tryOnce(url, path, expected_bytes, progress);
    if (outcome.status.ok() || !outcome.worth_another_try || attempt >= impl_->options.tries) {
      return std::move(outcome.status);
    }
    const auto wait =
        impl_->options.back_off * std::min(1 << std::min(attempt - 1, 10), kLongestBackOff);
    std::error_code ignored;
    const std::uintmax_t there = fs::file_size(path, ignored);
    const std::string note = outcome.status.error().message + "; another try follows";
    constexpr std::chrono::milliseconds kTick{100};
    for (auto left = std::chrono::milliseconds(wait); left.count() > 0; left -= kTick) {
      if (!progress(ignored ? 0 : there, note)) return cancelled();
      std::this_thread::sleep_for(std::min(left, kTick));
    }
  }
}

#else

struct Downloader::Impl {};

Result<Downloader> Downloader::create(DownloadOptions) {
  return Error{ErrorCode::kUnsupported, "this build of Frontalis has no libcurl to download with",
               kImportInstead};
}

Status Downloader::fetch(const std::string&, const fs::path&, std::uint64_t,
                         const DownloadProgress&) {
  return Error{ErrorCode::kUnsupported, "this build of Frontalis has no libcurl to download with",
               kImportInstead};
}

#endif

Downloader::Downloader(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
Downloader::Downloader(Downloader&&) noexcept = default;
Downloader& Downloader::operator=(Downloader&&) noexcept = default;
Downloader::~Downloader() = default;

}  // namespace frontalis
