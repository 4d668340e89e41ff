#include "au/open_pose_leak.h"

#include <gtest/gtest.h>

#include <cmath>
#include <random>
#include <vector>

#include "appearance/blendshape_index.h"

namespace frontalis {
namespace {

/// A head sweeping +-30 degrees whose brows seem to sink as it turns; every second frame frowns
/// too, and has the higher energy.
struct Sweep {
  std::vector<OpenSignals> frames;
  std::vector<float> energy;
};

Sweep sweep() {
  Sweep out;
  for (int i = 0; i < 600; ++i) {
    OpenSignals s;
    s.yaw = 30 * std::sin(.05f * static_cast<float>(i));
    s.pitch = 5 * std::cos(.11f * static_cast<float>(i));
    s.score = 1;
    const float turn = s.yaw / 20;
    const bool frowns = i % 2 == 1;
    s.right[kBrowMid] = 28 - 2 * turn * turn + turn - (frowns ? 4.f : 0.f);
    s.left[kBrowMid] = 28 - turn * turn - (frowns ? 4.f : 0.f);
    s.right[kLipgap] = s.left[kLipgap] = 1 + turn;
    s.blendshapes[blendshape::kBrowDown.right] = .2f + .1f * turn;
    s.blendshapes[blendshape::kEyeBlink.right] = .2f + .1f * turn;
    out.frames.push_back(s);
    out.energy.push_back(frowns ? 1.f : 0.f);
  }
  return out;
}

float spread(const std::vector<OpenSignals>& frames, auto get, std::size_t step, std::size_t from) {
  float low = 1e9f;
  float high = -1e9f;
  for (std::size_t i = from; i < frames.size(); i += step) {
    low = std::min(low, get(frames[i]));
    high = std::max(high, get(frames[i]));
  }
  return high - low;
}

TEST(PoseLeakTest, IsOnlyFittedOnWideSpans) {
  Sweep s = sweep();
  EXPECT_TRUE(PoseLeak::worthFitting(s.frames));
  for (OpenSignals& frame : s.frames) frame.yaw /= 2;
  EXPECT_FALSE(PoseLeak::worthFitting(s.frames));
  for (OpenSignals& frame : s.frames) frame.pitch *= 4;
  EXPECT_TRUE(PoseLeak::worthFitting(s.frames));
  EXPECT_FALSE(PoseLeak::worthFitting({}));
}

TEST(PoseLeakTest, RemovesMostOfTheLeakAndKeepsTheExpression) {
  const Sweep s = sweep();
  const PoseLeak leak = PoseLeak::fit(s.frames, s.energy);
  std::vector<OpenSignals> corrected = s.frames;
  for (OpenSignals& frame : corrected) leak.remove(frame);

  const auto brow = [](const OpenSignals& f) { return f.right[kBrowMid]; };
  EXPECT_LT(spread(corrected, brow, 2, 0), .45f * spread(s.frames, brow, 2, 0));
  const auto down = [](const OpenSignals& f) { return f.blendshapes[blendshape::kBrowDown.right]; };
  EXPECT_LT(spread(corrected, down, 2, 0), .3f * spread(s.frames, down, 2, 0));
  for (std::size_t i = 0; i + 1 < corrected.size(); i += 2) {  // nearly the same pose
    EXPECT_NEAR(brow(corrected[i]) - brow(corrected[i + 1]), 4, .5);
  }
}

TEST(PoseLeakTest, LeavesTheLipGapAndOtherCoefficientsAlone) {
  const Sweep s = sweep();
  const PoseLeak leak = PoseLeak::fit(s.frames, s.energy);
  OpenSignals frame = s.frames[30];
  leak.remove(frame);
  EXPECT_EQ(frame.right[kLipgap], s.frames[30].right[kLipgap]);
  EXPECT_EQ(frame.left[kLipgap], s.frames[30].left[kLipgap]);
  EXPECT_EQ(frame.blendshapes[blendshape::kEyeBlink.right],
            s.frames[30].blendshapes[blendshape::kEyeBlink.right]);
  EXPECT_EQ(frame.yaw, s.frames[30].yaw);
}

TEST(PoseLeakTest, EqualsThePlainRidge) {
  // One channel, solved by gradient descent on the ridge's cost in the same terms.
  const Sweep s = sweep();
  const PoseLeak leak = PoseLeak::fit(s.frames, s.energy);
  std::vector<float> yaw;
  std::vector<float> pitch;
  for (const OpenSignals& f : s.frames) {
    yaw.push_back(f.yaw);
    pitch.push_back(f.pitch);
  }
  std::nth_element(yaw.begin(), yaw.begin() + 300, yaw.end());
  std::sort(yaw.begin(), yaw.end());
  std::sort(pitch.begin(), pitch.end());
  const double y0 = (yaw[299] + yaw[300]) / 2;
  const double p0 = (pitch[299] + pitch[300]) / 2;
  const auto terms = [&](const OpenSignals& f) {
    const double y = std::clamp((f.yaw - y0) / 20, -1.5, 1.5);
    const double p = std::clamp((f.pitch - p0) / 20, -1.5, 1.5);
    return std::array<double, 4>{y, p, y * y, p * p};
  };
  std::array<double, 4> mean{};
  double value_mean = 0;
  for (std::size_t i = 0; i < 600; i += 2) {
    for (std::size_t k = 0; k < 4; ++k) mean[k] += terms(s.frames[i])[k] / 300;
    value_mean += s.frames[i].right[kBrowMid] / 300;
  }
  std::array<double, 4> w{};
  for (int step = 0; step < 4000; ++step) {
    std::array<double, 4> gradient{};
    for (std::size_t i = 0; i < 600; i += 2) {
      const auto t = terms(s.frames[i]);
      double error = s.frames[i].right[kBrowMid] - value_mean;
      for (std::size_t k = 0; k < 4; ++k) error -= w[k] * (t[k] - mean[k]);
      for (std::size_t k = 0; k < 4; ++k) gradient[k] += error * (t[k] - mean[k]) / 300;
    }
    for (std::size_t k = 0; k < 4; ++k) w[k] += .3 * (gradient[k] - .1 * w[k]);
  }
  for (const std::size_t i : {0u, 40u, 151u, 599u}) {
    const auto t = terms(s.frames[i]);
    double expected = s.frames[i].right[kBrowMid];
    for (std::size_t k = 0; k < 4; ++k) expected -= w[k] * (t[k] - mean[k]);
    OpenSignals frame = s.frames[i];
    leak.remove(frame);
    EXPECT_NEAR(frame.right[kBrowMid], expected, 1e-3);
  }
}

}  // namespace
}  // namespace frontalis
