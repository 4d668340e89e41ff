#pragma once

#include <Eigen/Core>
#include <optional>
#include <span>

#include "frontalis/types.h"
#include "shape/canonical_face.h"

namespace frontalis {

/// to = scale * rotation * from + translation, column vectors.
struct Similarity3d {
  Eigen::Matrix3d rotation = Eigen::Matrix3d::Identity();
  double scale = 1;
  Eigen::Vector3d translation = Eigen::Vector3d::Zero();

  [[nodiscard]] Eigen::Vector3d operator*(const Eigen::Vector3d& from) const {
    return scale * (rotation * from) + translation;
  }
};

/// Weighted least-squares similarity, never a reflection (Umeyama 1991, weights added).
/// The three spans have one length, 3 or more; weights >= 0. Nothing when the points span less than
/// a plane, or are not finite.
std::optional<Similarity3d> fitSimilarity(std::span<const Eigen::Vector3d> from,
                                          std::span<const Eigen::Vector3d> to,
                                          std::span<const double> weights);

/// A landmark of the rigid fit and its weight.
struct RigidAnchor {
  std::uint16_t landmark;
  double weight;
};

/// Forehead and temples, outer eye corners, nose bridge, inner eye corners: the points that
/// expressions move least (spec open_pack 1).
inline constexpr std::array<RigidAnchor, 24> kRigidAnchors = {
    {{10, 1},  {109, 1}, {338, 1}, {67, 1},  {297, 1}, {103, 1}, {332, 1}, {54, 1},
     {284, 1}, {21, 1},  {251, 1}, {162, 1}, {389, 1}, {127, 1}, {356, 1}, {151, 1},
     {33, 2},  {263, 2}, {6, 3},   {197, 3}, {195, 3}, {168, 4}, {133, 4}, {362, 4}}};

/// A face mesh in the canonical face's frame, and how the head is turned.
struct AlignedMesh {
  /// x, y, z in u: 1 u = 1 % of the canonical face's outer-canthus distance (33 to 263). Origin
  /// midway between the inner eye corners (133, 362); x image right, y down, z away.
  FaceMesh points{};
  /// Degrees. yaw > 0: nose to the image's left (subject's right side far); pitch > 0: head down;
  /// roll > 0: head leaning to the image's left.
  float yaw = 0, pitch = 0, roll = 0;
  float scale = 0;                                         ///< u per image px
  Eigen::Matrix3f rotation = Eigen::Matrix3f::Identity();  ///< image axes -> canonical axes
};

/// Rigid fit of a face mesh to the canonical face on kRigidAnchors.
class MeshAligner {
 public:
  explicit MeshAligner(const CanonicalFace& face);

  /// From mesh (image px) to u. Nothing where the mesh is degenerate (collapsed to a point or a
  /// line, not finite).
  [[nodiscard]] std::optional<Similarity3d> fit(const FaceMesh& mesh) const;

  /// The whole mesh in u. Nothing as above.
  [[nodiscard]] std::optional<AlignedMesh> align(const FaceMesh& mesh) const;

  /// The canonical vertices in u, in the frame of AlignedMesh.
  [[nodiscard]] const std::array<Point3f, kCanonicalVertices>& reference() const {
    return reference_;
  }

 private:
  std::array<Point3f, kCanonicalVertices> reference_{};
};

}  // namespace frontalis
