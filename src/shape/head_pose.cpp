#include "shape/head_pose.h"

#include <Eigen/Cholesky>
#include <Eigen/Geometry>
#include <cmath>
#include <limits>

#include "shape/rotation.h"

namespace frontalis {

namespace {

using Vector6d = Eigen::Matrix<double, 6, 1>;
using Matrix6d = Eigen::Matrix<double, 6, 6>;

constexpr int kMaxPoseIterations = 50;
constexpr double kSmallStep = 1e-10;  // relative to the size of the translation
constexpr double kFirstDamping = 1e-3;
constexpr double kMaxDamping = 1e12;

struct PnpProblem {
  const Eigen::VectorXf& model;
  const Eigen::VectorXf& image;
  const Eigen::VectorXf& weights;
  const Camera& camera;
  Eigen::Index n;

  [[nodiscard]] double weight(Eigen::Index i) const {
    return weights.size() == 0 ? 1 : static_cast<double>(weights[i]);
  }
  [[nodiscard]] Eigen::Vector3d point(Eigen::Index i) const {
    return {model[i], model[n + i], model[2 * n + i]};
  }

  /// Weighted sum of squared distances, px^2; infinite where a point is not in front.
  [[nodiscard]] double cost(const RigidTransform& pose) const {
    double sum = 0;
    for (Eigen::Index i = 0; i < n; ++i) {
      const Eigen::Vector3d p = pose.rotation * point(i) + pose.translation;
      if (!(p.z() > 0)) return std::numeric_limits<double>::infinity();
      const double dx = image[i] - (camera.fx * p.x() / p.z() + camera.cx);
      const double dy = image[n + i] - (camera.fy * p.y() / p.z() + camera.cy);
      sum += weight(i) * (dx * dx + dy * dy);
    }
    return std::isfinite(sum) ? sum : std::numeric_limits<double>::infinity();
  }

  /// Gauss-Newton system in (turn about the camera's axes, translation).
  void linearise(const RigidTransform& pose, Matrix6d& matrix, Vector6d& right) const {
    matrix.setZero();
    right.setZero();
    for (Eigen::Index i = 0; i < n; ++i) {
      const Eigen::Vector3d turned = pose.rotation * point(i);
      const Eigen::Vector3d p = turned + pose.translation;
      const double x = camera.fx / p.z();
      const double y = camera.fy / p.z();
      const double dx = image[i] - (x * p.x() + camera.cx);
      const double dy = image[n + i] - (y * p.y() + camera.cy);
      const Eigen::Vector3d gx(x, 0, -x * p.x() / p.z());
      const Eigen::Vector3d gy(0, y, -y * p.y() / p.z());
      Vector6d jx, jy;
      jx << turned.cross(gx), gx;
      jy << turned.cross(gy), gy;
      matrix += weight(i) * (jx * jx.transpose() + jy * jy.transpose());
      right += weight(i) * (dx * jx + dy * jy);
    }
  }
};

}  // namespace

HeadPose RigidTransform::headPose() const {
  const Eigen::Vector3f euler = eulerFromRotation(rotation).cast<float>();
  const Eigen::Vector3f t = translation.cast<float>();
  return {t.x(), t.y(), t.z(), euler.x(), euler.y(), euler.z()};
}

PnpFit solvePnp(const Eigen::VectorXf& model, const Eigen::VectorXf& image, const Camera& camera,
                const RigidTransform& start, const Eigen::VectorXf& weights) {
  PnpFit fit;
  fit.pose = start;
  const Eigen::Index n = model.size() / 3;
  if (n < 4 || model.size() != 3 * n || image.size() != 2 * n ||
      (weights.size() != 0 && weights.size() != n)) {
    return fit;
  }
  const PnpProblem problem{model, image, weights, camera, n};
  double cost = problem.cost(fit.pose);
  if (!std::isfinite(cost)) return fit;

  double damping = kFirstDamping;
  Matrix6d matrix;
  Vector6d right;
  problem.linearise(fit.pose, matrix, right);
  while (fit.iterations < kMaxPoseIterations && damping < kMaxDamping) {
    ++fit.iterations;
    Matrix6d damped = matrix;
    damped.diagonal() *= 1 + damping;
    const Eigen::LLT<Matrix6d> factors(damped);
    if (factors.info() != Eigen::Success) return fit;
    const Vector6d step = factors.solve(right);
    RigidTransform next;
    next.rotation = rotationFromAxisAngle(step.head<3>()) * fit.pose.rotation;
    next.translation = fit.pose.translation + step.tail<3>();
    const double next_cost = problem.cost(next);
    if (next_cost <= cost) {
      fit.pose = next;
      cost = next_cost;
      damping /= 10;
      const double size = step.head<3>().norm() * next.translation.norm() + step.tail<3>().norm();
      if (size < kSmallStep * (1 + next.translation.norm())) break;
      problem.linearise(fit.pose, matrix, right);
    } else {
      damping *= 10;
    }
  }
  double total_weight = 0;
  for (Eigen::Index i = 0; i < n; ++i) total_weight += problem.weight(i);
  fit.error = std::sqrt(cost / total_weight);
  fit.valid = std::isfinite(fit.error);
  return fit;
}

RigidTransform startPose(const GlobalParams& global, const Camera& camera) {
  const double z = static_cast<double>(camera.fx) / static_cast<double>(global.scale);
  return {rotationFromAxisAngle(Eigen::Vector3d(global.rx, global.ry, global.rz)),
          {(global.tx - camera.cx) * z / camera.fx, (global.ty - camera.cy) * z / camera.fy, z}};
}

HeadPose headPose(const GlobalParams& global, const Eigen::VectorXf& shape3d,
                  const Eigen::VectorXf& landmarks, const Camera& camera) {
  if (!(global.scale > 0)) return {};
  const PnpFit fit = solvePnp(shape3d, landmarks, camera, startPose(global, camera));
  return fit.valid ? fit.pose.headPose() : HeadPose{};
}

void landmarksInCamera(const GlobalParams& global, const Eigen::VectorXf& shape3d,
                       const Eigen::VectorXf& landmarks, const Camera& camera,
                       Eigen::VectorXf& out) {
  const Eigen::Index n = shape3d.size() / 3;
  out.resize(3 * n);
  if (!(global.scale > 0)) {
    out.setZero();
    return;
  }
  const Eigen::Matrix3f r = rotationFromEuler(global.rx, global.ry, global.rz);
  const float distance = camera.fx / global.scale;
  const auto x = shape3d.head(n).array();
  const auto y = shape3d.segment(n, n).array();
  const auto z = shape3d.tail(n).array();
  out.tail(n).array() = distance + r(2, 0) * x + r(2, 1) * y + r(2, 2) * z;
  out.head(n).array() = out.tail(n).array() * ((landmarks.head(n).array() - camera.cx) / camera.fx);
  out.segment(n, n).array() =
      out.tail(n).array() * ((landmarks.tail(n).array() - camera.cy) / camera.fy);
}

}  // namespace frontalis
