#pragma once

#include <filesystem>
#include <memory>
#include <vector>

#include "au/predictor.h"
#include "models/pack.h"

namespace frontalis {

/// What OpenFace's AU stages are made of, read from a pack.
struct OpenFaceModels {
  std::shared_ptr<const AuPredictor> predictor;
  std::filesystem::path pdm;  ///< 68-point shape model
  std::filesystem::path triangulation;
  std::vector<PackFile> used;  ///< for the record: models, shape model, triangulation
};

/// Reads the pack's list for video ("au-models") or, with `static_models`, for images and --static
/// ("au-models-static"). Where the pack lists but lacks the video list, as in a cache that another
/// program filled, the files of its part "intensities" are taken and no AU has a presence.
/// Every file is checked against the pack's manifest. Errors: kModelMissing, kModelCorrupt, and
/// those of the readers.
Result<OpenFaceModels> readOpenFaceModels(const Pack& pack, bool static_models);

}  // namespace frontalis
