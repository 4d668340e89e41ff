#pragma once

#include <Eigen/Core>

#include "frontalis/types.h"
#include "shape/pdm.h"

namespace frontalis {

/// Model coordinates (mm) to camera coordinates (mm): R X + t. z points away from the camera.
struct RigidTransform {
  Eigen::Matrix3d rotation = Eigen::Matrix3d::Identity();
  Eigen::Vector3d translation = Eigen::Vector3d::Zero();

  /// tx, ty, tz and the Euler angles of the rotation (spec pipeline 3.5).
  [[nodiscard]] HeadPose headPose() const;
};

/// Least-squares camera pose of n model points by Levenberg-Marquardt on the reprojection error.
struct PnpFit {
  RigidTransform pose;
  double error = 0;  ///< root mean square distance, px
  int iterations = 0;
  /// False where the start or the data are unusable (not finite, a point not in front of the
  /// camera, fewer than four points); `pose` is then the start.
  bool valid = false;
};

/// `model` 3n mm and `image` 2n px, grouped; `weights` n (>= 0), or empty for all 1. Any n, no
/// allocation.
PnpFit solvePnp(const Eigen::VectorXf& model, const Eigen::VectorXf& image, const Camera& camera,
                const RigidTransform& start, const Eigen::VectorXf& weights = {});

/// Where the weak-perspective parameters put the head, to start solvePnp from: OpenFace takes the
/// Euler triple as if it were an axis-angle vector. Only for scale > 0.
RigidTransform startPose(const GlobalParams& global, const Camera& camera);

/// OpenFace's pose_T, pose_R: startPose, then solvePnp on the shape and its landmarks (2n px).
/// All zero where scale is 0 or there is no solution.
HeadPose headPose(const GlobalParams& global, const Eigen::VectorXf& shape3d,
                  const Eigen::VectorXf& landmarks, const Camera& camera);

/// Landmarks in camera mm (3n), OpenFace's X_, Y_, Z_: depth from the turned shape around
/// fx / scale, X and Y from the image points (2n px). All zero where scale is 0.
void landmarksInCamera(const GlobalParams& global, const Eigen::VectorXf& shape3d,
                       const Eigen::VectorXf& landmarks, const Camera& camera,
                       Eigen::VectorXf& out);

}  // namespace frontalis
