#pragma once

#include <cstddef>
#include <span>

namespace frontalis {

/// Features of one frame for the linear models: FHOG (spec pipeline 5), then geometry (6).
inline constexpr std::size_t kFhogFeatures = 4464;
inline constexpr std::size_t kGeometryFeatures = 238;
inline constexpr std::size_t kFeatures = kFhogFeatures + kGeometryFeatures;

/// Borrowed features of one frame.
struct DescriptorView {
  std::span<const float, kFhogFeatures> fhog;
  std::span<const double, kGeometryFeatures> geometry;  ///< V p in mm (204), then p (34)
};

}  // namespace frontalis
