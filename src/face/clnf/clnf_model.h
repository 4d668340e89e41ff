#pragma once

#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "face/clnf/landmark_fit.h"
#include "face/clnf/validator.h"
#include "frontalis/result.h"

namespace frontalis {

/// A finer model of a part of the face.
struct ClnfPart {
  std::string name;
  LandmarkModel model;
  std::vector<std::pair<int, int>> main_to_part;  ///< landmark indices of the same point
};

/// Everything a main list names (spec clnf 1.1): face model, parts, validator. Immutable, shared by
/// the trackers of several videos.
struct ClnfModel {
  LandmarkModel face;
  std::vector<ClnfPart> parts;
  std::optional<Validator> validator;

  /// `main_list`: main_clnf_general.txt, main_ceclm_general.txt or one like them; the name decides
  /// the settings as in OpenFace (2). Errors: those of the files; kUnsupported for a face model
  /// without 68 points.
  static Result<std::shared_ptr<const ClnfModel>> load(const std::filesystem::path& main_list);
};

}  // namespace frontalis
