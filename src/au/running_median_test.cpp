#include "au/running_median.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <limits>
#include <random>

namespace frontalis {
namespace {

struct Descriptor {
  std::vector<float> fhog = std::vector<float>(kFhogSize);
  std::vector<double> geometry = std::vector<double>(kGeometrySize);

  [[nodiscard]] DescriptorView view() const {
    return {std::span<const float, kFhogSize>(fhog),
            std::span<const double, kGeometrySize>(geometry)};
  }
};

// The specification read word for word: whole histograms, scanned from the first bin.
class PlainMedian {
 public:
  void update(const Descriptor& descriptor, bool success) {
    if (++frames_ % 2 == 0) return;
    std::vector<double> current(kFeatures, 0.0);
    if (success) {
      std::copy(descriptor.fhog.begin(), descriptor.fhog.end(), current.begin());
      std::copy(descriptor.geometry.begin(), descriptor.geometry.end(),
                current.begin() + kFhogSize);
      ++count_;
      for (std::size_t j = 0; j < kFeatures; ++j) ++histogram_[j][bin(j, current[j])];
    }
    if (!initialised_ || count_ == 1) {
      initialised_ = true;
      median_ = current;
    } else {
      for (std::size_t j = 0; j < kFeatures; ++j) {
        int cumulative = 0;
        int b = 0;
        while ((cumulative += histogram_[j][b]) < (count_ + 1) / 2) ++b;
        median_[j] = low(j) + (b + 0.5) * (high(j) - low(j)) / bins(j);
      }
    }
    for (std::size_t j = 0; j < kFhogSize; ++j) median_[j] = std::max(median_[j], 0.0);
  }
  [[nodiscard]] const std::vector<double>& median() const { return median_; }
  [[nodiscard]] int count() const { return count_; }

 private:
  static double low(std::size_t j) { return j < kFhogSize ? -0.005 : -60; }
  static double high(std::size_t j) { return j < kFhogSize ? 1.0 : 60; }
  static int bins(std::size_t j) { return j < kFhogSize ? 1000 : 10000; }
  static int bin(std::size_t j, double v) {
    return static_cast<int>(
        std::clamp(std::trunc((v - low(j)) * bins(j) / (high(j) - low(j))), 0.0, bins(j) - 1.0));
  }

  std::vector<std::vector<int>> histogram_ = [] {
    std::vector<std::vector<int>> h(kFeatures);
    for (std::size_t j = 0; j < kFeatures; ++j) h[j].resize(static_cast<std::size_t>(bins(j)));
    return h;
  }();
  std::vector<double> median_ = std::vector<double>(kFeatures);
  int frames_ = 0;
  int count_ = 0;
  bool initialised_ = false;
};

// Dimensions differ in how they move: constant, slowly drifting, spread, flipping between two far
// values (the median then jumps over hundreds of empty bins), outside of the histogram.
Descriptor randomDescriptor(std::mt19937& random, int frame) {
  std::uniform_real_distribution<double> unit(0, 1);
  Descriptor d;
  const auto value = [&](std::size_t j, double low, double high) {
    switch (j % 5) {
      case 0:
        return low + 0.3 * (high - low);
      case 1:
        return low + (high - low) * (0.2 + 0.005 * frame + 0.01 * unit(random));
      case 2:
        return low + (high - low) * unit(random);
      case 3:
        return low + (high - low) * (unit(random) < 0.5 ? 0.01 : 0.98);
      default:
        return low + (high - low) * (3 * unit(random) - 1);
    }
  };
  for (std::size_t j = 0; j < kFhogSize; ++j) {
    d.fhog[j] = static_cast<float>(value(j, -0.005, 1));
  }
  for (std::size_t j = 0; j < kGeometrySize; ++j) d.geometry[j] = value(j, -60, 60);
  return d;
}

struct Stream {
  std::vector<Descriptor> frames;
  std::vector<bool> success;
};

Stream randomStream(unsigned seed, int length, double failure_rate, int failures_first) {
  std::mt19937 random(seed);
  std::bernoulli_distribution fails(failure_rate);
  Stream stream;
  for (int i = 0; i < length; ++i) {
    stream.frames.push_back(randomDescriptor(random, i));
    stream.success.push_back(i >= failures_first && !fails(random));
  }
  return stream;
}

void expectSame(const RunningMedian& ours, const PlainMedian& plain, std::size_t frame) {
  ASSERT_EQ(ours.count(), plain.count()) << "frame " << frame;
  ASSERT_TRUE(std::equal(plain.median().begin(), plain.median().end(), ours.median().begin()))
      << "frame " << frame;
}

TEST(RunningMedian, EqualsScanOverRandomStreams) {
  for (unsigned seed = 0; seed < 4; ++seed) {
    const Stream stream = randomStream(seed, 40, seed % 2 == 0 ? 0.0 : 0.4, static_cast<int>(seed));
    RunningMedian ours;
    PlainMedian plain;
    for (std::size_t i = 0; i < stream.frames.size(); ++i) {
      EXPECT_EQ(ours.update(stream.frames[i].view(), stream.success[i]), i % 2 == 0);
      plain.update(stream.frames[i], stream.success[i]);
      expectSame(ours, plain, i + 1);
    }
  }
}

TEST(RunningMedian, PiecesAppendedEqualTheWhole) {
  for (unsigned seed = 0; seed < 3; ++seed) {
    // Sparse successes, so that cuts fall before, at and after the first one.
    const Stream stream = randomStream(seed, 10, 0.6, 0);
    RunningMedian whole;
    for (std::size_t i = 0; i < stream.frames.size(); ++i) {
      whole.update(stream.frames[i].view(), stream.success[i]);
    }
    for (std::size_t cut = 0; cut <= stream.frames.size(); ++cut) {
      RunningMedian head;
      RunningMedian tail(static_cast<std::int64_t>(cut));
      for (std::size_t i = 0; i < stream.frames.size(); ++i) {
        (i < cut ? head : tail).update(stream.frames[i].view(), stream.success[i]);
      }
      head.append(tail);
      ASSERT_EQ(head.count(), whole.count());
      ASSERT_TRUE(std::equal(whole.median().begin(), whole.median().end(), head.median().begin()))
          << "seed " << seed << " cut " << cut;
      // And goes on like the whole.
      RunningMedian on = whole;
      for (int i = 0; i < 3; ++i) {
        on.update(stream.frames[0].view(), true);
        head.update(stream.frames[0].view(), true);
      }
      ASSERT_TRUE(std::equal(on.median().begin(), on.median().end(), head.median().begin()));
    }
  }
}

TEST(RunningMedian, WorkedValues) {
  Descriptor d;
  d.fhog[0] = 0.2f;
  d.geometry[1] = 1.0;
  RunningMedian median;
  median.update(d.view(), true);
  EXPECT_EQ(median.median()[0], 0.2f) << "the first descriptor is taken as it is";
  EXPECT_EQ(median.median()[kFhogSize + 1], 1.0);
  EXPECT_FALSE(median.update(d.view(), true)) << "even frames leave the median alone";
  median.update(d.view(), true);
  EXPECT_EQ(median.count(), 2);
  EXPECT_NEAR(median.median()[0], 0.1995175, 1e-12);
  EXPECT_EQ(median.median()[1], 0.0) << "bin 4, clamped";
  EXPECT_NEAR(median.median()[kFhogSize], 0.006, 1e-12);
  EXPECT_NEAR(median.median()[kFhogSize + 1], 1.002, 1e-12);
}

TEST(RunningMedian, FailuresBeforeTheFirstFace) {
  Descriptor d;
  d.fhog[0] = 0.2f;
  RunningMedian median;
  median.update(d.view(), false);
  EXPECT_EQ(median.median()[0], 0.0);
  EXPECT_EQ(median.median()[kFhogSize], 0.0);
  median.update(d.view(), false);
  median.update(d.view(), false);
  EXPECT_EQ(median.median()[0], 0.0);
  EXPECT_NEAR(median.median()[kFhogSize], -59.994, 1e-12);
  // A first success on an even frame waits for the next odd one.
  EXPECT_FALSE(median.update(d.view(), true));
  EXPECT_EQ(median.count(), 0);
  median.update(d.view(), true);
  EXPECT_EQ(median.count(), 1);
  EXPECT_EQ(median.median()[0], 0.2f);
  median.reset();
  EXPECT_EQ(median.count(), 0);
  median.update(d.view(), true);
  EXPECT_EQ(median.count(), 1);
}

TEST(RunningMedian, ValuesThatAreNoNumbersAreHarmless) {
  Descriptor d;
  d.fhog[0] = std::numeric_limits<float>::quiet_NaN();
  d.fhog[1] = std::numeric_limits<float>::infinity();
  d.fhog[2] = -std::numeric_limits<float>::infinity();
  RunningMedian median;
  for (int i = 0; i < 3; ++i) median.update(d.view(), true);
  EXPECT_EQ(median.median()[0], 0.0);
  EXPECT_NEAR(median.median()[1], 1.0 - 0.5 * 1.005 / 1000, 1e-12);
  EXPECT_EQ(median.median()[2], 0.0);
}

}  // namespace
}  // namespace frontalis
