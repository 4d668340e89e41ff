#include "shape/rigid_fit.h"

#include <Eigen/LU>
#include <Eigen/SVD>
#include <algorithm>
#include <cmath>
#include <numbers>

namespace frontalis {
namespace {

Eigen::Vector3d vector(const Point3f& p) { return {p.x, p.y, p.z}; }

float degrees(double radians) { return static_cast<float>(radians * 180 / std::numbers::pi); }

}  // namespace

std::optional<Similarity3d> fitSimilarity(std::span<const Eigen::Vector3d> from,
                                          std::span<const Eigen::Vector3d> to,
                                          std::span<const double> weights) {
  double total = 0;
  Eigen::Vector3d from_mean = Eigen::Vector3d::Zero();
  Eigen::Vector3d to_mean = Eigen::Vector3d::Zero();
  for (std::size_t i = 0; i < from.size(); ++i) {
    total += weights[i];
    from_mean += weights[i] * from[i];
    to_mean += weights[i] * to[i];
  }
  if (!(total > 0)) return std::nullopt;
  from_mean /= total;
  to_mean /= total;

  double variance = 0;
  Eigen::Matrix3d covariance = Eigen::Matrix3d::Zero();
  for (std::size_t i = 0; i < from.size(); ++i) {
    const Eigen::Vector3d centred = from[i] - from_mean;
    variance += weights[i] * centred.squaredNorm();
    covariance += weights[i] * (to[i] - to_mean) * centred.transpose();
  }
  if (!(variance > 0) || !covariance.allFinite()) return std::nullopt;

  const Eigen::JacobiSVD<Eigen::Matrix3d> svd(covariance,
                                              Eigen::ComputeFullU | Eigen::ComputeFullV);
  const Eigen::Vector3d& singular = svd.singularValues();
  // Rank 1 or 0: the rotation about the points' line is not determined.
  if (!(singular[1] > 1e-9 * singular[0])) return std::nullopt;
  Eigen::Vector3d sign = Eigen::Vector3d::Ones();
  if (svd.matrixU().determinant() * svd.matrixV().determinant() < 0) sign[2] = -1;

  Similarity3d fit;
  fit.rotation = svd.matrixU() * sign.asDiagonal() * svd.matrixV().transpose();
  fit.scale = singular.dot(sign) / variance;
  fit.translation = to_mean - fit.scale * (fit.rotation * from_mean);
  if (!fit.rotation.allFinite() || !fit.translation.allFinite() || !(fit.scale > 0)) {
    return std::nullopt;
  }
  return fit;
}

MeshAligner::MeshAligner(const CanonicalFace& face) {
  const Eigen::Vector3d origin = (vector(face.vertices[133]) + vector(face.vertices[362])) / 2;
  const double unit = (vector(face.vertices[33]) - vector(face.vertices[263])).norm() / 100;
  for (std::size_t i = 0; i < kCanonicalVertices; ++i) {
    const Eigen::Vector3d p = (vector(face.vertices[i]) - origin) / unit;
    reference_[i] = {static_cast<float>(p.x()), static_cast<float>(p.y()),
                     static_cast<float>(p.z())};
  }
}

std::optional<Similarity3d> MeshAligner::fit(const FaceMesh& mesh) const {
  std::array<Eigen::Vector3d, kRigidAnchors.size()> from;
  std::array<Eigen::Vector3d, kRigidAnchors.size()> to;
  std::array<double, kRigidAnchors.size()> weights{};
  for (std::size_t i = 0; i < kRigidAnchors.size(); ++i) {
    from[i] = vector(mesh[kRigidAnchors[i].landmark]);
    to[i] = vector(reference_[kRigidAnchors[i].landmark]);
    weights[i] = kRigidAnchors[i].weight;
  }
  return fitSimilarity(from, to, weights);
}

std::optional<AlignedMesh> MeshAligner::align(const FaceMesh& mesh) const {
  const std::optional<Similarity3d> similarity = fit(mesh);
  if (!similarity) return std::nullopt;

  AlignedMesh aligned;
  for (std::size_t i = 0; i < kMeshPoints; ++i) {
    const Eigen::Vector3d p = *similarity * vector(mesh[i]);
    if (!p.allFinite()) return std::nullopt;
    aligned.points[i] = {static_cast<float>(p.x()), static_cast<float>(p.y()),
                         static_cast<float>(p.z())};
  }
  const Eigen::Matrix3d r = similarity->rotation.transpose();  // canonical axes -> image axes
  aligned.yaw = degrees(std::atan2(r(0, 2), r(2, 2)));
  aligned.pitch = degrees(std::asin(std::clamp(-r(1, 2), -1.0, 1.0)));
  aligned.roll = degrees(std::atan2(r(1, 0), r(1, 1)));
  aligned.scale = static_cast<float>(similarity->scale);
  aligned.rotation = similarity->rotation.cast<float>();
  return aligned;
}

}  // namespace frontalis
