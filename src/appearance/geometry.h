#pragma once

#include <Eigen/Core>
#include <cstddef>
#include <span>

#include "shape/pdm.h"

namespace frontalis {

/// Length of the descriptor for a model of 68 points and 34 modes.
inline constexpr std::size_t kGeometrySize = 3 * 68 + 34;  // 238

/// [V p (3n mm, all x, all y, all z; the mean is not added), p (m)], spec pipeline 6. `out` has
/// 3n + m values. A failed frame has p = 0 and so all zeros.
void geometryDescriptor(const Pdm& pdm, const Eigen::VectorXf& local, std::span<double> out);

}  // namespace frontalis
