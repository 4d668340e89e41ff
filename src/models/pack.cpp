#include "models/pack.h"

#include <cstdlib>
#include <nlohmann/json.hpp>

#include "util/executable.h"
#include "util/file.h"
#include "util/sha256.h"
#include "util/try.h"

namespace frontalis {

namespace fs = std::filesystem;

namespace {

constexpr std::size_t kMaxManifest = 1 << 20;
constexpr const char* kRepairOpen = "Run `make setup` in the source folder, or reinstall Frontalis";

bool staysInside(const fs::path& path) {
  if (path.empty() || path.is_absolute()) return false;
  for (const fs::path& part : path) {
    if (part == "..") return false;
  }
  return true;
}

std::vector<fs::path> openPackFolders() {
  std::vector<fs::path> folders;
  if (const char* home = std::getenv("FRONTALIS_HOME"); home != nullptr) {
    folders.push_back(fs::path(home) / "packs" / "open");
  }
  if (const fs::path executable = executableFolder(); !executable.empty()) {
    folders.push_back(executable / ".." / "share" / "frontalis" / "packs" / "open");
  }
  folders.emplace_back(FRONTALIS_OPEN_PACK_DIR);
  return folders;
}

}  // namespace

Result<Pack> Pack::read(const fs::path& folder) {
  const fs::path path = folder / "manifest.json";
  FRONTALIS_ASSIGN(const std::string text, readFile(path, kMaxManifest));
  const auto malformed = [&](const std::string& why) {
    return Error{ErrorCode::kModelCorrupt, path.string() + " is malformed: " + why, kRepairOpen};
  };
  const nlohmann::json json = nlohmann::json::parse(text, nullptr, false);
  if (json.is_discarded() || !json.is_object()) return malformed("not a JSON object");
  Pack pack;
  pack.folder = folder;
  const auto string = [](const nlohmann::json& object, const char* key) -> std::string {
    const auto found = object.find(key);
    return found != object.end() && found->is_string() ? found->get<std::string>() : "";
  };
  pack.name = string(json, "name");
  pack.version = string(json, "version");
  const auto files = json.find("files");
  if (pack.name.empty() || files == json.end() || !files->is_array()) {
    return malformed("\"name\" or \"files\" is missing");
  }
  for (const nlohmann::json& entry : *files) {
    if (!entry.is_object()) return malformed("an entry of \"files\" is no object");
    PackFile file{string(entry, "path"),   0,
                  string(entry, "sha256"), string(entry, "licence"),
                  string(entry, "origin"), string(entry, "role")};
    const auto bytes = entry.find("bytes");
    if (bytes == entry.end() || !bytes->is_number_unsigned() || file.sha256.size() != 64) {
      return malformed("\"" + file.path + "\" lacks its size or SHA-256");
    }
    if (!staysInside(file.path)) return malformed("\"" + file.path + "\" leaves the pack's folder");
    file.bytes = bytes->get<std::uint64_t>();
    pack.files.push_back(std::move(file));
  }
  return pack;
}

Status verifyFile(const fs::path& path, const PackFile& expected, const std::string& repair) {
  std::error_code error;
  const std::uint64_t size = fs::file_size(path, error);
  if (error) {
    return Error{ErrorCode::kModelMissing, path.string() + ": model file is missing", repair};
  }
  if (size != expected.bytes) {
    return Error{ErrorCode::kModelCorrupt,
                 path.string() + ": model file is corrupt: " + std::to_string(size) +
                     " bytes, expected " + std::to_string(expected.bytes),
                 repair};
  }
  FRONTALIS_ASSIGN(const std::string found, sha256File(path));
  if (found != expected.sha256) {
    return Error{ErrorCode::kModelCorrupt,
                 path.string() + ": model file is corrupt: SHA-256 " + found + ", expected " +
                     expected.sha256,
                 repair};
  }
  return {};
}

Result<fs::path> Pack::file(std::string_view role) const {
  for (const PackFile& entry : files) {
    if (entry.role != role) continue;
    const fs::path path = folder / entry.path;
    FRONTALIS_TRY(verifyFile(path, entry, kRepairOpen));
    return path;
  }
  return Error{
      ErrorCode::kModelMissing,
      (folder / "manifest.json").string() + " lists no file for \"" + std::string(role) + "\"",
      kRepairOpen};
}

Result<Pack> findPack(const std::string& name) {
  if (name.find('/') != std::string::npos) return Pack::read(name);
  if (name != "open") {
    return Error{ErrorCode::kInvalidArgument, "there is no pack \"" + name + "\"",
                 "Choose open or openface, or give a pack's folder"};
  }
  std::string tried;
  for (const fs::path& folder : openPackFolders()) {
    if (fs::exists(folder / "manifest.json")) return Pack::read(folder);
    tried += (tried.empty() ? "" : ", ") + folder.lexically_normal().string();
  }
  return Error{ErrorCode::kModelMissing, "the open pack is not installed; looked in " + tried,
               kRepairOpen};
}

}  // namespace frontalis
