#include <gtest/gtest.h>

#include <vector>

#include "appearance/alignment.h"
#include "appearance/fhog.h"
#include "appearance/geometry.h"
#include "shape/calc_params.h"
#include "shape/head_pose.h"
#include "support/allocations.h"
#include "support/synthetic_pdm.h"

namespace frontalis {
namespace {

TEST(Allocations, AreCounted) {
  if (!testing::kCountsAllocations) GTEST_SKIP() << "needs glibc's malloc";
  EXPECT_GE(testing::countAllocations([] {
              const Eigen::VectorXf v = Eigen::VectorXf::Ones(1000);
              EXPECT_EQ(v.sum(), 1000);
            }),
            1u);
}

// The whole chain from landmarks to descriptors, as it runs in every frame.
TEST(Allocations, NoneFromLandmarksToDescriptorsAfterTheFirstFrame) {
  if (!testing::kCountsAllocations) GTEST_SKIP() << "needs glibc's malloc";
  const Pdm pdm = testing::syntheticPdm(68, 34);
  const FaceAligner aligner =
      FaceAligner::create(pdm, {{0, 8, 16}, {0, 16, 27}, {30, 40, 50}}, {}).value();
  const Camera camera = Camera::forImageSize(640, 360);
  CalcParams solver(pdm);
  Fhog fhog;
  const Image source(640, 360, 3);
  Image mask, aligned;
  Eigen::VectorXf shape, landmarks, in_camera;
  std::vector<float> hog(kFhogSize);
  std::vector<double> geometry(kGeometrySize);
  const auto frame = [&](const Eigen::VectorXf& local, const GlobalParams& global) {
    pdm.shape2d(global, local, shape, landmarks);
    const CalcParams::Fit& fit = solver.fit(landmarks);
    pdm.shape3d(fit.local, shape);
    const HeadPose pose = headPose(fit.global, shape, landmarks, camera);
    EXPECT_NE(pose.tz, 0);
    landmarksInCamera(fit.global, shape, landmarks, camera, in_camera);
    const WarpMatrix warp = aligner.warp(landmarks, fit.global.tx, fit.global.ty);
    aligner.mask(warp, landmarks, mask);
    aligner.align(warp, source, {0, 0, 640, 360}, aligned, &mask);
    fhog.extract(aligned, std::span<float, kFhogSize>(hog.data(), kFhogSize));
    geometryDescriptor(pdm, fit.local, geometry);
  };
  const Eigen::VectorXf first = testing::randomLocal(pdm, 1), second = testing::randomLocal(pdm, 2);
  frame(first, {1.1f, 0.1f, 0.2f, 0.1f, 320, 180});
  EXPECT_EQ(testing::countAllocations([&] {
              frame(second, {1.4f, -0.2f, 0, 0.3f, 250, 200});
            }),
            0u);
}

TEST(Allocations, NoneWhenPointsGoMissing) {
  if (!testing::kCountsAllocations) GTEST_SKIP() << "needs glibc's malloc";
  const Pdm pdm = testing::syntheticPdm(28, 10);
  CalcParams solver(pdm);
  Eigen::VectorXf shape, landmarks;
  pdm.shape2d({2, 0, 0, 0, 100, 100}, testing::randomLocal(pdm, 1), shape, landmarks);
  EXPECT_TRUE(solver.fit(landmarks).valid);
  landmarks.head(20).setZero();
  EXPECT_EQ(testing::countAllocations([&] { EXPECT_TRUE(solver.fit(landmarks).valid); }), 0u);
}

}  // namespace
}  // namespace frontalis
