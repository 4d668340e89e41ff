#pragma once

#include <algorithm>
#include <cstdint>
#include <filesystem>
#include <random>
#include <string>
#include <vector>

#include "au/descriptor.h"
#include "au/linear_model.h"
#include "frontalis/types.h"
#include "util/file.h"

namespace frontalis::testing {

/// The bytes of a model as OpenFace's .dat files hold it (spec pipeline 8.1).
inline std::string linearModelBytes(const LinearModel& model) {
  std::string bytes;
  const auto put = [&bytes](auto value) {
    bytes.append(reinterpret_cast<const char*>(&value), sizeof(value));
  };
  const auto putMatrix = [&](std::size_t rows, std::size_t cols,
                             const std::vector<double>& values) {
    put(static_cast<std::int32_t>(rows));
    put(static_cast<std::int32_t>(cols));
    put(std::int32_t{6});
    for (const double v : values) put(v);
  };
  put(static_cast<std::int32_t>((model.presence ? 4 : 0) + (model.dynamic ? 1 : 0)));
  if (model.dynamic && !model.presence) put(model.cutoff);
  putMatrix(1, model.means.size(), model.means);
  putMatrix(model.weights.size(), 1, model.weights);
  put(model.bias);
  if (model.presence) {
    put(model.class_above ? 1.0 : 0.0);
    put(model.class_below ? 1.0 : 0.0);
  }
  return bytes;
}

/// Made-up weights: predictions are of order 1 for descriptors of a natural size.
inline LinearModel syntheticLinearModel(std::mt19937& random, bool presence, bool dynamic) {
  std::uniform_real_distribution<double> unit(-1, 1);
  LinearModel model;
  model.presence = presence;
  model.dynamic = dynamic;
  if (!presence && dynamic) model.cutoff = 0.5 + 0.4 * unit(random);
  for (std::size_t k = 0; k < kFeatures; ++k) {
    const bool fhog = k < kFhogSize;
    model.means.push_back(fhog ? 0.1 : 0.0);
    model.weights.push_back((fhog ? 0.1 : 0.005) * unit(random));
  }
  model.bias = unit(random);
  if (presence) {
    model.class_above = unit(random) > 0;
    model.class_below = !model.class_above;
  }
  return model;
}

struct SyntheticAuModel {
  int au;
  LinearModel model;
};

/// All 18 presence and 17 intensity models, every other one dynamic when `dynamic`.
inline std::vector<SyntheticAuModel> syntheticAuModels(unsigned seed, bool dynamic = true) {
  std::mt19937 random(seed);
  std::vector<SyntheticAuModel> models;
  bool next = dynamic;
  const auto add = [&](int au, bool presence) {
    models.push_back({au, syntheticLinearModel(random, presence, next)});
    next = dynamic && !next;
  };
  for (const int au : kPresenceAuNumbers) add(au, true);
  for (const int au : kIntensityAuNumbers) add(au, false);
  return models;
}

/// Writes models and lists into `folder`, laid out as OpenFace's; returns the main list's path. The
/// shape model and triangulation that the list names, pdm.txt and tris.txt, are not written.
inline std::filesystem::path writeAuModels(const std::filesystem::path& folder,
                                           const std::vector<SyntheticAuModel>& models) {
  std::string list;
  for (const auto& [au, model] : models) {
    const std::string name = (model.presence ? "svm/AU_" : "svr/AU_") + std::to_string(au) + ".dat";
    list += name + " AU" + (au < 10 ? "0" : "") + std::to_string(au) + "\r\n";
    (void)writeFile(folder / name, linearModelBytes(model));
  }
  (void)writeFile(folder / "predictors.txt", list);
  (void)writeFile(folder / "main.txt",
                  "AUPredictor predictors.txt\nPDM pdm.txt\nTriangulation tris.txt");
  return folder / "main.txt";
}

}  // namespace frontalis::testing
