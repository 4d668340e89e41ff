#include "au/online_correction.h"

#include <gtest/gtest.h>

#include <cmath>
#include <random>
#include <vector>

namespace frontalis {
namespace {

TEST(OnlineCorrection, EqualsTheSpecification) {
  std::mt19937 random(1);
  std::normal_distribution<double> normal(0.7, 2.5);
  OnlineCorrection online;
  for (int video = 0; video < 2; ++video) {
    std::vector<int> histogram(200);
    for (int count = 1; count <= 300; ++count) {
      std::array<double, kIntensityAus> raw{};
      raw.fill(-10);
      raw[3] = normal(random);
      const auto corrected = online.correct(raw);
      const double bin = std::clamp(std::trunc((raw[3] + 3) * 200 / 8), 0.0, 199.0);
      ++histogram[static_cast<std::size_t>(bin)];
      double correction = 0;
      if (count >= 10) {
        int cumulative = 0;
        for (int b = 0; b < 200; ++b) {
          cumulative += histogram[static_cast<std::size_t>(b)];
          if (cumulative > std::trunc(0.10 * count)) {
            correction = -3 + b * 8.0 / 200;
            break;
          }
        }
      }
      ASSERT_NEAR(corrected[3], std::clamp(raw[3] - correction, 0.0, 5.0), 1e-6) << count;
      EXPECT_EQ(corrected[0], 0.f);
    }
    online.reset();
  }
}

}  // namespace
}  // namespace frontalis
