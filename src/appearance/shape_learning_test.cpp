#include "appearance/shape_learning.h"

#include <gtest/gtest.h>

#include <Eigen/Geometry>
#include <cmath>
#include <random>

#include "shape/rotation.h"
#include "support/synthetic_pdm.h"

namespace frontalis {
namespace {

Landmarks68In3d points(const Eigen::VectorXf& shape) {
  Landmarks68In3d out;
  for (int i = 0; i < 68; ++i) {
    out[static_cast<std::size_t>(i)] = {shape[i], shape[68 + i], shape[136 + i]};
  }
  return out;
}

/// The same face with left and right exchanged.
Eigen::VectorXf mirror(const Eigen::VectorXf& shape) {
  Eigen::VectorXf out(204);
  for (int i = 0; i < 68; ++i) {
    const int twin = mirrorPoint(i);
    out[i] = -shape[twin];
    out[68 + i] = shape[68 + twin];
    out[136 + i] = shape[136 + twin];
  }
  return out;
}

/// A symmetric face, and how six things about it vary.
struct Truth {
  Eigen::VectorXf mean;
  Eigen::MatrixXf modes;
};

Truth truth() {
  const Pdm random = testing::syntheticPdm(68, 6, 3);
  Truth t{(random.mean() + mirror(random.mean())) / 2, random.basis()};
  const float middle_y = t.mean.segment(68, 68).mean(), middle_z = t.mean.tail(68).mean();
  t.mean.segment(68, 68).array() -= middle_y;
  t.mean.tail(68).array() -= middle_z;
  return t;
}

std::vector<ShapeSource> population(const Truth& t, int people, int faces) {
  std::mt19937 random(11);
  std::normal_distribution<float> normal;
  std::vector<ShapeSource> sources;
  for (int person = 0; person < people; ++person) {
    ShapeSource source{"person", {}};
    for (int face = 0; face < faces; ++face) {
      Eigen::VectorXf shape = t.mean;
      for (Eigen::Index k = 0; k < 6; ++k) {
        shape += t.modes.col(k) * (normal(random) * 12.f / static_cast<float>(k + 1));
      }
      // Any size, turn and place.
      const Eigen::Matrix3f r =
          rotationFromEuler(0.5f * normal(random), 0.5f * normal(random), 0.5f * normal(random));
      const float scale = std::exp(0.3f * normal(random));
      const Eigen::Vector3f to(50 * normal(random), 50 * normal(random), 50 * normal(random));
      Landmarks68In3d moved = points(shape);
      for (Point3f& p : moved) {
        const Eigen::Vector3f q = scale * r * Eigen::Vector3f(p.x, p.y, p.z) + to;
        p = {q.x(), q.y(), q.z()};
      }
      source.faces.push_back(moved);
    }
    sources.push_back(source);
  }
  return sources;
}

/// Nothing but what the faces show.
LearnOptions plain(int modes) { return {.modes = modes, .unseen_deviation = 0}; }

TEST(LearnPdm, MirrorPointsArePairs) {
  for (int i = 0; i < 68; ++i) EXPECT_EQ(mirrorPoint(mirrorPoint(i)), i);
  EXPECT_EQ(mirrorPoint(36), 45);
  EXPECT_EQ(mirrorPoint(48), 54);
  EXPECT_EQ(mirrorPoint(8), 8);
}

TEST(LearnPdm, FindsMeanAndSubspaceOfAMadeUpPopulation) {
  const Truth t = truth();
  const Result<Pdm> learned = learnPdm(population(t, 20, 20), points(t.mean), plain(12));
  ASSERT_TRUE(learned.ok()) << learned.error().text();
  // Symmetric, centred, of the reference's size, with orthonormal modes of falling variance.
  EXPECT_LT((mirror(learned->mean()) - learned->mean()).cwiseAbs().maxCoeff(), 1e-4f);
  EXPECT_LT(std::abs(learned->mean().segment(68, 68).mean()), 1e-4f);
  EXPECT_NEAR(learned->mean().norm(), t.mean.norm(), 1e-2);
  const Eigen::MatrixXf gram = learned->basis().transpose() * learned->basis();
  EXPECT_LT((gram - Eigen::MatrixXf::Identity(12, 12)).cwiseAbs().maxCoeff(), 1e-5f);
  for (int k = 1; k < 12; ++k) {
    EXPECT_LE(learned->eigenvalues()[k], learned->eigenvalues()[k - 1]);
  }
  // Near the truth: 12 mm of variation in 400 faces leave the mean uncertain by about half a mm.
  EXPECT_LT((learned->mean() - t.mean).cwiseAbs().maxCoeff(), 1.5f);
  // A face of the population lies in the model, up to what alignment takes away.
  for (unsigned seed = 0; seed < 5; ++seed) {
    std::mt19937 random(100 + seed);
    std::normal_distribution<float> normal;
    Eigen::VectorXf shape = t.mean;
    for (Eigen::Index k = 0; k < 6; ++k) {
      shape += t.modes.col(k) * (normal(random) * 12.f / static_cast<float>(k + 1));
    }
    const Pdm& pdm = *learned;
    const Eigen::Map<const Eigen::Matrix<float, 68, 3>> target(pdm.mean().data());
    const Eigen::Map<const Eigen::Matrix<float, 68, 3>> face(shape.data());
    const Eigen::Matrix4f move =
        Eigen::umeyama(Eigen::Matrix3Xf(face.transpose()), Eigen::Matrix3Xf(target.transpose()));
    const Eigen::Matrix3Xf moved =
        (move.topLeftCorner<3, 3>() * face.transpose()).colwise() + move.topRightCorner<3, 1>();
    Eigen::VectorXf flat(204);
    for (int i = 0; i < 68; ++i) {
      for (int axis = 0; axis < 3; ++axis) flat[axis * 68 + i] = moved(axis, i);
    }
    const Eigen::VectorXf difference = flat - pdm.mean();
    const Eigen::VectorXf left = difference - pdm.basis() * (pdm.basis().transpose() * difference);
    EXPECT_LT(left.norm(), 0.1f * difference.norm()) << seed;
  }
}

TEST(LearnPdm, PeopleWeighTheSame) {
  const Truth t = truth();
  std::vector<ShapeSource> sources = population(t, 12, 4);
  const Pdm once = learnPdm(sources, points(t.mean), plain(6)).value();
  for (int i = 0; i < 5; ++i) {
    sources[0].faces.insert(sources[0].faces.end(), sources[0].faces.begin(),
                            sources[0].faces.begin() + 4);
  }
  const Pdm repeated = learnPdm(sources, points(t.mean), plain(6)).value();
  EXPECT_LT((once.mean() - repeated.mean()).cwiseAbs().maxCoeff(), 1e-4f);
  EXPECT_LT((once.eigenvalues() - repeated.eigenvalues()).cwiseAbs().maxCoeff(), 1e-2f);
}

TEST(LearnPdm, UnseenChangesHelpWithPeopleLeftOut) {
  const Truth t = truth();
  const std::vector<ShapeSource> few = population(t, 5, 1);
  const double without = leaveOneOut(few, points(t.mean), plain(4)).value();
  const double with =
      leaveOneOut(few, points(t.mean), {.modes = 34, .unseen_deviation = 3, .unseen_length = 30})
          .value();
  EXPECT_LT(with, without);
  // They are changes of shape: none moves, turns or scales the face.
  const Pdm pdm =
      learnPdm({{"mean", {points(t.mean)}}}, points(t.mean), {.modes = 20, .unseen_deviation = 3})
          .value();
  for (Eigen::Index k = 0; k < 20; ++k) {
    EXPECT_LT(std::abs(pdm.basis().col(k).head(68).sum()), 1e-3f);
    EXPECT_LT(std::abs(pdm.basis().col(k).tail(68).sum()), 1e-3f);
    EXPECT_LT(std::abs(pdm.basis().col(k).dot(pdm.mean())), 1e-2f);
  }
}

TEST(LearnPdm, TooLittleToLearnFromIsAnError) {
  const Truth t = truth();
  EXPECT_FALSE(learnPdm({}, points(t.mean), plain(3)).ok());
  EXPECT_FALSE(learnPdm({{"one", {points(t.mean)}}}, points(t.mean), plain(3)).ok());
  EXPECT_FALSE(learnPdm({{"flat", {Landmarks68In3d{}}}}, points(t.mean), plain(3)).ok());
  EXPECT_FALSE(learnPdm(population(t, 2, 2), points(t.mean), plain(30)).ok());
}

TEST(Delaunay, CoversTheHullOnce) {
  const Pdm pdm = testing::syntheticPdm(68, 3);
  const Triangulation triangles = delaunay(pdm);
  const auto cross = [&](int a, int b, int c) {
    const auto& m = pdm.mean();
    return (m[b] - m[a]) * (m[68 + c] - m[68 + a]) - (m[68 + b] - m[68 + a]) * (m[c] - m[a]);
  };
  double area = 0;
  for (const auto& [a, b, c] : triangles) area += std::abs(cross(a, b, c)) / 2;
  // Hull: edges with all points on one side.
  double hull_area = 0;
  int hull = 0;
  for (int a = 0; a < 68; ++a) {
    for (int b = 0; b < 68; ++b) {
      bool edge = a != b;
      for (int c = 0; c < 68 && edge; ++c) edge = c == a || c == b || cross(a, b, c) > 0;
      if (!edge) continue;
      ++hull;
      hull_area += (pdm.mean()[a] * pdm.mean()[68 + b] - pdm.mean()[b] * pdm.mean()[68 + a]) / 2;
    }
  }
  EXPECT_EQ(triangles.size(), static_cast<std::size_t>(2 * 68 - 2 - hull));
  EXPECT_NEAR(area, hull_area, 1e-3 * hull_area);
  const Result<Triangulation> back = parseTriangulation(triangulationText(triangles), "t.txt", 68);
  ASSERT_TRUE(back.ok());
  EXPECT_EQ(*back, triangles);
}

}  // namespace
}  // namespace frontalis
