#include "appearance/geometry.h"

#include <gtest/gtest.h>

#include <cmath>
#include <vector>

#include "support/reference.h"
#include "support/synthetic_pdm.h"

namespace frontalis {
namespace {

TEST(GeometryDescriptor, ModesTimesParametersThenParameters) {
  const Pdm pdm = testing::syntheticPdm(28, 10);
  const Eigen::VectorXf local = testing::randomLocal(pdm, 3);
  std::vector<double> out(94, -1);
  geometryDescriptor(pdm, local, out);
  for (Eigen::Index i = 0; i < 84; ++i) {
    double sum = 0;
    for (Eigen::Index k = 0; k < 10; ++k) {
      sum += static_cast<double>(pdm.basis()(i, k)) * static_cast<double>(local[k]);
    }
    EXPECT_NEAR(out[static_cast<std::size_t>(i)], sum, 1e-12);
  }
  for (Eigen::Index k = 0; k < 10; ++k) {
    EXPECT_EQ(out[static_cast<std::size_t>(84 + k)], static_cast<double>(local[k]));
  }
  geometryDescriptor(pdm, Eigen::VectorXf::Zero(10), out);
  EXPECT_EQ(out, std::vector<double>(94, 0.0));
}

TEST(GeometryDescriptorReference, EqualsTheDumpedOnes) {
  FRONTALIS_NEEDS_SHARED("reference");
  const Pdm pdm = Pdm::read(testing::auPredictorsDir() / "In-the-wild_aligned_PDM_68.txt").value();
  const auto stages = testing::gunzipJson(testing::referenceDir("single_face") / "stages.json.gz");
  int frames = 0;
  double worst = 0;
  std::vector<double> out(kGeometrySize);
  for (const auto& frame : stages.at("frames")) {
    if (!frame.contains("geometry")) continue;
    ++frames;
    const auto local = frame.at("au_calcparams_local").get<std::vector<float>>();
    geometryDescriptor(pdm, Eigen::Map<const Eigen::VectorXf>(local.data(), 34), out);
    const auto expected = frame.at("geometry").get<std::vector<double>>();
    ASSERT_EQ(expected.size(), out.size());
    for (std::size_t i = 0; i < out.size(); ++i) {
      worst = std::max(worst, std::abs(out[i] - expected[i]));
    }
  }
  std::printf("largest difference in %d frames: %.2g\n", frames, worst);
  EXPECT_GE(frames, 4);
  EXPECT_LT(worst, 2e-5);
}

}  // namespace
}  // namespace frontalis
