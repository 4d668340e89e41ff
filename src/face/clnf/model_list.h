#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "frontalis/result.h"

// The small text files that tie a landmark model together (spec clnf 1.1, 1.2).

namespace frontalis {

/// A finer model of a part of the face, e.g. an eye.
struct PartReference {
  std::filesystem::path list;                     ///< the part's own main list
  std::string name;                               ///< "inner", "left_eye_28", ...
  std::vector<std::pair<int, int>> main_to_part;  ///< landmark indices that are the same point
};

/// main_clnf_general.txt and the like. Paths are resolved against the list's folder.
struct MainList {
  std::filesystem::path model;
  std::vector<PartReference> parts;
  std::optional<std::filesystem::path> validator;
};

/// clnf_general.txt and the like. Experts in ascending order of scale.
struct ModelDescription {
  std::filesystem::path pdm;
  std::vector<std::filesystem::path> svr;
  std::vector<std::filesystem::path> ccnf;
  std::vector<std::filesystem::path> cen;
  std::optional<std::filesystem::path> early_termination;
};

/// Errors: kCorrupt with file and line.
Result<MainList> parseMainList(std::string_view text, const std::filesystem::path& path);
Result<ModelDescription> parseModelDescription(std::string_view text,
                                               const std::filesystem::path& path);

/// As above from disk; also kNotFound, kUnreadable.
Result<MainList> loadMainList(const std::filesystem::path& path);
Result<ModelDescription> loadModelDescription(const std::filesystem::path& path);

}  // namespace frontalis
