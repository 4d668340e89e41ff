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
  std::string path;  ///< relative to the pack's folder
  std::uint64_t bytes = 0;
  std::string sha256;
  std::string licence;
  std::string origin;
  std::string role;  ///< what it is for, e.g. "face-detector"
};

/// A folder of models with a manifest.json: {"name", "version", "files": [PackFile...]}.
struct Pack {
  std::string name;
  std::string version;
  std::filesystem::path folder;
  std::vector<PackFile> files;

  /// Errors: kNotFound, kUnreadable, kModelCorrupt (malformed, or a path that leaves the folder).
  static Result<Pack> read(const std::filesystem::path& folder);

  /// The file for a role, with size and SHA-256 checked.
  /// Errors: kModelMissing, kModelCorrupt, naming the file, both hashes and the repair.
  [[nodiscard]] Result<std::filesystem::path> file(std::string_view role) const;
};

/// Checks one file against its entry; errors as Pack::file. `repair` is the remedy of the error.
Status verifyFile(const std::filesystem::path& path, const PackFile& expected,
                  const std::string& repair);

/// The open pack: from FRONTALIS_HOME/packs/open, beside the installed executable, or where this
/// build was set up. A name with a '/' is a pack's folder. Errors: kModelMissing, as Pack::read.
Result<Pack> findPack(const std::string& name);

}  // namespace frontalis
