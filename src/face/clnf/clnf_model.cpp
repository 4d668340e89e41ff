#include "face/clnf/clnf_model.h"

#include "frontalis/types.h"
#include "util/try.h"

namespace frontalis {

namespace {

Result<ClnfPart> loadPart(const PartReference& reference, int face_points) {
  const FitSettings* settings = partSettings(reference.name);
  if (settings == nullptr) {
    return Error{ErrorCode::kUnsupported, reference.list.string() +
                                              ": no settings are known for a part named \"" +
                                              reference.name + "\""};
  }
  FRONTALIS_ASSIGN(const MainList list, loadMainList(reference.list));
  FRONTALIS_ASSIGN(LandmarkModel model, LandmarkModel::load(list.model, *settings));
  for (const auto& [face, part] : reference.main_to_part) {
    if (face >= face_points || part >= model.landmarks()) {
      return Error{ErrorCode::kCorrupt, "part \"" + reference.name + "\" maps landmark " +
                                            std::to_string(face) + " to " + std::to_string(part) +
                                            ", which has " + std::to_string(model.landmarks()) +
                                            " points"};
    }
  }
  return ClnfPart{reference.name, std::move(model), reference.main_to_part};
}

}  // namespace

Result<std::shared_ptr<const ClnfModel>> ClnfModel::load(const std::filesystem::path& main_list) {
  FRONTALIS_ASSIGN(const MainList list, loadMainList(main_list));
  const bool cen = main_list.stem() == "main_ceclm_general";
  FRONTALIS_ASSIGN(LandmarkModel face,
                   LandmarkModel::load(list.model, cen ? ceclmSettings() : clnfSettings()));
  const int points = face.landmarks();
  if (points != static_cast<int>(kLandmarks)) {
    return Error{ErrorCode::kUnsupported, list.model.string() + " has " + std::to_string(points) +
                                              " points, expected " + std::to_string(kLandmarks)};
  }
  auto model = std::make_shared<ClnfModel>(ClnfModel{std::move(face), {}, {}});
  for (const PartReference& reference : list.parts) {
    FRONTALIS_ASSIGN(ClnfPart part, loadPart(reference, points));
    model->parts.push_back(std::move(part));
  }
  if (list.validator) {
    FRONTALIS_ASSIGN(Validator validator, Validator::load(*list.validator));
    if (validator.landmarks() != points) {
      return Error{ErrorCode::kCorrupt, list.validator->string() + " expects " +
                                            std::to_string(validator.landmarks()) + " landmarks"};
    }
    model->validator = std::move(validator);
  }
  return std::shared_ptr<const ClnfModel>(std::move(model));
}

}  // namespace frontalis
