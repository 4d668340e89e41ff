#include "appearance/mesh_signals.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <vector>

#include "support/canonical_mesh.h"

namespace frontalis {
namespace {

constexpr float kNan = std::numeric_limits<float>::quiet_NaN();

/// One landmark group moved on one side, and what each signal of that side must change by.
struct Move {
  const char* name;
  std::vector<std::size_t> right_points;
  Point3f by;  ///< u; x is towards the subject's right on the right side
  std::vector<std::pair<MeshSignal, float>> changes;
};

class MeshSignalsTest : public ::testing::Test {
 protected:
  void SetUp() override {
    const auto aligned = MeshAligner(face_).align(testing::canonicalMesh(face_));
    ASSERT_TRUE(aligned);
    mesh_ = aligned->points;
    measureMeshSignals(mesh_, rest_);
  }
  const CanonicalFace face_ = testing::canonicalFace();
  const std::array<std::size_t, kMeshPoints> twin_ = testing::mirrorTwins(face_);
  FaceMesh mesh_{};
  OpenSignals rest_;
};

TEST_F(MeshSignalsTest, CanonicalFaceIsSymmetricAndNearThePopulation) {
  for (std::size_t i = 0; i < kMeshSignals; ++i) {
    EXPECT_NEAR(rest_.right[i], rest_.left[i], .02) << kMeshSignalNames[i];
  }
  EXPECT_NEAR(rest_.right[kJawF], 132, 15);
  EXPECT_NEAR(rest_.right[kCornX], 32, 6);
  EXPECT_NEAR(rest_.right[kWing], 49, 8);
  EXPECT_LT(rest_.right[kLidLo], 0);
  EXPECT_GT(rest_.right[kCornZ], 0);
  EXPECT_GT(rest_.right[kBrowMid], 15);
}

TEST_F(MeshSignalsTest, EachSignalFollowsItsPoints) {
  // y down, so raised points have by.y < 0; a point that is one of n moves their mean by 1/n.
  const std::vector<Move> moves = {
      {"inner brow up", {107, 66, 55, 65}, {0, -4, 0}, {{kBrowIn, 4}, {kBrowMid, 2}}},
      {"outer brow up", {70, 63, 46, 53}, {0, -4, 0}, {{kBrowOut, 4}}},
      {"brow down", {105, 66, 52, 65}, {0, 3, 0}, {{kBrowMid, -3}, {kBrowIn, -1.5f}}},
      {"iris down", {468}, {0, 1, 0}, {{kLidIris, 1}}},
      {"lower lid up", {144, 145, 153}, {0, -2, 0}, {{kLidLo, 2}, {kLidCheek, 2}}},
      {"cheek up", {101, 118, 117, 50}, {0, -2, 0}, {{kInfra, 2}, {kLidCheek, -2}}},
      {"nostril base up", {98, 97}, {0, -2, 0}, {{kUlipW, 2}}},
      {"corner out and up", {61}, {-5, -3, 0}, {{kCornX, 5}, {kCornYm, 3}}},
      {"corner back", {61}, {0, 0, 4}, {{kCornZ, 4}}},
  };
  for (const Move& move : moves) {
    for (const bool right : {true, false}) {
      FaceMesh mesh = mesh_;
      for (const std::size_t point : move.right_points) {
        Point3f& p = mesh[right ? point : twin_[point]];
        p.x += right ? move.by.x : -move.by.x;
        p.y += move.by.y;
        p.z += move.by.z;
      }
      OpenSignals s;
      measureMeshSignals(mesh, s);
      for (const auto& [signal, change] : move.changes) {
        const float moved =
            right ? s.right[signal] - rest_.right[signal] : s.left[signal] - rest_.left[signal];
        const float other =
            right ? s.left[signal] - rest_.left[signal] : s.right[signal] - rest_.right[signal];
        EXPECT_NEAR(moved, change, .01) << move.name << ' ' << kMeshSignalNames[signal];
        EXPECT_NEAR(other, 0, .01) << move.name << ' ' << kMeshSignalNames[signal];
      }
    }
  }
}

TEST_F(MeshSignalsTest, DistancesAreThreeDimensional) {
  FaceMesh mesh = mesh_;
  for (const auto& [upper, lower] : {std::pair{160, 144}, {159, 145}, {158, 153}}) {
    mesh[upper] = {mesh[lower].x + 2, mesh[lower].y - 3, mesh[lower].z + 6};
  }
  mesh[13] = {mesh[14].x, mesh[14].y - 4, mesh[14].z + 3};
  OpenSignals s;
  measureMeshSignals(mesh, s);
  EXPECT_NEAR(s.right[kEyeH], 7, 1e-3);
  EXPECT_NEAR(s.right[kLipgap], 5, 1e-3);
  EXPECT_NEAR(s.left[kLipgap], 5, 1e-3);

  mesh = mesh_;
  for (const int wing : {48, 64, 98, 129}) {
    mesh[wing] = {mesh[133].x + 3, mesh[133].y + 30, mesh[133].z - 4};
  }
  for (const auto& [a, b] :
       {std::pair{0, 13}, {37, 82}, {39, 81}, {17, 14}, {84, 87}, {181, 178}}) {
    mesh[a] = {mesh[b].x, mesh[b].y + 6, mesh[b].z - 8};
  }
  measureMeshSignals(mesh, s);
  EXPECT_NEAR(s.right[kWing], std::sqrt(925.f), 1e-3);
  EXPECT_NEAR(s.right[kUpV], 10, 1e-3);
  EXPECT_NEAR(s.right[kLoV], 10, 1e-3);
}

TEST_F(MeshSignalsTest, MouthOpensFromTheJaw) {
  FaceMesh mesh = mesh_;
  for (const int point : {14, 17, 152}) mesh[point].y += 10;
  OpenSignals s;
  measureMeshSignals(mesh, s);
  EXPECT_NEAR(s.right[kJawF] - rest_.right[kJawF], 10, 1e-3);
  EXPECT_NEAR(s.right[kLlipF] - rest_.right[kLlipF], -10, 1e-3);
  EXPECT_GT(s.right[kLipgap], 8);
  EXPECT_EQ(s.right[kLipgap], s.left[kLipgap]);
}

TEST_F(MeshSignalsTest, AMirroredFaceSwapsItsSides) {
  FaceMesh mesh = mesh_;
  // Some crooked face.
  for (std::size_t i = 0; i < kMeshPoints; ++i) {
    mesh[i].x += static_cast<float>(std::sin(1.7 * double(i)));
    mesh[i].y += static_cast<float>(std::cos(2.3 * double(i)));
  }
  FaceMesh mirrored{};
  for (std::size_t i = 0; i < kMeshPoints; ++i) {
    mirrored[twin_[i]] = {-mesh[i].x, mesh[i].y, mesh[i].z};
  }
  OpenSignals a;
  OpenSignals b;
  measureMeshSignals(mesh, a);
  measureMeshSignals(mirrored, b);
  for (std::size_t i = 0; i < kMeshSignals; ++i) {
    EXPECT_NEAR(a.right[i], b.left[i], 1e-3) << kMeshSignalNames[i];
    EXPECT_NEAR(a.left[i], b.right[i], 1e-3) << kMeshSignalNames[i];
  }
}

TEST_F(MeshSignalsTest, MeterDoesNotDependOnPlaceSizeOrTurn) {
  const SignalMeter meter(face_);
  FaceMesh mesh = testing::canonicalMesh(face_);
  const float c = std::cos(.4f);
  const float s = std::sin(.4f);
  for (Point3f& p : mesh) {  // yaw, then scale and shift
    p = {3 * (c * p.x + s * p.z) + 200, 3 * p.y + 100, 3 * (c * p.z - s * p.x)};
  }
  Blendshapes coefficients{};
  coefficients[5] = .25f;
  coefficients[6] = kNan;
  const OpenSignals out = meter.measure(mesh, coefficients, .9f);
  for (std::size_t i = 0; i < kMeshSignals; ++i) {
    EXPECT_NEAR(out.right[i], rest_.right[i], .02) << kMeshSignalNames[i];
    EXPECT_NEAR(out.left[i], rest_.left[i], .02) << kMeshSignalNames[i];
  }
  EXPECT_NEAR(std::abs(out.yaw), .4 * 180 / 3.14159265, .01);
  EXPECT_EQ(out.score, .9f);
  EXPECT_EQ(out.blendshapes[5], .25f);
  EXPECT_EQ(out.blendshapes[6], 0.f);
}

TEST_F(MeshSignalsTest, UselessMeshHasScoreZero) {
  const SignalMeter meter(face_);
  Blendshapes coefficients{};
  EXPECT_EQ(meter.measure(FaceMesh{}, coefficients, 1).score, 0.f);
  FaceMesh mesh = testing::canonicalMesh(face_);
  mesh[300].y = kNan;
  const OpenSignals out = meter.measure(mesh, coefficients, 1);
  EXPECT_EQ(out.score, 0.f);
  EXPECT_EQ(out.yaw, 0.f);
}

}  // namespace
}  // namespace frontalis
