#include "shape/rigid_fit.h"

#include <gtest/gtest.h>

#include <Eigen/Geometry>
#include <limits>
#include <numbers>
#include <random>
#include <vector>

#include "support/canonical_mesh.h"

namespace frontalis {
namespace {

using Points = std::vector<Eigen::Vector3d>;

constexpr double kDegree = std::numbers::pi / 180;

struct Problem {
  Points from, to;
  std::vector<double> weights;
};

class SimilarityFit : public ::testing::Test {
 protected:
  double gauss() { return normal_(random_); }
  Eigen::Vector3d point() { return {gauss(), gauss(), gauss()}; }
  Similarity3d transform() {
    Similarity3d t;
    t.rotation =
        Eigen::Quaterniond(gauss(), gauss(), gauss(), gauss()).normalized().toRotationMatrix();
    t.scale = std::exp(gauss());
    t.translation = 10 * point();
    return t;
  }
  Problem problem(const Similarity3d& truth, int count, double noise) {
    Problem p;
    for (int i = 0; i < count; ++i) {
      p.from.push_back(point());
      p.to.push_back(truth * p.from.back() + noise * point());
      p.weights.push_back(std::abs(gauss()));
    }
    return p;
  }
  std::mt19937 random_{7};
  std::normal_distribution<double> normal_;
};

double cost(const Similarity3d& t, const Problem& p) {
  double sum = 0;
  for (std::size_t i = 0; i < p.from.size(); ++i) {
    sum += p.weights[i] * (t * p.from[i] - p.to[i]).squaredNorm();
  }
  return sum;
}

TEST_F(SimilarityFit, RecoversATransformExactly) {
  for (int round = 0; round < 50; ++round) {
    const Similarity3d truth = transform();
    const Problem p = problem(truth, 3 + round % 5, 0);
    const auto fit = fitSimilarity(p.from, p.to, p.weights);
    ASSERT_TRUE(fit);
    EXPECT_LT((fit->rotation - truth.rotation).norm(), 1e-9);
    EXPECT_NEAR(fit->scale / truth.scale, 1, 1e-9);
    EXPECT_LT((fit->translation - truth.translation).norm(), 1e-8 * (1 + truth.scale));
  }
}

TEST_F(SimilarityFit, IsTheLeastWeightedCost) {
  const Problem p = problem(transform(), 12, .3);
  const auto fit = fitSimilarity(p.from, p.to, p.weights);
  ASSERT_TRUE(fit);
  const double best = cost(*fit, p);
  for (int i = 0; i < 200; ++i) {
    Similarity3d other = *fit;
    other.rotation *= Eigen::AngleAxisd(.02 * gauss(), point().normalized()).toRotationMatrix();
    other.scale *= 1 + .02 * gauss();
    other.translation += .02 * point();
    EXPECT_GE(cost(other, p), best);
  }
}

TEST_F(SimilarityFit, WeightZeroLeavesAPointOut) {
  Problem p = problem(transform(), 8, .1);
  const auto without = fitSimilarity(p.from, p.to, p.weights);
  p.from.push_back(100 * point());
  p.to.push_back(100 * point());
  p.weights.push_back(0);
  const auto with = fitSimilarity(p.from, p.to, p.weights);
  ASSERT_TRUE(with && without);
  EXPECT_LT((with->rotation - without->rotation).norm(), 1e-12);
}

TEST_F(SimilarityFit, NeverReflects) {
  Problem p = problem(Similarity3d{}, 10, 0);
  for (Eigen::Vector3d& to : p.to) to.x() = -to.x();
  const auto fit = fitSimilarity(p.from, p.to, p.weights);
  ASSERT_TRUE(fit);
  EXPECT_NEAR(fit->rotation.determinant(), 1, 1e-9);
}

TEST_F(SimilarityFit, DegenerateInputHasNoFit) {
  Problem p = problem(transform(), 6, 0);
  Problem line = p;
  for (std::size_t i = 0; i < 6; ++i) line.from[i] = Eigen::Vector3d(1, 2, 3) * double(i);
  EXPECT_FALSE(fitSimilarity(line.from, line.to, line.weights));
  Problem dot = p;
  for (Eigen::Vector3d& from : dot.from) from.setOnes();
  EXPECT_FALSE(fitSimilarity(dot.from, dot.to, dot.weights));
  Problem nan = p;
  nan.from[2].y() = std::numeric_limits<double>::quiet_NaN();
  EXPECT_FALSE(fitSimilarity(nan.from, nan.to, nan.weights));
  p.weights.assign(6, 0);
  EXPECT_FALSE(fitSimilarity(p.from, p.to, p.weights));
}

class MeshAlignerTest : public ::testing::Test {
 protected:
  /// The canonical face turned (image axes), scaled to px and moved.
  FaceMesh posed(const Eigen::Matrix3d& turn) const {
    FaceMesh mesh = testing::canonicalMesh(face_);
    for (Point3f& p : mesh) {
      const Eigen::Vector3d q =
          2.5 * (turn * Eigen::Vector3d(p.x, p.y, p.z)) + Eigen::Vector3d(640, 360, -20);
      p = {static_cast<float>(q.x()), static_cast<float>(q.y()), static_cast<float>(q.z())};
    }
    return mesh;
  }
  static Eigen::Matrix3d about(const Eigen::Vector3d& axis, double degrees) {
    return Eigen::AngleAxisd(degrees * kDegree, axis).toRotationMatrix();
  }
  const CanonicalFace face_ = testing::canonicalFace();
  const MeshAligner aligner_{face_};
};

TEST_F(MeshAlignerTest, BringsAnyPoseBackToTheReference) {
  const Eigen::Matrix3d turn = about({0, 0, 1}, 20) * about({1, 0, 0}, -15) * about({0, 1, 0}, 30);
  const auto aligned = aligner_.align(posed(turn));
  ASSERT_TRUE(aligned);
  for (std::size_t i = 0; i < kCanonicalVertices; ++i) {
    EXPECT_NEAR(aligned->points[i].x, aligner_.reference()[i].x, 1e-3);
    EXPECT_NEAR(aligned->points[i].y, aligner_.reference()[i].y, 1e-3);
    EXPECT_NEAR(aligned->points[i].z, aligner_.reference()[i].z, 1e-3);
  }
  EXPECT_NEAR(aligned->points[263].x - aligned->points[33].x, 100, 1e-3);  // the unit
  EXPECT_NEAR(aligned->points[133].x + aligned->points[362].x, 0, 1e-3);   // the origin
}

TEST_F(MeshAlignerTest, AnglesHaveTheDocumentedSigns) {
  // Nose tip (negative z) to the image's left; head down; roll alone.
  const auto yaw = aligner_.align(posed(about({0, 1, 0}, 12)));
  const auto pitch = aligner_.align(posed(about({1, 0, 0}, 9)));
  const auto roll = aligner_.align(posed(about({0, 0, 1}, 7)));
  ASSERT_TRUE(yaw && pitch && roll);
  const Eigen::Vector3d nose(0, 0, -1);
  EXPECT_LT((about({0, 1, 0}, 12) * nose).x(), 0);
  EXPECT_NEAR(yaw->yaw, 12, .01);
  EXPECT_NEAR(yaw->pitch, 0, .01);
  EXPECT_GT((about({1, 0, 0}, 9) * nose).y(), 0);
  EXPECT_NEAR(pitch->pitch, 9, .01);
  EXPECT_NEAR(pitch->yaw, 0, .01);
  EXPECT_NEAR(roll->roll, 7, .01);
}

TEST_F(MeshAlignerTest, ExpressionsBarelyMoveTheFit) {
  FaceMesh mesh = posed(Eigen::Matrix3d::Identity());
  const auto before = aligner_.align(mesh);
  for (const std::size_t i : {61u, 291u, 0u, 17u, 152u, 105u, 334u}) mesh[i].y += 15;
  const auto after = aligner_.align(mesh);
  ASSERT_TRUE(before && after);
  EXPECT_EQ(before->pitch, after->pitch);
  EXPECT_NEAR(after->points[61].y - before->points[61].y, 15 * before->scale, 1e-3);
}

TEST_F(MeshAlignerTest, UselessMeshesHaveNoFit) {
  EXPECT_FALSE(aligner_.align(FaceMesh{}));
  FaceMesh mesh = posed(Eigen::Matrix3d::Identity());
  mesh[400].x = std::numeric_limits<float>::infinity();
  EXPECT_FALSE(aligner_.align(mesh));
}

}  // namespace
}  // namespace frontalis
