#pragma once

#include <cmath>
#include <vector>

#include "face/clnf/patch_experts.h"
#include "fuzz/input.h"

namespace frontalis::fuzz {

/// Every expert that a view shows looks at one picture.
inline void useExperts(const PatchExperts& experts, int window) {
  const int side = window + experts.support() - 1;
  std::vector<float> area(static_cast<std::size_t>(side) * side);
  for (std::size_t i = 0; i < area.size(); ++i) area[i] = static_cast<float>(i * i % 251);
  std::vector<float> response(static_cast<std::size_t>(window) * window);
  ResponseScratch scratch;
  const ExpertViews& views = experts.views();
  int left = 64;
  for (int view = 0; view < views.count(); ++view) {
    for (int i = 0; i < views.landmarks() && left > 0; ++i) {
      if (views.visible[view][i] == 0) continue;
      --left;
      (void)experts.confidence(view, i);
      experts.respond(view, i, area.data(), window, scratch, response.data());
    }
  }
  (void)views.nearest({0.1f, 0.2f, 0.3f});
}

}  // namespace frontalis::fuzz
