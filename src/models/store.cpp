#include <algorithm>

#include "frontalis/models.h"
#include "models/install.h"
#include "models/pack.h"
#include "util/file.h"
#include "util/file_lock.h"
#include "util/sha256.h"
#include "util/try.h"

namespace frontalis {

namespace fs = std::filesystem;

namespace {

constexpr const char* kPacks[] = {"open", "openface", "pfld"};
/// A model of unknown hash is at least this large; less is an error page or a pointer file.
constexpr std::uintmax_t kSmallestUnverified = 1 << 20;
/// Text files to which a checkout may have added carriage returns are smaller than this.
constexpr std::uint64_t kLargestText = 1 << 20;

ModelFile inspect(const Pack& pack, const PackFile& entry, ModelCheck check) {
  ModelFile file{entry.path,    pack.locate(entry),     entry.bytes,
                 entry.licence, ModelState::kInstalled, {}};
  const Status status = verifyFile(file.path, entry, pack.repair, check == ModelCheck::kHash);
  if (!status.ok()) {
    file.state = status.error().code == ErrorCode::kModelMissing ? ModelState::kMissing
                                                                 : ModelState::kCorrupt;
    file.problem = status.error().text();
  } else if (entry.sha256.empty()) {
    file.state = ModelState::kUnverified;
  }
  return file;
}

std::vector<ModelPart> partsOf(const Pack& pack, ModelCheck check) {
  std::vector<ModelPart> parts;
  for (const PackPart& part : pack.parts) {
    ModelPart out{pack.name, part.name, part.purpose, part.optional, pack.folder, {}};
    if (out.purpose.empty() && pack.name == "open") {
      out.purpose = "detector, face mesh and AUs of the default pack";
    }
    for (const PackFile& entry : pack.files) {
      if (entry.part == part.name) out.files.push_back(inspect(pack, entry, check));
    }
    parts.push_back(std::move(out));
  }
  return parts;
}

std::string withoutCarriageReturns(std::string text) {
  text.erase(std::remove(text.begin(), text.end(), '\r'), text.end());
  return text;
}

/// Files found in folders, sorted into packs.
class Importer {
 public:
  explicit Importer(const std::vector<Pack>& packs) : packs_(packs) {}

  Status add(const fs::path& path) {
    std::error_code error;
    const std::uintmax_t size = fs::file_size(path, error);
    if (error) return Error{ErrorCode::kUnreadable, path.string() + ": " + error.message()};
    if (path.filename() == "manifest.json") {
      if (const Result<Pack> found = Pack::read(path.parent_path());
          found.ok() && found->name == "open") {
        return addOpenPack(*found);
      }
    }
    bool known = false;
    for (const Pack& pack : packs_) {
      for (const PackFile& entry : pack.files) {
        if (!mayBe(entry, path, size)) continue;
        FRONTALIS_ASSIGN(const bool taken, tryAs(pack, entry, path, size));
        known = known || taken;
      }
    }
    report_.unknown += known ? 0 : 1;
    hashed_ = {};
    return {};
  }

  [[nodiscard]] ImportReport& report() { return report_; }

 private:
  static bool sameName(const PackFile& entry, const fs::path& path) {
    return fs::path(entry.path).filename() == path.filename();
  }

  static bool mayBe(const PackFile& entry, const fs::path& path, std::uintmax_t size) {
    if (entry.sha256.empty()) return sameName(entry, path) && size >= kSmallestUnverified;
    return size == entry.bytes || (size > entry.bytes && size < 2 * entry.bytes &&
                                   size < kLargestText && sameName(entry, path));
  }

  Result<bool> tryAs(const Pack& pack, const PackFile& entry, const fs::path& path,
                     std::uintmax_t size) {
    const bool other_line_ends = !entry.sha256.empty() && size != entry.bytes;
    std::string text;
    if (other_line_ends) {
      FRONTALIS_ASSIGN(std::string bytes, readFile(path));
      text = withoutCarriageReturns(std::move(bytes));
      if (sha256(text) != entry.sha256) return false;
    } else if (!entry.sha256.empty()) {
      if (hashed_.empty()) {
        FRONTALIS_ASSIGN(hashed_, sha256File(path));
      }
      if (hashed_ != entry.sha256) return false;
    }
    const fs::path target = pack.folder / entry.path;
    std::error_code ignored;
    if (fs::equivalent(target, path, ignored) ||
        (!entry.sha256.empty() && verifyFile(target, entry, "").ok())) {
      ++report_.already_there;
      return true;
    }
    FRONTALIS_ASSIGN(const FileLock lock, lockPack(pack));
    FRONTALIS_TRY(other_line_ends ? writeFile(target, text) : copyFile(path, target));
    report_.filed.push_back({path, target, !entry.sha256.empty()});
    return true;
  }

  Status addOpenPack(const Pack& from) {
    const fs::path folder = frontalisHome() / "packs" / "open";
    std::error_code ignored;
    if (fs::equivalent(folder, from.folder, ignored)) return {};
    for (const PackFile& entry : from.files) {
      FRONTALIS_TRY(verifyFile(from.folder / entry.path, entry, "Import a whole copy of the pack"));
    }
    FRONTALIS_ASSIGN(const FileLock lock,
                     FileLock::acquire(folder.parent_path() / ".lock", kLockTimeout));
    // The manifest last: with it the pack counts as installed.
    std::vector<std::string> names;
    names.reserve(from.files.size() + 1);
    for (const PackFile& entry : from.files) names.push_back(entry.path);
    names.emplace_back("manifest.json");
    for (const std::string& name : names) {
      FRONTALIS_TRY(copyFile(from.folder / name, folder / name));
      report_.filed.push_back({from.folder / name, folder / name, true});
    }
    return {};
  }

  static Status copyFile(const fs::path& from, const fs::path& to) {
    FRONTALIS_ASSIGN(const std::string bytes, readFile(from));
    return writeFile(to, bytes);
  }

  const std::vector<Pack>& packs_;
  std::string hashed_;  ///< SHA-256 of the file that is being looked at
  ImportReport report_;
};

}  // namespace

const char* modelStateName(ModelState state) {
  switch (state) {
    case ModelState::kInstalled:
      return "installed";
    case ModelState::kUnverified:
      return "unverified";
    case ModelState::kMissing:
      return "missing";
    case ModelState::kCorrupt:
      return "corrupt";
  }
  return "";
}

ModelState ModelPart::state() const {
  if (files.empty()) return ModelState::kMissing;
  ModelState worst = ModelState::kInstalled;
  for (const ModelFile& file : files) worst = std::max(worst, file.state);
  return worst;
}

Result<std::vector<ModelPart>> listModels(const std::string& pack, ModelCheck check) {
  if (!pack.empty()) {
    FRONTALIS_ASSIGN(const Pack found, findPack(pack));
    return partsOf(found, check);
  }
  std::vector<ModelPart> all;
  for (const char* name : kPacks) {
    const Result<Pack> found = findPack(name);
    if (!found.ok()) {
      ModelPart part{name, {}, {}, false, {}, {}};
      part.files.push_back(
          {"manifest.json", {}, 0, {}, ModelState::kMissing, found.error().text()});
      all.push_back(std::move(part));
      continue;
    }
    for (ModelPart& part : partsOf(*found, check)) all.push_back(std::move(part));
  }
  return all;
}

Result<ImportReport> importModels(const fs::path& file_or_folder) {
  std::vector<Pack> packs;
  for (const char* name : {"openface", "pfld"}) {
    FRONTALIS_ASSIGN(Pack pack, findPack(name));
    packs.push_back(std::move(pack));
  }
  return importInto(packs, file_or_folder);
}

Result<ImportReport> importInto(const std::vector<Pack>& packs, const fs::path& file_or_folder) {
  std::error_code error;
  const fs::file_status status = fs::status(file_or_folder, error);
  if (!fs::exists(status)) {
    return Error{ErrorCode::kNotFound, file_or_folder.string() + ": no such file or folder"};
  }
  Importer importer(packs);
  if (!fs::is_directory(status)) {
    FRONTALIS_TRY(importer.add(file_or_folder));
    return std::move(importer.report());
  }
  // Listed before anything is copied, as the store may lie inside the folder.
  std::vector<fs::path> paths;
  fs::recursive_directory_iterator walk(file_or_folder,
                                        fs::directory_options::skip_permission_denied, error);
  while (!error && walk != fs::recursive_directory_iterator()) {
    std::error_code ignored;
    if (walk->is_regular_file(ignored)) paths.push_back(walk->path());
    walk.increment(error);
  }
  if (error) {
    return Error{ErrorCode::kUnreadable, file_or_folder.string() + ": " + error.message()};
  }
  std::sort(paths.begin(), paths.end());
  for (const fs::path& path : paths) FRONTALIS_TRY(importer.add(path));
  return std::move(importer.report());
}

}  // namespace frontalis
