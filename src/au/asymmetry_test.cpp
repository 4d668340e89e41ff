#include "au/asymmetry.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>

namespace frontalis {
namespace {

constexpr std::size_t kAu06 = 4, kAu12 = 8, kAu25 = 14, kAu45 = 16;

/// 200 usable frames of which 50..99 and 140..159 are a movement.
MirrorRow frameAt(int t) {
  MirrorRow row;
  row.frame = t + 1;
  row.timestamp = t / 30.0;
  row.mirrored = row.usable = true;
  row.stability = row.quality = 1;
  return row;
}
bool moves(int t) { return (t >= 50 && t < 100) || (t >= 140 && t < 160); }

template <class Fill>
AsymmetryStudy study(Fill&& fill) {
  AsymmetryStudy result;
  for (int t = 0; t < 200; ++t) {
    MirrorRow row = frameAt(t);
    fill(t, row);
    result.add(row, 5);
  }
  return result;
}

TEST(AsymmetryIndex, IsSignedBoundedAndNotMovedByFaintNoise) {
  EXPECT_EQ(asymmetryIndex(2, 2), 0);
  EXPECT_EQ(asymmetryIndex(3, 0), 1);
  EXPECT_EQ(asymmetryIndex(0, 3), -1);
  EXPECT_FLOAT_EQ(asymmetryIndex(3, 1), 0.5f);
  EXPECT_FLOAT_EQ(asymmetryIndex(0.1f, 0), 0.1f);
}

TEST(AsymmetryStudy, PeaksAreHeldAndTheirIndexHasTheSidesSign) {
  const AsymmetryStudy one_sided = study([](int t, MirrorRow& row) {
    if (moves(t)) {
      row.right.intensity[kAu12] = 3;
      row.left.intensity[kAu12] = 1;
    }
    if (t == 20) row.left.intensity[kAu12] = 5;  // a single bad frame is no peak
  });
  const AuAsymmetry au = one_sided.aus()[kAu12];
  EXPECT_EQ(au.au, 12);
  EXPECT_FLOAT_EQ(au.right_peak, 3);
  EXPECT_FLOAT_EQ(au.left_peak, 1);
  EXPECT_NEAR(au.right_peak_seconds, 51 / 30.0, 1e-9);
  EXPECT_FLOAT_EQ(au.at_peak, 0.5f);
  EXPECT_EQ(au.active_frames, 71);
  EXPECT_NEAR(au.mean, (70 * 0.5 - 1) / 71, 1e-4);
  EXPECT_EQ(one_sided.aus()[kAu25].active_frames, 0);
}

TEST(AsymmetryStudy, ANeighbourThatComesAlongOnOneSideOnlyIsAHint) {
  const AsymmetryStudy eye_with_mouth = study([](int t, MirrorRow& row) {
    if (!moves(t)) return;
    row.right.intensity[kAu12] = row.left.intensity[kAu12] = 2.5f;
    row.right.intensity[kAu06] = row.left.intensity[kAu06] = 1.5f;  // on both sides: none
    row.left.intensity[kAu45] = 2;
  });
  const auto hints = eye_with_mouth.synkinesis();
  ASSERT_FALSE(hints.empty());
  for (const SynkinesisHint& hint : hints) {
    EXPECT_EQ(hint.side, FaceSide::kLeft);
    EXPECT_EQ(hint.with, 45);
    EXPECT_NEAR(hint.rise, 2, 1e-5);
    EXPECT_NEAR(hint.other_rise, 0, 1e-5);
    EXPECT_GT(hint.correlation, 0.9f);
    EXPECT_EQ(hint.frames, 70);
  }
  EXPECT_TRUE(std::any_of(hints.begin(), hints.end(), [](const auto& h) { return h.au == 12; }));
}

TEST(AsymmetryStudy, ASideThatDoesNotMoveAtAllIsNoSynkinesisOfTheOther) {
  const AsymmetryStudy paralysed = study([](int t, MirrorRow& row) {
    if (moves(t)) row.right.intensity[kAu12] = row.right.intensity[kAu06] = 3;
  });
  EXPECT_TRUE(paralysed.synkinesis().empty());
  EXPECT_TRUE(study([](int, MirrorRow&) {}).synkinesis().empty());
}

TEST(AsymmetryStudy, SaysHowUsableAVideoIsAndWhy) {
  AsymmetryStudy mixed;
  for (int t = 0; t < 100; ++t) {
    MirrorRow row = frameAt(t);
    if (t < 10) row.mirrored = row.usable = false;
    if (t >= 10 && t < 40) {
      row.usable = false;
      row.yaw = -9;
    }
    if (t >= 95) row.stability = 0;
    mixed.add(row, 5);
  }
  const Usability use = mixed.usability();
  EXPECT_EQ(use.verdict, Usability::Verdict::kFair);
  EXPECT_NEAR(use.usable_share, 0.6, 1e-9);
  ASSERT_EQ(use.reasons.size(), 3U);
  EXPECT_NE(use.reasons[0].find("no face was found in 10.0 %"), std::string::npos);
  EXPECT_NE(use.reasons[1].find("turned by more than 5 degrees in 30.0 %"), std::string::npos);
  EXPECT_NE(use.reasons[2].find("moves fast in 5.0 %"), std::string::npos);
  EXPECT_EQ(study([](int, MirrorRow&) {}).usability().verdict, Usability::Verdict::kGood);
  EXPECT_EQ(AsymmetryStudy().usability().verdict, Usability::Verdict::kUnusable);
  EXPECT_TRUE(AsymmetryStudy().synkinesis().empty());
}

}  // namespace
}  // namespace frontalis
