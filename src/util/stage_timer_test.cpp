#include "util/stage_timer.h"

#include <gtest/gtest.h>

namespace frontalis {
namespace {

TEST(DurationHistogram, QuantilesWithinTheBucketWidth) {
  DurationHistogram durations;
  for (int i = 1; i <= 1000; ++i) durations.add(i * 0.01);
  EXPECT_EQ(durations.count(), 1000);
  EXPECT_NEAR(durations.totalMs(), 5005, 1e-6);
  EXPECT_NEAR(durations.quantileMs(0.5), 5, 0.25);
  EXPECT_NEAR(durations.quantileMs(0.95), 9.5, 0.5);
}

TEST(DurationHistogram, EmptyAndExtremesAreFinite) {
  DurationHistogram durations;
  EXPECT_EQ(durations.quantileMs(0.5), 0);
  durations.add(0);
  durations.add(1e9);
  EXPECT_GT(durations.quantileMs(1), 1000);
}

TEST(StageTimer, MergesByName) {
  StageTimer a;
  StageTimer b;
  { const auto scope = a.time(a.stage("detect")); }
  { const auto scope = b.time(b.stage("decode")); }
  { const auto scope = b.time(b.stage("detect")); }
  a.merge(b);
  ASSERT_EQ(a.stages().size(), 2u);
  EXPECT_EQ(a.stages()[a.stage("detect")].durations.count(), 2);
  EXPECT_EQ(a.stages()[a.stage("decode")].durations.count(), 1);
}

}  // namespace
}  // namespace frontalis
