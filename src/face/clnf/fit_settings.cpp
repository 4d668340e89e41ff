#include "face/clnf/fit_settings.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <utility>

namespace frontalis {

namespace {

constexpr int kLastRefinedScale = 2;
constexpr float kBaseScale = 0.25f;
constexpr float kLeastRegularisation = 0.001f;

FitSettings part(const std::vector<int>& windows, float regularisation, float sigma,
                 float weight_factor) {
  return {windows, windows, regularisation, sigma, weight_factor, 5, false};
}

}  // namespace

ScaleSettings settingsAtScale(const FitSettings& settings, const std::vector<float>& scales,
                              int scale) {
  ScaleSettings result{settings.regularisation, settings.sigma, settings.weight_factor};
  if (!settings.refine_by_scale) return result;
  const float octaves =
      std::log2(scales[static_cast<std::size_t>(std::min(scale, kLastRefinedScale))] / kBaseScale);
  result.regularisation -= 15.f * octaves;
  if (result.regularisation <= 0) result.regularisation = kLeastRegularisation;
  result.sigma += 0.25f * octaves;
  result.weight_factor += 2.f * result.weight_factor * octaves;
  return result;
}

FitSettings clnfSettings() { return {{11, 9, 7, 5}, {0, 9, 7, 0}, 25, 1.5f, 0, 5, true}; }

FitSettings ceclmSettings() {
  return {{11, 9, 7, 5}, {0, 9, 7, 0}, 25 * 0.9f, 1.5f * 1.5f, 0, 5, true};
}

const FitSettings* partSettings(std::string_view name) {
  static const std::array<std::pair<std::string_view, FitSettings>, 7> kParts = {{
      {"inner", part({9}, 2.5f, 1.75f, 2.5f)},
      {"left_eye_28", part({3, 5}, 0.5f, 1, 0)},
      {"right_eye_28", part({3, 5}, 0.5f, 1, 0)},
      {"left_eye", part({5, 3}, 0.1f, 2, 0)},
      {"right_eye", part({5, 3}, 0.1f, 2, 0)},
      {"mouth", part({7, 7}, 1, 2, 0)},
      {"brow", part({11, 9}, 10, 3.5f, 0)},
  }};
  for (const auto& [known, settings] : kParts) {
    if (known == name) return &settings;
  }
  return nullptr;
}

}  // namespace frontalis
