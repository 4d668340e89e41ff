#pragma once

#include <filesystem>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

namespace frontalis {

/// The user's folder for what can be made again: $FRONTALIS_CACHE, else the system's cache folder.
/// Empty: there is none, or FRONTALIS_CACHE=none.
std::filesystem::path cacheFolder();

/// Compiled networks kept from one run to the next, as compiling takes longer than hundreds of
/// runs. A file is used only if it is whole, this user's own, and of the very key; everything that
/// goes wrong is as if nothing were kept. Any number of processes may share a folder.
class ModelCache {
 public:
  /// `folder` empty: keeps nothing.
  explicit ModelCache(std::filesystem::path folder) : folder_(std::move(folder)) {}

  /// What was kept under the key.
  [[nodiscard]] std::optional<std::string> find(std::string_view key) const;
  /// `write` puts the compiled network into the file it is given; false when it cannot.
  void keep(std::string_view key,
            const std::function<bool(const std::filesystem::path&)>& write) const;
  /// Where.
  [[nodiscard]] std::filesystem::path fileOf(std::string_view key) const;
  [[nodiscard]] bool enabled() const { return !folder_.empty(); }

 private:
  std::filesystem::path folder_;
};

}  // namespace frontalis
