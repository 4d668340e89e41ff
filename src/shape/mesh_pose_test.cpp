#include "shape/mesh_pose.h"

#include <gtest/gtest.h>

#include <cmath>

#include "shape/mesh68.h"
#include "shape/rotation.h"
#include "support/canonical_mesh.h"

namespace frontalis {
namespace {

constexpr Camera kCamera = {500, 500, 320, 240};

class MeshPoseTest : public ::testing::Test {
 protected:
  MeshPoseTest() {
    for (const std::uint16_t i : kMesh68Indices) {
      const Point3f& p = face_.vertices[i];
      centre_ += Eigen::Vector3f(p.x, p.y, p.z) / static_cast<float>(kLandmarks);
    }
  }
  /// What a perfect landmark network would show of the canonical face in this pose: image px; depth
  /// along the line of sight, because that is what a crop shows, in px at the head's distance.
  FaceMesh project(const HeadPose& pose) const {
    const Eigen::Matrix3f r = rotationFromEuler(pose.rx, pose.ry, pose.rz);
    const Eigen::Vector3f t(pose.tx, pose.ty, pose.tz);
    FaceMesh mesh = testing::canonicalMesh(face_);
    for (Point3f& p : mesh) {
      const Eigen::Vector3f q = r * (Eigen::Vector3f(p.x, p.y, p.z) - centre_) + t;
      p = {kCamera.fx * q.x() / q.z() + kCamera.cx, kCamera.fy * q.y() / q.z() + kCamera.cy,
           kCamera.fx / pose.tz * (q - t).dot(t.normalized())};
    }
    return mesh;
  }
  const CanonicalFace face_ = testing::canonicalFace();
  MeshPoseEstimator estimator_{face_};
  Eigen::Vector3f centre_ = Eigen::Vector3f::Zero();
};

TEST_F(MeshPoseTest, FindsASyntheticHead) {
  // The mesh's depth is weak perspective, so the own shape is a few per cent off: not exact.
  for (const HeadPose& truth :
       {HeadPose{0, 0, 600, 0, 0, 0}, HeadPose{100, -60, 700, 0, 0, 0},
        HeadPose{-80, 40, 500, .2f, -.3f, .15f}, HeadPose{30, 20, 900, -.15f, .4f, -.3f}}) {
    const MeshPose found = estimator_.estimate(project(truth), kCamera);
    ASSERT_TRUE(found.valid);
    EXPECT_NEAR(found.head.tx, truth.tx, 3);
    EXPECT_NEAR(found.head.ty, truth.ty, 3);
    EXPECT_NEAR(found.head.tz, truth.tz, .03 * truth.tz);
    EXPECT_NEAR(found.head.rx, truth.rx, .05);
    EXPECT_NEAR(found.head.ry, truth.ry, .05);
    EXPECT_NEAR(found.head.rz, truth.rz, .03);
  }
}

TEST_F(MeshPoseTest, FarAwayItIsExact) {
  const HeadPose truth{2000, -1000, 20000, .2f, -.3f, .1f};
  const MeshPose found = estimator_.estimate(project(truth), kCamera);
  ASSERT_TRUE(found.valid);
  EXPECT_NEAR(found.head.tz, truth.tz, 20);
  EXPECT_NEAR(found.head.rx, truth.rx, .003);
  EXPECT_NEAR(found.head.ry, truth.ry, .003);
  EXPECT_NEAR(found.head.rz, truth.rz, .003);
}

TEST_F(MeshPoseTest, SignsAreOpenFaces) {
  // x right, y down, z away; yaw about y: a positive Ry turns the nose to the image's left.
  FaceMesh mesh = project({50, 30, 600, 0, .3f, 0});
  EXPECT_LT(mesh[4].x, mesh[168].x);
  const HeadPose pose = estimator_.estimate(mesh, kCamera).head;
  EXPECT_GT(pose.tx, 0);
  EXPECT_GT(pose.ty, 0);
  EXPECT_GT(pose.ry, .2f);
}

TEST_F(MeshPoseTest, LandmarksLieOnTheirLinesOfSightAtTheirDepth) {
  const HeadPose truth{40, -20, 600, .1f, .2f, 0};
  const FaceMesh mesh = project(truth);
  const MeshPose found = estimator_.estimate(mesh, kCamera);
  const Landmarks68In3d points = found.landmarks(mesh);
  const Landmarks68 image = mesh68(mesh);
  const Eigen::Matrix3f r = rotationFromEuler(truth.rx, truth.ry, truth.rz);
  for (std::size_t i = 0; i < kLandmarks; ++i) {
    EXPECT_NEAR(kCamera.fx * points[i].x / points[i].z + kCamera.cx, image[i].x, 1e-2);
    EXPECT_NEAR(kCamera.fy * points[i].y / points[i].z + kCamera.cy, image[i].y, 1e-2);
    const Point3f& v = face_.vertices[kMesh68Indices[i]];
    const float depth = (r * (Eigen::Vector3f(v.x, v.y, v.z) - centre_)).z() + truth.tz;
    EXPECT_NEAR(points[i].z, depth, .03 * truth.tz);
    EXPECT_NEAR(points[i].z - found.head.tz, depth - truth.tz, 4);
  }
}

TEST_F(MeshPoseTest, UselessMeshGivesZeros) {
  const MeshPose none = estimator_.estimate(FaceMesh{}, kCamera);
  EXPECT_FALSE(none.valid);
  EXPECT_EQ(none.head.tz, 0.f);
  EXPECT_EQ(none.landmarks(FaceMesh{})[0].z, 0.f);
}

}  // namespace
}  // namespace frontalis
