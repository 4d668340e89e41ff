#include "au/open_neutral.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <random>

#include "appearance/blendshape_index.h"

namespace frontalis {
namespace {

namespace bs = blendshape;

std::vector<OpenSignals> video(std::size_t frames, unsigned seed) {
  std::mt19937 random(seed);
  std::normal_distribution<float> normal;
  std::uniform_real_distribution<float> uniform;
  std::vector<OpenSignals> out(frames);
  for (OpenSignals& s : out) {
    const OpenNeutral& neutral = populationNeutral();
    for (std::size_t i = 0; i < kMeshSignals; ++i) {
      s.right[i] = neutral.right[i] + 2 * normal(random);
      s.left[i] = neutral.left[i] + 2 * normal(random);
    }
    for (float& v : s.blendshapes) v = uniform(random) * uniform(random);
    s.yaw = 10 * normal(random);
    s.pitch = 8 * normal(random);
    s.score = 1;
  }
  return out;
}

double plainQuantile(std::vector<double> v, double q) {
  std::sort(v.begin(), v.end());
  const double position = q * double(v.size() - 1);
  const std::size_t i = std::min(std::size_t(position), v.size() - 1);
  const std::size_t j = std::min(i + 1, v.size() - 1);
  return v[i] + (position - double(i)) * (v[j] - v[i]);
}

/// Spec open_pack 3 written down plainly, in double, everything sorted.
std::vector<double> plainEnergy(const std::vector<OpenSignals>& frames) {
  const std::size_t n = frames.size();
  const auto values = [&](auto get) {
    std::vector<double> v;
    for (const OpenSignals& s : frames) v.push_back(get(s));
    return v;
  };
  const auto b = [](int right, int left) {
    return [right, left](const OpenSignals& s) {
      return (double(s.blendshapes[right]) + double(s.blendshapes[left])) / 2;
    };
  };
  const auto square = [](double t) { return std::pow(std::clamp(t, 0., 1.5), 2); };
  std::vector<double> e(n, 0.);
  const auto add = [&](const std::vector<double>& v, double origin, double width) {
    for (std::size_t i = 0; i < n; ++i) e[i] += square((v[i] - origin) / width);
  };
  const auto above = [&](const std::vector<double>& v, double width) {
    add(v, plainQuantile(v, .1), width);
  };
  add(values([](const OpenSignals& s) { return (s.right[kLipgap] + s.left[kLipgap]) / 2.; }), 1, 8);
  add(values(b(25, 25)), 0, .3);
  add(values(b(49, 48)), 0, .5);
  add(values(b(35, 34)), 0, .4);
  above(values(b(45, 44)), .5);
  above(values(b(38, 38)), .4);
  above(values(b(42, 42)), .3);
  above(values(b(40, 40)), .3);
  above(values(b(3, 3)), .4);
  above(values(b(5, 4)), .4);
  above(values(b(20, 19)), .4);
  above(values(b(10, 9)), .4);
  above(values(b(12, 11)), .5);
  above(values([](const OpenSignals& s) { return (s.right[kCornX] + s.left[kCornX]) / 2.; }), 6);
  std::vector<double> down = values(b(2, 1));
  const double middle = plainQuantile(down, .5);
  for (double& v : down) v = std::abs(v - middle);
  add(down, 0, .4);
  const std::vector<double> yaw = values([](const OpenSignals& s) { return double(s.yaw); });
  const std::vector<double> pitch = values([](const OpenSignals& s) { return double(s.pitch); });
  const double yaw_middle = plainQuantile(yaw, .5);
  const double pitch_middle = plainQuantile(pitch, .5);
  for (std::size_t i = 0; i < n; ++i) {
    e[i] += std::pow((yaw[i] - yaw_middle) / 15, 2) + std::pow((pitch[i] - pitch_middle) / 12, 2);
  }
  return e;
}

TEST(OpenNeutralStatistics, MedianAndQuantileEqualSorting) {
  std::mt19937 random(1);
  std::normal_distribution<float> normal;
  for (std::size_t n = 1; n < 60; ++n) {
    std::vector<float> values(n);
    for (float& v : values) v = normal(random);
    const std::vector<double> plain(values.begin(), values.end());
    std::vector<float> work = values;
    EXPECT_NEAR(medianOf(work), plainQuantile(plain, .5), 1e-6);
    for (const double q : {0., .01, .05, .1, .25, .5, .9, .99, 1.}) {
      work = values;
      EXPECT_NEAR(quantileOf(work, q), plainQuantile(plain, q), 1e-6) << n << ' ' << q;
    }
  }
}

TEST(OpenNeutralRest, EqualsThePlainComputation) {
  RestFinder finder;
  for (const std::size_t n : {1u, 2u, 7u, 15u, 16u, 100u, 701u}) {
    const std::vector<OpenSignals> frames = video(n, static_cast<unsigned>(n));
    const std::vector<double> energy = plainEnergy(frames);
    std::vector<double> sorted = energy;
    std::sort(sorted.begin(), sorted.end());
    const double limit = std::min(
        plainQuantile(energy, .25),
        std::max(plainQuantile(energy, .05) + .5, sorted[std::min<std::size_t>(n, 15) - 1]));
    std::vector<std::uint32_t> rest;
    for (std::uint32_t i = 0; i < n; ++i) {
      if (energy[i] <= limit + 1e-9) rest.push_back(i);
    }
    const RestSet& found = finder.find(frames);
    ASSERT_EQ(found.energy.size(), n);
    for (std::size_t i = 0; i < n; ++i) EXPECT_NEAR(found.energy[i], energy[i], 1e-3);
    EXPECT_EQ(found.rest, rest) << n;

    for (std::size_t k = 0; k < kMeshSignals; ++k) {
      std::vector<double> chosen;
      std::vector<double> all;
      for (const std::uint32_t i : rest) chosen.push_back(frames[i].left[k]);
      for (const OpenSignals& s : frames) all.push_back(s.left[k]);
      double expected = plainQuantile(chosen, .5);
      if (k == kJawF) expected = std::min(expected, plainQuantile(all, .5));
      EXPECT_NEAR(found.neutral.left[k], expected, 1e-4) << kMeshSignalNames[k];
    }
    std::vector<double> squint;
    for (const std::uint32_t i : rest) squint.push_back(frames[i].blendshapes[20]);
    EXPECT_NEAR(found.neutral.blendshapes[20], plainQuantile(squint, .5), 1e-6);
  }
}

TEST(OpenNeutralRest, NoFramesGiveThePopulation) {
  RestFinder finder;
  const RestSet& none = finder.find({});
  EXPECT_TRUE(none.rest.empty());
  EXPECT_EQ(none.neutral.right, populationNeutral().right);
}

TEST(OpenNeutralRest, FindsTheFewNeutralFramesOfAMostlySmilingPerson) {
  std::vector<OpenSignals> frames = video(200, 9);
  for (std::size_t i = 0; i < frames.size(); ++i) {
    OpenSignals& s = frames[i];
    const bool smiles = i % 10 < 7;
    s.blendshapes = populationNeutral().blendshapes;
    s.blendshapes[bs::kMouthSmile.right] = s.blendshapes[bs::kMouthSmile.left] = smiles ? .9f : .1f;
    s.right = s.left = populationNeutral().right;
    s.right[kCornX] += smiles ? 10.f : 0.f;
    s.left[kCornX] += smiles ? 10.f : 0.f;
  }
  RestFinder finder;
  const RestSet& found = finder.find(frames);
  EXPECT_GE(found.rest.size(), 15u);
  for (const std::uint32_t i : found.rest) EXPECT_GE(i % 10, 7u);
  EXPECT_FLOAT_EQ(found.neutral.right[kCornX], populationNeutral().right[kCornX]);
  EXPECT_FLOAT_EQ(found.neutral.blendshapes[bs::kMouthSmile.left], .1f);
}

TEST(OpenNeutralClamp, HoldsToPlausibleValues) {
  OpenNeutral wild = populationNeutral();
  wild.right[kBrowIn] = 100;
  wild.left[kBrowIn] = -100;
  wild.right[kLipgap] = 5;
  wild.left[kInfra] = -40;
  wild.blendshapes[bs::kMouthSmile.left] = .9f;
  wild.blendshapes[bs::kJawOpen.right] = .9f;
  wild.blendshapes[bs::kEyeWide.right] = .9f;
  wild.blendshapes[bs::kBrowDown.right] = .9f;  // no limit: deep brows are a face, not a frown
  const OpenNeutral held = clampNeutral(wild);
  EXPECT_FLOAT_EQ(held.right[kBrowIn], 26.3f + 3 * 5.1f);
  EXPECT_FLOAT_EQ(held.left[kBrowIn], 26.3f - 3 * 5.1f);
  EXPECT_FLOAT_EQ(held.right[kLipgap], 2);
  EXPECT_FLOAT_EQ(held.left[kInfra], -25.9f - 3 * 1.5f);
  EXPECT_FLOAT_EQ(held.blendshapes[bs::kMouthSmile.left], .5f);
  EXPECT_FLOAT_EQ(held.blendshapes[bs::kJawOpen.right], .1f);
  EXPECT_FLOAT_EQ(held.blendshapes[bs::kEyeWide.right], .03f);
  EXPECT_FLOAT_EQ(held.blendshapes[bs::kBrowDown.right], .9f);
  EXPECT_EQ(clampNeutral(populationNeutral()).right, populationNeutral().right);
  EXPECT_EQ(clampNeutral(populationNeutral()).blendshapes, populationNeutral().blendshapes);
}

}  // namespace
}  // namespace frontalis
