#pragma once

#include <cstddef>
#include <span>

#include "appearance/fhog.h"
#include "appearance/geometry.h"

namespace frontalis {

/// Features of one frame for the linear models: FHOG, then geometry.
inline constexpr std::size_t kFeatures = kFhogSize + kGeometrySize;

/// Borrowed features of one frame.
struct DescriptorView {
  std::span<const float, kFhogSize> fhog;
  std::span<const double, kGeometrySize> geometry;
};

}  // namespace frontalis
