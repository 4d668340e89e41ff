#include "shape/builtin_pdm.h"

#include <gtest/gtest.h>

#include <cmath>

#include "shape/calc_params.h"
#include "shape/head_pose.h"
#include "support/reference.h"
#include "support/synthetic_pdm.h"

namespace frontalis {
namespace {

TEST(BuiltinPdm, IsAFaceOfHumanSizeLookingAtTheCamera) {
  const Result<Pdm> pdm = builtinPdm();
  ASSERT_TRUE(pdm.ok()) << pdm.error().text();
  ASSERT_EQ(pdm->points(), 68);
  ASSERT_EQ(pdm->modes(), 34);
  const Eigen::VectorXf& mean = pdm->mean();
  const auto x = mean.head(68), y = mean.segment(68, 68), z = mean.tail(68);
  EXPECT_NEAR(x[45] - x[36], 90, 20);  // outer eye corners: image-left one first
  EXPECT_NEAR(y[8] - y[27], 110, 35);  // nose bridge to chin
  EXPECT_LT(z[30], z[0] - 50);         // nose tip nearer than the jaw's end
  EXPECT_NEAR(x.sum() + y.sum() + z.sum(), 0, 1e-2);
  EXPECT_NEAR(x[0] + x[16], 0, 1e-3);  // symmetric
  const Eigen::MatrixXf gram = pdm->basis().transpose() * pdm->basis();
  EXPECT_LT((gram - Eigen::MatrixXf::Identity(34, 34)).cwiseAbs().maxCoeff(), 1e-4f);
  for (int k = 1; k < 34; ++k) EXPECT_LE(pdm->eigenvalues()[k], pdm->eigenvalues()[k - 1]);
}

TEST(BuiltinPdm, CalcParamsFindsItsOwnFaces) {
  const Pdm pdm = builtinPdm().value();
  CalcParams solver(pdm);
  for (unsigned seed = 0; seed < 10; ++seed) {
    const Eigen::VectorXf local = testing::randomLocal(pdm, seed, 0.7f);
    const GlobalParams truth{1.5f, 0.15f, -0.2f, 0.1f, 320, 240};
    Eigen::VectorXf shape, landmarks;
    pdm.shape2d(truth, local, shape, landmarks);
    const CalcParams::Fit& fit = solver.fit(landmarks);
    ASSERT_TRUE(fit.valid);
    EXPECT_LT(fit.error / std::sqrt(136.f), 0.3f) << seed;
    EXPECT_NEAR(fit.global.scale, truth.scale, 0.05) << seed;
    EXPECT_NEAR(fit.global.ry, truth.ry, 0.08) << seed;
    EXPECT_NEAR(fit.global.rz, truth.rz, 0.03) << seed;
  }
}

// Other landmarks than it was learned from, of another tracker: the head turns alike.
TEST(BuiltinPdmReference, HeadPoseFollowsOpenFaces) {
  FRONTALIS_NEEDS_SHARED("reference");
  const Pdm pdm = builtinPdm().value();
  CalcParams solver(pdm);
  const Camera camera = Camera::forImageSize(640, 480);
  const testing::CsvTable csv = testing::referenceCsv("default");
  std::vector<std::vector<double>> got(6), expected(6);
  Eigen::VectorXf landmarks(136), shape;
  for (std::size_t row = 0; row < csv.rows.size(); ++row) {
    const auto x = csv.group(row, "x_", 68), y = csv.group(row, "y_", 68);
    for (int i = 0; i < 68; ++i) {
      landmarks[i] = static_cast<float>(x[static_cast<std::size_t>(i)]);
      landmarks[68 + i] = static_cast<float>(y[static_cast<std::size_t>(i)]);
    }
    const CalcParams::Fit& fit = solver.fit(landmarks);
    pdm.shape3d(fit.local, shape);
    const HeadPose pose = headPose(fit.global, shape, landmarks, camera);
    const std::array<float, 6> values = {pose.tx, pose.ty, pose.tz, pose.rx, pose.ry, pose.rz};
    const std::array<const char*, 6> names = {"pose_Tx", "pose_Ty", "pose_Tz",
                                              "pose_Rx", "pose_Ry", "pose_Rz"};
    for (std::size_t k = 0; k < 6; ++k) {
      got[k].push_back(values[k]);
      expected[k].push_back(csv.at(row, names[k]));
    }
  }
  for (std::size_t k = 0; k < 6; ++k)
    EXPECT_GT(testing::correlation(got[k], expected[k]), 0.9) << k;
}

}  // namespace
}  // namespace frontalis
