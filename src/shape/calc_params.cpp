#include "shape/calc_params.h"

#include <cmath>
#include <limits>

#include "shape/rotation.h"

namespace frontalis {

namespace {

constexpr int kMaxIterations = 1000;
constexpr int kPoorIterations = 3;  // in total, not in a row
constexpr float kPoorReduction = 0.999f;
constexpr float kDamping = 0.75f;
constexpr int kFewestPoints = 3;

}  // namespace

CalcParams::CalcParams(const Pdm& pdm)
    : pdm_(&pdm),
      equations_(pdm),
      visible_(pdm.points()),
      shape3d_(3 * pdm.points()),
      projected_(2 * pdm.points()),
      residual_(2 * pdm.points()),
      step_(6 + pdm.modes()) {
  fit_.local = Eigen::VectorXf::Zero(pdm.modes());
}

bool CalcParams::start(const Eigen::VectorXf& landmarks, const Eigen::Vector3f& rotation) {
  const Eigen::Index n = pdm_->points();
  fit_.global = {0, 0, 0, 0, 0, 0};
  fit_.local.setZero();
  fit_.iterations = 0;
  fit_.error = 0;
  fit_.valid = false;
  if (landmarks.size() != 2 * n || !landmarks.allFinite() || !rotation.allFinite()) return false;

  visible_ = (landmarks.head(n).array() != 0.f).cast<float>();
  if (visible_.sum() < static_cast<float>(kFewestPoints)) return false;
  equations_.setWeights(visible_);

  const Eigen::Matrix3f r = rotationFromEuler(rotation.x(), rotation.y(), rotation.z());
  constexpr float kFar = std::numeric_limits<float>::max();
  Eigen::Array4f low = Eigen::Array4f::Constant(kFar);  // image x, y; model x, y
  Eigen::Array4f high = -low;
  const Eigen::VectorXf& mean = pdm_->mean();
  for (Eigen::Index i = 0; i < n; ++i) {
    if (visible_[i] == 0.f) continue;
    const Eigen::Vector3f model(mean[i], mean[n + i], mean[2 * n + i]);
    const Eigen::Array4f point(landmarks[i], landmarks[n + i], r.row(0).dot(model),
                               r.row(1).dot(model));
    low = low.min(point);
    high = high.max(point);
  }
  const Eigen::Array4f extent = high - low;
  if (!(extent > 0).all() || !extent.allFinite()) return false;
  fit_.global = {(extent[0] / extent[2] + extent[1] / extent[3]) / 2,
                 rotation.x(),
                 rotation.y(),
                 rotation.z(),
                 (low[0] + high[0]) / 2,
                 (low[1] + high[1]) / 2};
  shape3d_ = mean;
  return true;
}

float CalcParams::residual(const Eigen::VectorXf& landmarks) {
  const Eigen::Index n = pdm_->points();
  Pdm::project(fit_.global, shape3d_, projected_);
  residual_ = landmarks - projected_;
  residual_.head(n).array() *= visible_.array();
  residual_.tail(n).array() *= visible_.array();
  return residual_.norm();
}

const CalcParams::Fit& CalcParams::fit(const Eigen::VectorXf& landmarks,
                                       const Eigen::Vector3f& rotation) {
  if (!start(landmarks, rotation)) return fit_;
  float previous = residual(landmarks);
  for (int poor = 0; fit_.iterations < kMaxIterations && poor < kPoorIterations;) {
    if (fit_.iterations > 0) {
      pdm_->shape3d(fit_.local, shape3d_);
      residual(landmarks);
    }
    equations_.solve(fit_.global, fit_.local, shape3d_, residual_, 1.f, step_);
    step_ *= kDamping;
    Pdm::update(step_, fit_.global, fit_.local);
    ++fit_.iterations;
    // As in OpenFace: the new pose, but the 3D shape from before the local update.
    fit_.error = residual(landmarks);
    if (kPoorReduction * previous < fit_.error) ++poor;
    previous = fit_.error;
    if (!std::isfinite(fit_.error)) {
      fit_.global = {0, 0, 0, 0, 0, 0};
      fit_.local.setZero();
      fit_.error = 0;
      return fit_;
    }
  }
  fit_.valid = true;
  return fit_;
}

}  // namespace frontalis
