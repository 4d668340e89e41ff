#pragma once

#include <Eigen/Core>

namespace frontalis {

/// R = Rx(rx) Ry(ry) Rz(rz) on column vectors, rad (spec pipeline 3.2).
Eigen::Matrix3d rotationFromEuler(const Eigen::Vector3d& euler);
/// The same in single precision; the sines are taken in double.
Eigen::Matrix3f rotationFromEuler(float rx, float ry, float rz);

/// (rx, ry, rz) in rad of a rotation matrix, through a quaternion; all zero where it has no such
/// angles (a half turn in total, or a value that is not finite).
Eigen::Vector3d eulerFromRotation(const Eigen::Matrix3d& rotation);

/// The rotation nearest to I + [w]x, i.e. U V^T of its SVD: a turn of atan|w| about w.
Eigen::Matrix3d nearestRotation(const Eigen::Vector3d& w);

/// Rotation about `v` by |v| rad (Rodrigues).
Eigen::Matrix3d rotationFromAxisAngle(const Eigen::Vector3d& v);

}  // namespace frontalis
