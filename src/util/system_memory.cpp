#include "util/system_memory.h"

#include <algorithm>
#include <charconv>
#include <limits>
#include <optional>
#include <string>
#include <string_view>
#if defined(__APPLE__)
#include <sys/sysctl.h>
#endif

#include "util/file.h"

namespace frontalis {
namespace {

/// The first number of a text; nothing for "max" and the like.
std::optional<std::uint64_t> firstNumber(std::string_view text) {
  const std::size_t at = text.find_first_not_of(" \t");
  if (at == std::string_view::npos) return std::nullopt;
  std::uint64_t value = 0;
  const auto [end, error] = std::from_chars(text.data() + at, text.data() + text.size(), value);
  if (error != std::errc()) return std::nullopt;
  return value;
}

[[maybe_unused]] std::optional<std::uint64_t> numberIn(const std::string& path) {
  const Result<std::string> text = readFile(path, 1 << 16);
  return text.ok() ? firstNumber(*text) : std::nullopt;
}

[[maybe_unused]] std::optional<std::uint64_t> numberAfter(const std::string& text,
                                                          std::string_view key) {
  const std::size_t at = text.find(key);
  if (at == std::string::npos) return std::nullopt;
  return firstNumber(std::string_view(text).substr(at + key.size()));
}

/// What one control group leaves, by version 2's or version 1's files.
[[maybe_unused]] std::uint64_t leftInGroup(const std::string& folder, const char* limit_name,
                                           const char* used_name) {
  const auto limit = numberIn(folder + limit_name);
  const auto used = numberIn(folder + used_name);
  if (!limit || !used) return std::numeric_limits<std::uint64_t>::max();
  return *limit > *used ? *limit - *used : 0;
}

}  // namespace

std::uint64_t availableMemory() {
#if defined(__APPLE__)
  std::uint64_t bytes = 0;
  std::size_t size = sizeof(bytes);
  return ::sysctlbyname("hw.memsize", &bytes, &size, nullptr, 0) == 0 ? bytes : 0;
#else
  const Result<std::string> info = readFile("/proc/meminfo", 1 << 16);
  const auto free_kib = info.ok() ? numberAfter(*info, "MemAvailable:") : std::nullopt;
  if (!free_kib) return 0;
  std::uint64_t bytes = *free_kib * 1024;
  const Result<std::string> groups = readFile("/proc/self/cgroup", 1 << 16);
  if (!groups.ok()) return bytes;
  // A group's limit binds all groups below it.
  std::size_t start = 0;
  while (start < groups->size()) {
    const std::size_t end = std::min(groups->find('\n', start), groups->size());
    const std::string line = groups->substr(start, end - start);
    start = end + 1;
    const bool unified = line.starts_with("0::");
    const std::size_t memory = line.find(":memory:");
    if (!unified && memory == std::string::npos) continue;
    std::string path = unified ? line.substr(3) : line.substr(memory + 8);
    const std::string root = unified ? "/sys/fs/cgroup" : "/sys/fs/cgroup/memory";
    while (true) {
      if (path.ends_with('/')) path.pop_back();
      bytes = std::min(bytes, unified ? leftInGroup(root + path, "/memory.max", "/memory.current")
                                      : leftInGroup(root + path, "/memory.limit_in_bytes",
                                                    "/memory.usage_in_bytes"));
      if (path.empty()) break;
      path.resize(path.rfind('/') == std::string::npos ? 0 : path.rfind('/'));
    }
  }
  return bytes;
#endif
}

}  // namespace frontalis
