#pragma once

#include <Eigen/Core>
#include <span>

namespace frontalis {

/// The 2x2 part (rotation times scale, never a reflection) of the similarity that takes `from` to
/// `to`, both 2n grouped, on column vectors: rotation by least squares, scale as the ratio of the
/// root-mean-square radii (spec pipeline 4, item 4; clnf 7.1). `indices` picks points; empty: all.
/// Zero where either set has no extent.
Eigen::Matrix2f similarity2d(const Eigen::VectorXf& from, const Eigen::VectorXf& to,
                             std::span<const int> indices = {});

}  // namespace frontalis
