#include "inference/model_cache.h"

#include <sys/stat.h>
#include <unistd.h>

#include <cstdint>
#include <cstdlib>
#include <cstring>

#include "util/file.h"
#include "util/fingerprint.h"
#include "util/sha256.h"

namespace frontalis {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view kMagic = "frontalis compiled network 1\n";
constexpr std::size_t kMaxBytes = std::size_t{1} << 28;

/// Of key and content, at the end of the file.
std::string checkOf(std::string_view key, std::string_view content) {
  Fingerprint print;
  print.add(key.size());
  print.addBytes(key.data(), key.size());
  print.add(content.size());
  print.addBytes(content.data(), content.size());
  const std::uint64_t value = print.value();
  return {reinterpret_cast<const char*>(&value), sizeof value};
}

std::string headOf(std::string_view key) {
  return std::string(kMagic) + std::string(key) + std::string(1, '\0');
}

/// What others may write to is not believed: it is as good as a program.
bool ownedByUser(const fs::path& path) {
  struct stat status {};
  return ::stat(path.c_str(), &status) == 0 && status.st_uid == ::geteuid() &&
         (status.st_mode & S_IWOTH) == 0;
}

}  // namespace

fs::path cacheFolder() {
  if (const char* set = std::getenv("FRONTALIS_CACHE"); set != nullptr && *set != '\0') {
    return std::strcmp(set, "none") == 0 ? fs::path() : fs::path(set);
  }
  if (const char* set = std::getenv("XDG_CACHE_HOME"); set != nullptr && *set != '\0') {
    return fs::path(set) / "frontalis";
  }
  const char* home = std::getenv("HOME");
  if (home == nullptr || *home == '\0') return {};
#if defined(__APPLE__)
  return fs::path(home) / "Library" / "Caches" / "Frontalis";
#else
  return fs::path(home) / ".cache" / "frontalis";
#endif
}

fs::path ModelCache::fileOf(std::string_view key) const { return folder_ / sha256(key); }

std::optional<std::string> ModelCache::find(std::string_view key) const {
  if (!enabled()) return std::nullopt;
  const fs::path path = fileOf(key);
  if (!ownedByUser(folder_) || !ownedByUser(path)) return std::nullopt;
  Result<std::string> file = readFile(path, kMaxBytes);
  const std::string head = headOf(key);
  constexpr std::size_t kCheck = sizeof(std::uint64_t);
  if (!file.ok() || file->size() < head.size() + kCheck || !file->starts_with(head)) {
    return std::nullopt;
  }
  const std::string_view content =
      std::string_view(*file).substr(head.size(), file->size() - head.size() - kCheck);
  if (!file->ends_with(checkOf(key, content))) return std::nullopt;
  return std::string(content);
}

void ModelCache::keep(std::string_view key,
                      const std::function<bool(const fs::path&)>& write) const {
  if (!enabled()) return;
  const fs::path path = fileOf(key);
  std::string content;
  {
    // Never committed: where the system can, it has no name.
    const Result<AtomicFile> scratch = AtomicFile::create(path);
    if (!scratch.ok() || !write(scratch->temporaryPath())) return;
    Result<std::string> written = readFile(scratch->temporaryPath(), kMaxBytes);
    if (!written.ok() || written->empty()) return;
    content = std::move(written).value();
  }
  (void)writeFile(path, headOf(key) + content + checkOf(key, content));
}

}  // namespace frontalis
