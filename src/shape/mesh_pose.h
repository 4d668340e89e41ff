#pragma once

#include <Eigen/Core>

#include "frontalis/types.h"
#include "shape/canonical_face.h"
#include "shape/rigid_fit.h"

namespace frontalis {

/// Where a face mesh is in front of the camera.
struct MeshPose {
  /// OpenFace's convention. Sizes are the canonical face's: every head counts as 88.9 mm between
  /// the outer eye corners (OpenFace's mean shape: 91.2). T is the centre of the canonical face's
  /// 68 points, as OpenFace's is of its mean shape. All zero where `valid` is false.
  HeadPose head;
  bool valid = false;

  /// The mesh's 68 points in camera mm, like OpenFace's X_, Y_, Z_: on their lines of sight, depth
  /// from the mesh around the head's distance. Zero where `valid` is false.
  [[nodiscard]] Landmarks68In3d landmarks(const FaceMesh& mesh) const;

  Camera camera;
  float origin_depth = 0;  ///< mesh z (px) of the point that T names
};

/// Head pose from a face mesh: rigid fit to the canonical face, which gives the person's own shape
/// in mm and a first pose under weak perspective; then perspective-n-point of that shape on the 24
/// points of the fit, because turning is seen along the line of sight, not along the camera's axis.
class MeshPoseEstimator {
 public:
  explicit MeshPoseEstimator(const CanonicalFace& face);

  /// No allocation.
  MeshPose estimate(const FaceMesh& mesh, const Camera& camera);

 private:
  MeshAligner aligner_;
  double mm_per_u_ = 1;
  Eigen::Vector3d origin_ = Eigen::Vector3d::Zero();  ///< u, centre of the canonical 68 points
  Eigen::VectorXf model_, image_, weights_;
};

}  // namespace frontalis
