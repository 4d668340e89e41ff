#include "shape/rotation.h"

#include <algorithm>
#include <cmath>

namespace frontalis {

namespace {

Eigen::Matrix3d cross(const Eigen::Vector3d& v) {
  Eigen::Matrix3d m;
  m << 0, -v.z(), v.y(), v.z(), 0, -v.x(), -v.y(), v.x(), 0;
  return m;
}

}  // namespace

Eigen::Matrix3d rotationFromEuler(const Eigen::Vector3d& euler) {
  const double s1 = std::sin(euler.x()), c1 = std::cos(euler.x());
  const double s2 = std::sin(euler.y()), c2 = std::cos(euler.y());
  const double s3 = std::sin(euler.z()), c3 = std::cos(euler.z());
  Eigen::Matrix3d r;
  r << c2 * c3, -c2 * s3, s2,                                    //
      c1 * s3 + c3 * s1 * s2, c1 * c3 - s1 * s2 * s3, -c2 * s1,  //
      s1 * s3 - c1 * c3 * s2, c3 * s1 + c1 * s2 * s3, c1 * c2;
  return r;
}

Eigen::Matrix3f rotationFromEuler(float rx, float ry, float rz) {
  return rotationFromEuler(Eigen::Vector3d(rx, ry, rz)).cast<float>();
}

Eigen::Vector3d eulerFromRotation(const Eigen::Matrix3d& r) {
  const double q0 = std::sqrt(1 + r(0, 0) + r(1, 1) + r(2, 2)) / 2;
  const double q1 = (r(2, 1) - r(1, 2)) / (4 * q0);
  const double q2 = (r(0, 2) - r(2, 0)) / (4 * q0);
  const double q3 = (r(1, 0) - r(0, 1)) / (4 * q0);
  const Eigen::Vector3d euler(
      std::atan2(2 * (q0 * q1 - q2 * q3), q0 * q0 - q1 * q1 - q2 * q2 + q3 * q3),
      std::asin(std::clamp(2 * (q0 * q2 + q1 * q3), -1.0, 1.0)),
      std::atan2(2 * (q0 * q3 - q1 * q2), q0 * q0 + q1 * q1 - q2 * q2 - q3 * q3));
  return euler.allFinite() ? euler : Eigen::Vector3d::Zero();
}

Eigen::Matrix3d nearestRotation(const Eigen::Vector3d& w) {
  // I + [w]x keeps w and, in the plane across it, turns by atan|w| and stretches by sqrt(1+|w|^2).
  const double stretch = std::sqrt(1 + w.squaredNorm());
  const double c = 1 / stretch;
  return c * (Eigen::Matrix3d::Identity() + cross(w)) +
         w * w.transpose() / (stretch * (stretch + 1));
}

Eigen::Matrix3d rotationFromAxisAngle(const Eigen::Vector3d& v) {
  const double angle = v.norm();
  const Eigen::Matrix3d k = cross(v);
  // Below this the series' next term is under the rounding of the entries.
  if (angle < 1e-6) return Eigen::Matrix3d::Identity() + k + 0.5 * k * k;
  return Eigen::Matrix3d::Identity() + std::sin(angle) / angle * k +
         (1 - std::cos(angle)) / (angle * angle) * k * k;
}

}  // namespace frontalis
