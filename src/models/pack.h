#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "frontalis/result.h"

namespace frontalis {

/// One file of a pack as its manifest lists it.
struct PackFile {
  std::string path;         ///< relative to the pack's folder
  std::uint64_t bytes = 0;  ///< 0: unknown
  std::string sha256;       ///< empty: unknown, any file of that name is taken
  std::string licence;
  std::string origin;  ///< where it comes from
  std::string role;    ///< what it is for, e.g. "face-detector"; may be empty
  std::string part;    ///< which part of the pack needs it, e.g. "clnf"; may be empty
  std::string remote;  ///< name under the pack's download address
  std::string twin;    ///< path of another file of the same content that serves as well; or empty
};

/// Files of a pack that are of use together.
struct PackPart {
  std::string name;
  std::string purpose;    ///< a few words for people
  bool optional = false;  ///< nothing installs it, or only special settings need it
};

/// A folder of models with a manifest: {"name", "version", "files": [PackFile...]}.
struct Pack {
  std::string name;
  std::string version;
  std::string download;  ///< address that the files lie under; empty: not for download
  std::string repair;    ///< remedy named by errors about its files
  std::filesystem::path folder;
  std::vector<PackPart> parts;  ///< of a manifest that names them; else one without a name
  std::vector<PackFile> files;

  /// From manifest.json in the folder.
  /// Errors: kNotFound, kUnreadable, kModelCorrupt (malformed, or a path that leaves the folder).
  static Result<Pack> read(const std::filesystem::path& folder);

  /// Where a listed file lies: at its path, or at its twin's where only that is there.
  [[nodiscard]] std::filesystem::path locate(const PackFile& entry) const;

  /// The file for a role, with size and SHA-256 checked.
  /// Errors: kModelMissing, kModelCorrupt, naming the file, both hashes and the repair.
  [[nodiscard]] Result<std::filesystem::path> file(std::string_view role) const;

  /// Every file of a part (of a pack without parts: every file) is there and right. Errors: as
  /// file(), for the first that is not, with the number of files missing.
  [[nodiscard]] Status check(std::string_view part) const;
};

/// Checks one file against its entry, with its hash or only its size; errors as Pack::file.
/// `repair` is the remedy of the error.
Status verifyFile(const std::filesystem::path& path, const PackFile& expected,
                  const std::string& repair, bool with_hash = true);

/// A pack by name: "open" from FRONTALIS_HOME/packs/open, beside the installed executable, or where
/// this build was set up; "openface" in the cache that OpenFace's followers share
/// (OPENFACE_MODELS_DIR); "pfld" in FRONTALIS_HOME/packs/pfld. The latter two are described even
/// when nothing is installed. A name with a '/' is a pack's folder.
/// Errors: kInvalidArgument, kModelMissing, as Pack::read.
Result<Pack> findPack(const std::string& name);

/// A file of the source tree's data/, installed as share/frontalis/data. Errors: kModelMissing.
Result<std::filesystem::path> dataFile(const std::string& name);

/// FRONTALIS_HOME, else the user's data folder: XDG_DATA_HOME/frontalis, ~/.local/share/frontalis,
/// or ~/Library/Application Support/Frontalis.
std::filesystem::path frontalisHome();

/// OPENFACE_MODELS_DIR, else OpenFaceModels in the user's data folder (spec pipeline 10.5).
std::filesystem::path openfaceModelsRoot();

}  // namespace frontalis
