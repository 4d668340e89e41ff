#pragma once

#include <string_view>
#include <vector>

namespace frontalis {

/// How one landmark model is fitted (spec clnf 2).
struct FitSettings {
  std::vector<int> initial_windows;   ///< cells, one a scale; 0 skips the scale
  std::vector<int> tracking_windows;  ///< the same, from the last frame's shape on
  float regularisation = 25;
  float sigma = 1.5f;           ///< mean-shift kernel, cells
  float weight_factor = 0;      ///< weights by the experts' confidence; 0: all alike
  int iterations = 5;           ///< at most, per pass
  bool refine_by_scale = true;  ///< regularisation, sigma and weight change with the scale
};

/// The settings at one scale.
struct ScaleSettings {
  float regularisation = 0;
  float sigma = 0;
  float weight_factor = 0;
};
ScaleSettings settingsAtScale(const FitSettings& settings, const std::vector<float>& scales,
                              int scale);

FitSettings clnfSettings();   ///< main_clnf_general
FitSettings ceclmSettings();  ///< main_ceclm_general
/// Of a part, by its name in the main list; nullptr for an unknown part.
const FitSettings* partSettings(std::string_view name);

}  // namespace frontalis
