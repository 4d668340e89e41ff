#include "au/open_formulas.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <random>
#include <vector>

#include "appearance/blendshape_index.h"

namespace frontalis {
namespace {

namespace bs = blendshape;

OpenSignals atRest() {
  const OpenNeutral& neutral = populationNeutral();
  OpenSignals s;
  s.right = neutral.right;
  s.left = neutral.left;
  s.blendshapes = neutral.blendshapes;
  s.score = 1;
  return s;
}

std::size_t indexOf(int au) {
  return static_cast<std::size_t>(
      std::find(kIntensityAuNumbers.begin(), kIntensityAuNumbers.end(), au) -
      kIntensityAuNumbers.begin());
}

struct MeshChange {
  MeshSignal signal;
  float by;
};
struct CoefficientChange {
  SidedIndex coefficient;
  float by;
};
/// A hand-made expression on one side and what the formula gives for it, worked out by hand from
/// spec open_pack 4 with the population's neutral.
struct Expression {
  int au;
  std::vector<MeshChange> mesh;
  std::vector<CoefficientChange> coefficients;
  float intensity;
};

const std::vector<Expression>& expressions() {
  constexpr float kEye = 7.7f;  // the population's eye opening
  static const std::vector<Expression> all = {
      {1, {{kBrowIn, 4.3f}}, {{bs::kBrowInnerUp, .25f}}, 5 * (.45f + .5f)},
      {2, {{kBrowOut, 2.25f}}, {{bs::kBrowOuterUp, .2f}}, 5 * (.2f + .25f)},
      {4, {{kBrowMid, -3.5f}}, {{bs::kBrowDown, .125f}}, 5 * std::sqrt(.495f * .5f)},
      {4, {}, {{bs::kBrowDown, .9f}}, 0},
      {5, {{kLidIris, 1.4f}}, {{bs::kEyeWide, .025f}}, 5 * (.32f + .1f)},
      {5, {{kLidIris, 1.4f}, {kEyeH, -.55f * kEye}}, {{bs::kEyeWide, .025f}}, 5 * (.16f + .1f)},
      {6, {{kCornX, 4}, {kCornYm, 2}, {kInfra, 5}, {kLidCheek, -3}}, {}, 5 * (.6f * 8 / 12)},
      {6, {{kInfra, 5}, {kLidCheek, -3}}, {}, 0},
      {7, {{kLidLo, 1.25f}}, {{bs::kEyeSquint, .2f}}, 5 * (.25f + .25f)},
      {9, {{kWing, -3}, {kCornX, 2}}, {}, 5 * .4f},
      {10,
       {{kUlipW, -3}, {kCornX, 4}},
       {{bs::kMouthUpperUp, .4f}, {bs::kMouthSmile, .1f}},
       5 * (.2875f + .5f * (.4f - .8f * .1f / .62f) / .6f)},
      {12, {{kCornX, 8}, {kCornYm, 4}}, {{bs::kMouthSmile, .31f}}, 5 * (.25f / .95f + .25f)},
      {14, {{kCornZ, 3}, {kCornX, 2}}, {{bs::kMouthDimple, .075f}}, 5 * (.2f + .4875f)},
      {15, {{kCornYm, -2}}, {{bs::kMouthFrown, .12f}}, 5 * (.2f + .3f)},
      {17, {{kLlipF, 7}}, {{bs::kMouthShrugLower, .225f}}, 5 * (.3f + .16f)},
      {20, {{kCornX, 5}, {kCornYm, 1}}, {{bs::kMouthStretch, .1f}}, 5 * (.125f + 3.2f / 7)},
      {23,
       {{kUpV, -3}, {kLoV, -2}},
       {{bs::kMouthRollLower, .2f}, {bs::kMouthRollUpper, .1f}, {bs::kMouthPress, .05f}},
       5 * (.25f + .28125f)},
      {23,
       {{kUpV, -3}, {kLoV, -2}, {kLipgap, 4}},
       {{bs::kMouthRollLower, .2f}, {bs::kMouthRollUpper, .1f}},
       5 * .5f * (.25f + .28125f)},
      {25, {{kLipgap, 11}}, {}, 2.5f},
      {26, {{kJawF, 8}}, {{bs::kJawOpen, .4f}, {bs::kMouthClose, .04f}}, 5 * (.25f + .26f / .6f)},
      {45, {{kEyeH, -.525f * kEye}}, {{bs::kEyeBlink, .231f}}, 5 * (.25f + .25f)},
  };
  return all;
}

OpenSignals show(const Expression& e, Side side) {
  OpenSignals s = atRest();
  for (const auto& [signal, by] : e.mesh) (side == Side::kRight ? s.right : s.left)[signal] += by;
  for (const auto& [c, by] : e.coefficients) {
    s.blendshapes[side == Side::kRight ? c.right : c.left] += by;
  }
  return s;
}

TEST(OpenFormulas, RestIsZero) {
  for (const Side side : {Side::kRight, Side::kLeft}) {
    for (const float value : openIntensities(atRest(), populationNeutral(), side)) {
      EXPECT_EQ(value, 0.f);
    }
  }
}

TEST(OpenFormulas, WorkedExamples) {
  std::array<bool, kIntensityAus> seen{};
  for (const Expression& e : expressions()) {
    seen[indexOf(e.au)] = true;
    for (const Side side : {Side::kRight, Side::kLeft}) {
      const auto value = openIntensities(show(e, side), populationNeutral(), side);
      EXPECT_NEAR(value[indexOf(e.au)], e.intensity, 2e-3) << "AU" << e.au;
    }
  }
  for (std::size_t i = 0; i < kIntensityAus; ++i) EXPECT_TRUE(seen[i]) << kIntensityAuNumbers[i];
}

TEST(OpenFormulas, TheOtherSideSeesOnlySharedCoefficients) {
  for (const Expression& e : expressions()) {
    bool shared = false;
    for (const auto& change : e.coefficients) {
      shared = shared || change.coefficient.right == change.coefficient.left;
    }
    if (shared) continue;
    const auto value = openIntensities(show(e, Side::kRight), populationNeutral(), Side::kLeft);
    for (const float other : value) EXPECT_EQ(other, 0.f) << "AU" << e.au;
  }
}

TEST(OpenFormulas, SwappedSidesGiveSwappedResults) {
  std::mt19937 random(3);
  std::normal_distribution<float> normal(0, 3);
  OpenSignals s = atRest();
  for (std::size_t i = 0; i < kMeshSignals; ++i) {
    s.right[i] += normal(random);
    s.left[i] += normal(random);
  }
  OpenSignals swapped = s;
  std::swap(swapped.right, swapped.left);
  for (std::size_t i = 0; i < kBlendshapes; ++i) {
    s.blendshapes[i] = std::abs(normal(random)) / 10;
  }
  swapped.blendshapes = s.blendshapes;
  constexpr SidedIndex kSided[] = {
      bs::kBrowDown,   bs::kBrowOuterUp,  bs::kEyeBlink,    bs::kEyeLookDown,    bs::kEyeSquint,
      bs::kEyeWide,    bs::kMouthDimple,  bs::kMouthFrown,  bs::kMouthLowerDown, bs::kMouthPress,
      bs::kMouthSmile, bs::kMouthStretch, bs::kMouthUpperUp};
  for (const auto& [right, left] : kSided) {
    EXPECT_EQ(right, left + 1);
    std::swap(swapped.blendshapes[right], swapped.blendshapes[left]);
  }
  EXPECT_EQ(openIntensities(s, populationNeutral(), Side::kRight),
            openIntensities(swapped, populationNeutral(), Side::kLeft));
  EXPECT_EQ(openIntensities(s, populationNeutral(), Side::kLeft),
            openIntensities(swapped, populationNeutral(), Side::kRight));
}

TEST(OpenFormulas, AnySignalStaysInRange) {
  std::mt19937 random(5);
  std::normal_distribution<float> normal(0, 60);
  constexpr float kWild[] = {std::numeric_limits<float>::quiet_NaN(),
                             std::numeric_limits<float>::infinity(),
                             -std::numeric_limits<float>::infinity(), 3e38f, -3e38f};
  for (int round = 0; round < 5000; ++round) {
    OpenSignals s = atRest();
    OpenNeutral neutral = populationNeutral();
    const auto any = [&]() {
      return round % 3 == 0 && random() % 7 == 0 ? kWild[random() % 5] : normal(random);
    };
    for (float& v : s.right) v = any();
    for (float& v : s.blendshapes) v = any() / 60;
    for (float& v : neutral.right) v = any();
    for (float& v : neutral.blendshapes) v = any() / 60;
    for (const float value : openIntensities(s, neutral, Side::kRight)) {
      ASSERT_GE(value, 0.f);
      ASSERT_LE(value, 5.f);
    }
  }
}

TEST(OpenFormulas, FullExpressionSaturatesAtFive) {
  OpenSignals s = atRest();
  s.right[kLipgap] += 80;
  s.right[kCornX] += 40;
  s.right[kCornYm] += 40;
  s.blendshapes[bs::kMouthSmile.right] = 1;
  const auto value = openIntensities(s, populationNeutral(), Side::kRight);
  EXPECT_EQ(value[indexOf(25)], 5.f);
  EXPECT_EQ(value[indexOf(12)], 5.f);
}

}  // namespace
}  // namespace frontalis
