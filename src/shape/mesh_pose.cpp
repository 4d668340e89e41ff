#include "shape/mesh_pose.h"

#include <cmath>

#include "shape/head_pose.h"
#include "shape/mesh68.h"

namespace frontalis {

Landmarks68In3d MeshPose::landmarks(const FaceMesh& mesh) const {
  Landmarks68In3d points{};
  if (!valid) return points;
  const Eigen::Vector3f head_at(head.tx, head.ty, head.tz);
  const float distance = head_at.norm();
  const Eigen::Vector3f sight = head_at / distance;
  const float mm_per_px = head.tz / camera.fx;
  for (std::size_t i = 0; i < kLandmarks; ++i) {
    const Point3f& p = mesh[kMesh68Indices[i]];
    const Eigen::Vector3f ray((p.x - camera.cx) / camera.fx, (p.y - camera.cy) / camera.fy, 1);
    // The mesh's depth runs along the line of sight to the head, not along the camera's axis.
    const float z = (distance + (p.z - origin_depth) * mm_per_px) / ray.dot(sight);
    points[i] = {ray.x() * z, ray.y() * z, z};
  }
  return points;
}

MeshPoseEstimator::MeshPoseEstimator(const CanonicalFace& face) : aligner_(face) {
  for (const std::uint16_t i : kMesh68Indices) {
    const Point3f& p = aligner_.reference()[i];
    origin_ += Eigen::Vector3d(p.x, p.y, p.z) / static_cast<double>(kLandmarks);
  }
  const Point3f& right = face.vertices[33];
  const Point3f& left = face.vertices[263];
  mm_per_u_ = std::hypot(left.x - right.x, left.y - right.y, left.z - right.z) / 100;

  const auto n = static_cast<Eigen::Index>(kRigidAnchors.size());
  model_.resize(3 * n);
  image_.resize(2 * n);
  weights_.resize(n);
  for (Eigen::Index i = 0; i < n; ++i) {
    weights_[i] = static_cast<float>(kRigidAnchors[static_cast<std::size_t>(i)].weight);
  }
}

MeshPose MeshPoseEstimator::estimate(const FaceMesh& mesh, const Camera& camera) {
  MeshPose pose;
  pose.camera = camera;
  const std::optional<Similarity3d> fit = aligner_.fit(mesh);
  if (!fit) return pose;

  const Eigen::Index n = weights_.size();
  for (Eigen::Index i = 0; i < n; ++i) {
    const Point3f& p = mesh[kRigidAnchors[static_cast<std::size_t>(i)].landmark];
    const Eigen::Vector3d own = mm_per_u_ * (*fit * Eigen::Vector3d(p.x, p.y, p.z) - origin_);
    model_[i] = static_cast<float>(own.x());
    model_[n + i] = static_cast<float>(own.y());
    model_[2 * n + i] = static_cast<float>(own.z());
    image_[i] = p.x;
    image_[n + i] = p.y;
  }

  const Eigen::Matrix3d turn = fit->rotation.transpose();  // canonical axes -> image axes
  const Eigen::Vector3d origin = turn * (origin_ - fit->translation) / fit->scale;  // image px
  const double z = camera.fx * fit->scale * mm_per_u_;
  const RigidTransform start = {
      turn,
      {(origin.x() - camera.cx) / camera.fx * z, (origin.y() - camera.cy) / camera.fy * z, z}};
  const PnpFit solved = solvePnp(model_, image_, camera, start, weights_);
  if (!solved.valid) return pose;
  pose.head = solved.pose.headPose();
  pose.origin_depth = static_cast<float>(origin.z());
  pose.valid = true;
  return pose;
}

}  // namespace frontalis
