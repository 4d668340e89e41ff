#include "appearance/builtin_triangulation.h"

#include <gtest/gtest.h>

#include "appearance/alignment.h"
#include "shape/builtin_pdm.h"

namespace frontalis {
namespace {

TEST(BuiltinTriangulation, MasksAFaceOfTheBuiltinModel) {
  const Pdm pdm = builtinPdm().value();
  const Result<Triangulation> triangles = builtinTriangulation();
  ASSERT_TRUE(triangles.ok()) << triangles.error().text();
  const FaceAligner aligner = FaceAligner::create(pdm, *triangles, {}).value();
  Eigen::VectorXf shape, landmarks;
  pdm.shape2d({2, 0, 0, 0, 320, 240}, Eigen::VectorXf::Zero(34), shape, landmarks);
  const WarpMatrix warp = aligner.warp(landmarks, 320, 240);
  EXPECT_NEAR(warp(0, 0), 0.35f, 1e-4f);
  Image mask;
  aligner.mask(warp, landmarks, mask);
  EXPECT_EQ(*mask.at(56, 56), 255);  // the middle of the face
  EXPECT_EQ(*mask.at(0, 111), 0);    // beside the chin
  EXPECT_EQ(*mask.at(111, 111), 0);
  const auto covered = std::count(mask.data(), mask.data() + mask.bytes(), 255);
  EXPECT_GT(covered, 112 * 112 / 2);
  EXPECT_LT(covered, 112 * 112 * 9 / 10);
}

}  // namespace
}  // namespace frontalis
