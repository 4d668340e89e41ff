#include "face/gaze.h"

#include <cmath>

#include "shape/head_pose.h"
#include "shape/rotation.h"

namespace frontalis {
namespace {

constexpr float kEyeballRadius = 12;  // mm
constexpr Eigen::Index kIrisPoints = 8;
constexpr std::array<std::array<Eigen::Index, 2>, 2> kEyeCorners = {{{36, 39}, {42, 45}}};

/// Where the unit ray from the camera first meets the eyeball; (0, 0, -1) when it misses.
Eigen::Vector3f meet(const Eigen::Vector3f& ray, const Eigen::Vector3f& centre) {
  const float b = -2 * ray.dot(centre);
  const float c = centre.squaredNorm() - kEyeballRadius * kEyeballRadius;
  const float discriminant = b * b - 4 * c;
  if (discriminant < 0) return {0, 0, -1};
  return ray * ((-b - std::sqrt(discriminant)) / 2);
}

}  // namespace

Gaze GazeEstimator::estimate(const std::array<EyeFit, 2>& eyes, const Eigen::VectorXf& face,
                             const HeadPose& head, const Camera& camera) {
  Gaze gaze;
  const Eigen::Matrix3f head_rotation = rotationFromEuler(head.rx, head.ry, head.rz);
  const Eigen::Vector3f behind = head_rotation * Eigen::Vector3f(0, -3.5f, 7.f);
  constexpr auto face_points = static_cast<Eigen::Index>(kLandmarks);
  Eigen::Vector3f sum = Eigen::Vector3f::Zero();
  for (std::size_t side = 0; side < 2; ++side) {
    const EyeFit& eye = eyes[side];
    if (eye.global.scale == 0) return {};
    eye.pdm->shape3d(*eye.local, shape_);
    landmarksInCamera(eye.global, shape_, *eye.landmarks, camera, points_);
    constexpr auto n = static_cast<Eigen::Index>(kEyePoints);
    for (Eigen::Index i = 0; i < n; ++i) {
      const auto k = static_cast<std::size_t>(i);
      gaze.eyes[side][k] = {(*eye.landmarks)[i], (*eye.landmarks)[i + n]};
      gaze.eyes_in_3d[side][k] = {points_[i], points_[i + n], points_[i + 2 * n]};
    }
    const Eigen::Vector3f pupil(points_.segment(0, kIrisPoints).mean(),
                                points_.segment(n, kIrisPoints).mean(),
                                points_.segment(2 * n, kIrisPoints).mean());
    Eigen::Vector3f centre = behind;
    for (const Eigen::Index corner : kEyeCorners[side]) {
      centre += Eigen::Vector3f(face[corner], face[corner + face_points],
                                face[corner + 2 * face_points]) /
                2;
    }
    const Eigen::Vector3f direction = (meet(pupil.normalized(), centre) - centre).normalized();
    gaze.direction[side] = {direction.x(), direction.y(), direction.z()};
    sum += direction;
  }
  const Eigen::Vector3f mean = sum / 2;
  gaze.angle_x = std::atan2(mean.x(), -mean.z());
  gaze.angle_y = std::atan2(mean.y(), -mean.z());
  return gaze;
}

}  // namespace frontalis
