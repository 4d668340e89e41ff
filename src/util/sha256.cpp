#include "util/sha256.h"

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <memory>

extern "C" {
#include <libavutil/mem.h>
#include <libavutil/sha.h>
}

namespace frontalis {
namespace {

class Hasher {
 public:
  Hasher() : sha_(av_sha_alloc(), av_free) { av_sha_init(sha_.get(), 256); }
  void add(std::string_view bytes) {
    av_sha_update(sha_.get(), reinterpret_cast<const std::uint8_t*>(bytes.data()), bytes.size());
  }
  std::string hex() {
    std::array<std::uint8_t, 32> digest{};
    av_sha_final(sha_.get(), digest.data());
    std::string text;
    for (const std::uint8_t byte : digest) {
      constexpr std::string_view kDigits = "0123456789abcdef";
      text += kDigits[byte >> 4];
      text += kDigits[byte & 15];
    }
    return text;
  }

 private:
  std::unique_ptr<AVSHA, void (*)(void*)> sha_;
};

}  // namespace

std::string sha256(std::string_view bytes) {
  Hasher hasher;
  hasher.add(bytes);
  return hasher.hex();
}

Result<std::string> sha256File(const std::filesystem::path& path) {
  std::FILE* file = std::fopen(path.c_str(), "rb");
  if (file == nullptr) {
    const ErrorCode code = errno == ENOENT ? ErrorCode::kNotFound : ErrorCode::kUnreadable;
    return Error{code, path.string() + ": " + std::strerror(errno)};
  }
  Hasher hasher;
  std::string chunk(std::size_t{1} << 18, '\0');
  while (std::feof(file) == 0 && std::ferror(file) == 0) {
    const std::size_t got = std::fread(chunk.data(), 1, chunk.size(), file);
    hasher.add(std::string_view(chunk.data(), got));
  }
  const bool failed = std::ferror(file) != 0;
  std::fclose(file);
  if (failed) return Error{ErrorCode::kUnreadable, path.string() + ": read error"};
  return hasher.hex();
}

}  // namespace frontalis
