#include "models/pack.h"

#include <pwd.h>
#include <unistd.h>

#include <cstdlib>
#include <nlohmann/json.hpp>

#include "models/manifests.h"
#include "util/executable.h"
#include "util/file.h"
#include "util/sha256.h"
#include "util/try.h"

namespace frontalis {

namespace fs = std::filesystem;

namespace {

constexpr std::size_t kMaxManifest = 1 << 20;
constexpr std::size_t kHashLength = 64;
constexpr const char* kRepairOpen = "Run `make setup` in the source folder, or reinstall Frontalis";

/// Value of an environment variable, empty when unset.
fs::path environment(const char* name) {
  const char* value = std::getenv(name);
  return value != nullptr ? value : "";
}

/// Where applications keep a user's data: the XDG data folder, or macOS's counterpart.
fs::path userDataFolder() {
  fs::path home = environment("HOME");
  if (home.empty()) {
    const passwd* user = ::getpwuid(::getuid());
    home = user != nullptr && user->pw_dir != nullptr ? user->pw_dir : "/";
  }
#ifdef __APPLE__
  return home / "Library" / "Application Support";
#else
  const fs::path xdg = environment("XDG_DATA_HOME");
  return xdg.is_absolute() ? xdg : home / ".local" / "share";
#endif
}

std::vector<fs::path> openPackFolders() {
  std::vector<fs::path> folders = {frontalisHome() / "packs" / "open"};
  if (const fs::path code = codeFolder(); !code.empty()) {
    folders.push_back(code / ".." / "share" / "frontalis" / "packs" / "open");
  }
  folders.emplace_back(FRONTALIS_OPEN_PACK_DIR);
  return folders;
}

std::string string(const nlohmann::json& object, const char* key,
                   const std::string& otherwise = "") {
  const auto found = object.find(key);
  return found != object.end() && found->is_string() ? found->get<std::string>() : otherwise;
}

/// `licence` and `origin` of the whole manifest stand in for a file's own; a file may lack size and
/// hash only when `unknown_hashes`.
Result<Pack> parseManifest(std::string_view text, const std::string& manifest_name,
                           const fs::path& folder, bool unknown_hashes) {
  const auto malformed = [&](const std::string& why) {
    return Error{ErrorCode::kModelCorrupt, manifest_name + " is malformed: " + why, kRepairOpen};
  };
  const nlohmann::json json = nlohmann::json::parse(text, nullptr, false);
  if (json.is_discarded() || !json.is_object()) return malformed("not a JSON object");
  Pack pack;
  pack.folder = folder;
  pack.repair = kRepairOpen;
  pack.name = string(json, "name");
  pack.version = string(json, "version");
  const auto files = json.find("files");
  if (pack.name.empty() || files == json.end() || !files->is_array()) {
    return malformed("\"name\" or \"files\" is missing");
  }
  if (const auto parts = json.find("parts"); parts != json.end() && parts->is_array()) {
    for (const nlohmann::json& part : *parts) {
      if (!part.is_object()) return malformed("an entry of \"parts\" is no object");
      const auto optional = part.find("optional");
      pack.parts.push_back({string(part, "name"), string(part, "purpose"),
                            optional != part.end() && optional->is_boolean() && *optional});
    }
  } else {
    pack.parts.push_back({});
  }
  for (const nlohmann::json& entry : *files) {
    if (!entry.is_object()) return malformed("an entry of \"files\" is no object");
    PackFile file;
    file.path = string(entry, "path");
    file.sha256 = string(entry, "sha256");
    file.licence = string(entry, "licence", string(json, "licence"));
    file.origin = string(entry, "origin", string(json, "origin"));
    file.role = string(entry, "role");
    file.part = string(entry, "part");
    file.remote = string(entry, "remote", file.path);
    file.twin = string(entry, "or");
    if (!staysInside(file.path) || !(file.twin.empty() || staysInside(file.twin))) {
      return malformed("\"" + file.path + "\" leaves the pack's folder");
    }
    const auto bytes = entry.find("bytes");
    const bool known =
        bytes != entry.end() && bytes->is_number_unsigned() && file.sha256.size() == kHashLength;
    if (known) {
      file.bytes = bytes->get<std::uint64_t>();
    } else if (!unknown_hashes || !file.sha256.empty()) {
      return malformed("\"" + file.path + "\" lacks its size or SHA-256");
    }
    pack.files.push_back(std::move(file));
  }
  return pack;
}

/// A pack that the user installs, whose manifest is compiled in.
Result<Pack> userPack(const char* manifest, const fs::path& folder) {
  FRONTALIS_ASSIGN(Pack pack, parseManifest(manifest, "the built-in manifest", folder, true));
  pack.download = pack.files.front().origin;
  pack.repair = "Run `frontalis models install " + pack.name +
                "`, or `frontalis models import FOLDER` with a folder that holds it";
  return pack;
}

}  // namespace

fs::path frontalisHome() {
  if (fs::path set = environment("FRONTALIS_HOME"); !set.empty()) return set;
#ifdef __APPLE__
  return userDataFolder() / "Frontalis";
#else
  return userDataFolder() / "frontalis";
#endif
}

fs::path openfaceModelsRoot() {
  if (fs::path set = environment("OPENFACE_MODELS_DIR"); !set.empty()) return set;
  return userDataFolder() / "OpenFaceModels";
}

Result<Pack> Pack::read(const fs::path& folder) {
  const fs::path path = folder / "manifest.json";
  FRONTALIS_ASSIGN(const std::string text, readFile(path, kMaxManifest));
  return parseManifest(text, path.string(), folder, false);
}

Status verifyFile(const fs::path& path, const PackFile& expected, const std::string& repair,
                  bool with_hash) {
  std::error_code error;
  const std::uint64_t size = fs::file_size(path, error);
  if (error) {
    return Error{ErrorCode::kModelMissing, path.string() + ": model file is missing",
                 expected.sha256.empty()  // no source is known for it
                     ? "Nothing installs it: run `frontalis models import FOLDER` with a folder "
                       "that holds it"
                     : repair};
  }
  if (expected.sha256.empty()) return {};
  if (size != expected.bytes) {
    return Error{ErrorCode::kModelCorrupt,
                 path.string() + ": model file is corrupt: " + std::to_string(size) +
                     " bytes, expected " + std::to_string(expected.bytes),
                 repair};
  }
  if (!with_hash) return {};
  FRONTALIS_ASSIGN(const std::string found, sha256File(path));
  if (found != expected.sha256) {
    return Error{ErrorCode::kModelCorrupt,
                 path.string() + ": model file is corrupt: SHA-256 " + found + ", expected " +
                     expected.sha256,
                 repair};
  }
  return {};
}

fs::path Pack::locate(const PackFile& entry) const {
  fs::path path = folder / entry.path;
  std::error_code ignored;
  if (entry.twin.empty() || fs::exists(path, ignored)) return path;
  fs::path twin = folder / entry.twin;
  return fs::exists(twin, ignored) ? twin : path;
}

Result<fs::path> Pack::file(std::string_view role) const {
  for (const PackFile& entry : files) {
    if (entry.role != role) continue;
    const fs::path path = locate(entry);
    FRONTALIS_TRY(verifyFile(path, entry, repair));
    return path;
  }
  return Error{ErrorCode::kModelMissing,
               "the pack \"" + name + "\" in " + folder.string() + " lists no file for \"" +
                   std::string(role) + "\"",
               repair};
}

Status Pack::check(std::string_view part) const {
  const bool divided = parts.size() > 1;
  std::size_t missing = 0;
  Status first;
  for (const PackFile& entry : files) {
    if (divided && entry.part != part) continue;
    Status status = verifyFile(locate(entry), entry, repair);
    if (status.ok()) continue;
    missing += status.error().code == ErrorCode::kModelMissing;
    if (first.ok()) first = std::move(status);
  }
  if (missing < 2) return first;
  Error error = first.error();
  error.message += " (" + std::to_string(missing) + " files of the part \"" + std::string(part) +
                   "\" of the pack \"" + name + "\" are missing)";
  return error;
}

Result<Pack> findPack(const std::string& name) {
  if (name.find('/') != std::string::npos) return Pack::read(name);
  if (name == "openface") {
    return userPack(kOpenfaceManifest, openfaceModelsRoot() / "2.2.0" / "originals");
  }
  if (name == "pfld") return userPack(kPfldManifest, frontalisHome() / "packs" / "pfld");
  if (name != "open") {
    std::error_code ignored;
    return Error{ErrorCode::kInvalidArgument, "there is no pack \"" + name + "\"",
                 fs::is_directory(name, ignored)
                     ? "The folder of that name is \"" + name + "/\""
                     : "Choose open, openface or pfld, or give a pack's folder"};
  }
  std::string tried;
  for (const fs::path& folder : openPackFolders()) {
    std::error_code ignored;
    if (fs::exists(folder / "manifest.json", ignored)) return Pack::read(folder);
    tried += (tried.empty() ? "" : ", ") + folder.lexically_normal().string();
  }
  return Error{ErrorCode::kModelMissing, "the open pack is not installed; looked in " + tried,
               kRepairOpen};
}

Result<fs::path> dataFile(const std::string& name) {
  std::vector<fs::path> folders;
  if (const fs::path code = codeFolder(); !code.empty()) {
    folders.push_back(code / ".." / "share" / "frontalis" / "data");
  }
  folders.emplace_back(FRONTALIS_DATA_DIR);
  for (const fs::path& folder : folders) {
    if (fs::exists(folder / name)) return folder / name;
  }
  return Error{ErrorCode::kModelMissing,
               (folders.back() / name).string() + ": a file that comes with Frontalis is missing",
               "Reinstall Frontalis"};
}

}  // namespace frontalis
