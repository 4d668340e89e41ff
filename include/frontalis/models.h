#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <string>
#include <vector>

#include "frontalis/result.h"

namespace frontalis {

enum class ModelState {
  kInstalled,   ///< there, size (and hash, where asked for) as listed
  kUnverified,  ///< there, but nobody has published its hash
  kMissing,
  kCorrupt  ///< there, with wrong content
};

/// "installed", "unverified", "missing" or "corrupt".
const char* modelStateName(ModelState state);

struct ModelFile {
  std::string name;  ///< within its pack
  std::filesystem::path path;
  std::uint64_t bytes = 0;  ///< as listed; 0 when unknown
  std::string licence;
  ModelState state = ModelState::kMissing;
  std::string problem;  ///< what is wrong and how to repair it; empty when nothing is
};

/// Files that are of use together.
struct ModelPart {
  std::string pack;       ///< "open", "openface" or "pfld"
  std::string part;       ///< within the pack; may be empty
  std::string purpose;    ///< a few words for people
  bool optional = false;  ///< no command installs it, or only special settings need it
  std::filesystem::path folder;
  std::vector<ModelFile> files;

  /// The worst of its files.
  [[nodiscard]] ModelState state() const;
};

enum class ModelCheck { kSize, kHash };

/// Every known part of a pack, or of all packs when `pack` is empty.
/// Errors: kInvalidArgument, kModelMissing (open pack not found), kModelCorrupt.
Result<std::vector<ModelPart>> listModels(const std::string& pack, ModelCheck check);

struct ImportReport {
  struct Filed {
    std::filesystem::path from;
    std::filesystem::path to;
    bool verified = true;  ///< false: taken by its name, as nobody has published its hash
  };
  std::vector<Filed> filed;
  std::size_t already_there = 0;
  std::size_t unknown = 0;  ///< files that are no models of ours
};

/// Copies model files found in a file or folder (and its subfolders) to where they belong, known by
/// their SHA-256, whatever their names. Text files that a Windows checkout gave other line ends are
/// taken too. A folder with the open pack's manifest.json is taken as a whole.
/// Errors: kNotFound, kUnreadable, kUnwritable, kDiskFull.
Result<ImportReport> importModels(const std::filesystem::path& file_or_folder);

struct InstallProgress {
  std::size_t file = 0;  ///< from 1
  std::size_t files = 0;
  std::string name;
  std::uint64_t bytes = 0;  ///< of this file, so far
  std::uint64_t total = 0;
  std::string note;  ///< empty, or why it waits
};

struct InstallOptions {
  bool accept_licence = false;
  /// Called often; return false to stop. What was loaded of a file is kept for the next time.
  std::function<bool(const InstallProgress&)> progress;
};

/// What the user has to agree to before installModels: gist, origin, and where the text is.
/// Errors: kInvalidArgument for packs that are not for download.
Result<std::string> licenceNotice(const std::string& pack);

/// Downloads what is missing or corrupt of "openface" or "pfld" from its origin, checks and files
/// it. Consent is given by `accept_licence` or by OPENFACE_MODELS_ACCEPT_LICENSE=1.
/// Errors: kCancelled (no consent, or stopped), kModelMissing (no network; the remedy names
/// `models import`), kModelCorrupt (other content than listed), kTimeout (another process holds the
/// lock), kUnwritable, kDiskFull, kUnsupported (a build without downloads).
Result<std::size_t> installModels(const std::string& pack, const InstallOptions& options);

}  // namespace frontalis
