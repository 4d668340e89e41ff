#include "au/open_aus.h"

#include <gtest/gtest.h>

#include <cmath>
#include <cstring>

#include "appearance/blendshape_index.h"

namespace frontalis {
namespace {

namespace bs = blendshape;

std::size_t indexOf(int au) {
  return static_cast<std::size_t>(
      std::find(kIntensityAuNumbers.begin(), kIntensityAuNumbers.end(), au) -
      kIntensityAuNumbers.begin());
}
std::size_t presenceOf(int au) {
  return static_cast<std::size_t>(
      std::find(kPresenceAuNumbers.begin(), kPresenceAuNumbers.end(), au) -
      kPresenceAuNumbers.begin());
}

OpenSignals atRest() {
  OpenSignals s;
  s.right = populationNeutral().right;
  s.left = populationNeutral().left;
  s.blendshapes = populationNeutral().blendshapes;
  s.score = .9f;
  return s;
}

/// Smile from 0 to 1, AU12 to match.
OpenSignals smiling(float amount) {
  OpenSignals s = atRest();
  for (auto* side : {&s.right, &s.left}) {
    (*side)[kCornX] += 14 * amount;
    (*side)[kCornYm] += 10 * amount;
  }
  for (const std::uint8_t i : {bs::kMouthSmile.right, bs::kMouthSmile.left}) {
    s.blendshapes[i] += amount * (1 - s.blendshapes[i]);
  }
  return s;
}

/// The lips apart by so many u beyond rest: AU25 = (gap - 1) / 4.
OpenSignals lipsApart(float gap) {
  OpenSignals s = atRest();
  s.right[kLipgap] += gap;
  s.left[kLipgap] += gap;
  return s;
}

bool equal(const OpenAuRow& a, const OpenAuRow& b) {
  return a.intensity == b.intensity && a.right == b.right && a.left == b.left &&
         a.presence == b.presence && a.unreliable == b.unreliable && a.warming_up == b.warming_up;
}

OpenAus single() {
  OpenAuOptions options;
  options.population_neutral = true;
  return OpenAus(options);
}

TEST(OpenAusSecondPass, RestIsLowAndSmileIsHighWhateverTheOrder) {
  for (const bool smile_first : {true, false}) {
    OpenAus aus;
    const auto frame = [&](int i) { return smiling((i < 60) == smile_first ? .9f : 0.f); };
    for (int i = 0; i < 120; ++i) aus.add(frame(i));
    const OpenNeutralReport report = aus.finish();
    EXPECT_EQ(report.good_frames, 120u);
    EXPECT_GE(report.rest_frames, 15u);
    EXPECT_TRUE(report.warnings.empty());
    for (int i = 0; i < 120; ++i) {
      const OpenAuRow row = aus.row(frame(i));
      if ((i < 60) == smile_first) {
        EXPECT_GT(row.intensity[indexOf(12)], 4.f);
        EXPECT_TRUE(row.presence[presenceOf(12)]);
      } else {
        for (const float value : row.intensity) EXPECT_LT(value, .1f);
      }
      EXPECT_FALSE(row.presence[presenceOf(28)]);
      EXPECT_FALSE(row.warming_up);
    }
  }
}

TEST(OpenAusSecondPass, LearnsThePersonNotThePopulation) {
  OpenAus aus;
  OpenSignals person = atRest();
  for (auto* side : {&person.right, &person.left}) {
    (*side)[kBrowIn] += 8;
    (*side)[kCornX] -= 4;
  }
  for (int i = 0; i < 50; ++i) aus.add(person);
  (void)aus.finish();
  for (const float value : aus.row(person).intensity) EXPECT_EQ(value, 0.f);
  OpenAus stranger = single();
  EXPECT_GT(stranger.row(person).intensity[indexOf(1)], 1.f);
}

TEST(OpenAusSecondPass, TooFewFramesFallBackAndSaySo) {
  OpenAus aus;
  for (int i = 0; i < 14; ++i) aus.add(smiling(.9f));
  OpenSignals unsure = atRest();
  unsure.score = .4f;
  for (int i = 0; i < 100; ++i) aus.add(unsure);  // low scores do not count
  const OpenNeutralReport report = aus.finish();
  EXPECT_EQ(report.good_frames, 14u);
  EXPECT_TRUE(report.population);
  ASSERT_EQ(report.warnings.size(), 1u);
  EXPECT_NE(report.warnings[0].find("14 frames"), std::string::npos);
  EXPECT_GT(aus.row(smiling(.9f)).intensity[indexOf(12)], 4.f);
}

TEST(OpenAusSecondPass, WarnsWhenTheFaceIsNeverAtRest) {
  OpenAus aus;
  for (int i = 0; i < 40; ++i) {
    OpenSignals s = smiling(.9f);
    s.right[kLipgap] = s.left[kLipgap] = 8;
    aus.add(s);
  }
  const OpenNeutralReport report = aus.finish();
  EXPECT_FLOAT_EQ(report.rest_lipgap, 8);
  EXPECT_GT(report.rest_mouth_smile, .5f);
  ASSERT_EQ(report.warnings.size(), 2u);
  EXPECT_NE(report.warnings[0].find("lips are apart"), std::string::npos);
  EXPECT_NE(report.warnings[1].find("smiles"), std::string::npos);
  EXPECT_FLOAT_EQ(report.neutral.right[kLipgap], 2);  // clamped
}

TEST(OpenAusSecondPass, AMarkedNeutralRules) {
  OpenAus aus;
  for (int i = 0; i < 100; ++i) aus.add(i < 10 ? smiling(.8f) : atRest(), i < 10);
  const OpenNeutralReport report = aus.finish();
  EXPECT_TRUE(report.marked);
  EXPECT_EQ(report.rest_frames, 10u);
  EXPECT_EQ(report.neutral.right, smiling(.8f).right);  // as it is, not clamped
  EXPECT_EQ(aus.row(smiling(.8f)).intensity[indexOf(12)], 0.f);
}

TEST(OpenAusSecondPass, LongVideosAreThinnedEvenly) {
  OpenAuOptions small;
  small.max_frames = 64;
  OpenAus thinned(small);
  OpenAus every32;  // 1300 frames into 64: strides 1, 2, 4, ... 32
  const auto frame = [](int i) {
    OpenSignals s = smiling(std::max(0.f, std::sin(.01f * static_cast<float>(i))));
    s.right[kBrowIn] += .001f * static_cast<float>(i);
    return s;
  };
  for (int i = 0; i < 1300; ++i) {
    thinned.add(frame(i));
    if (i % 32 == 0) every32.add(frame(i));
  }
  const OpenNeutralReport a = thinned.finish();
  const OpenNeutralReport b = every32.finish();
  EXPECT_EQ(a.good_frames, 1300u);
  EXPECT_EQ(b.good_frames, 41u);
  EXPECT_EQ(a.rest_frames, b.rest_frames);
  EXPECT_EQ(a.neutral.right, b.neutral.right);
  EXPECT_EQ(a.neutral.blendshapes, b.neutral.blendshapes);
}

TEST(OpenAusSecondPass, PoseCorrectionIsOptionalAndNeedsAWideSpan) {
  const auto frame = [](int i, float reach) {
    OpenSignals s = atRest();
    s.yaw = reach * std::sin(.1f * static_cast<float>(i));
    const float turn = s.yaw / 20;
    for (auto* side : {&s.right, &s.left}) (*side)[kBrowMid] -= 3 * turn * turn;
    for (const std::uint8_t k : {bs::kBrowDown.right, bs::kBrowDown.left}) {
      s.blendshapes[k] += .15f * turn * turn;
    }
    return s;
  };
  const auto run = [&](bool correct, float reach, bool& corrected) {
    OpenAuOptions options;
    options.pose_correction = correct;
    OpenAus aus(options);
    for (int i = 0; i < 400; ++i) aus.add(frame(i, reach));
    corrected = aus.finish().pose_corrected;
    float worst = 0;
    for (int i = 0; i < 400; ++i) {
      worst = std::max(worst, aus.row(frame(i, reach)).intensity[indexOf(4)]);
    }
    return worst;
  };
  bool corrected = false;
  const float plain = run(false, 28, corrected);
  EXPECT_FALSE(corrected);
  EXPECT_GT(plain, 3.f);
  EXPECT_LT(run(true, 28, corrected), .5f * plain);
  EXPECT_TRUE(corrected);
  (void)run(true, 12, corrected);
  EXPECT_FALSE(corrected);
}

TEST(OpenAusPresence, SwitchesWithHysteresis) {
  OpenAus aus = single();
  const auto present = [&](float intensity) {  // of AU25, good: on at 1.0, off under .6
    return aus.row(lipsApart(4 * intensity + 1)).presence[presenceOf(25)];
  };
  EXPECT_FALSE(present(.95f));
  EXPECT_TRUE(present(1.05f));
  EXPECT_TRUE(present(.65f));
  EXPECT_FALSE(present(.55f));
  EXPECT_FALSE(present(.95f));
  EXPECT_TRUE(present(2.f));
  aus.lost();
  EXPECT_FALSE(present(.8f));
  EXPECT_TRUE(present(2.f));
  aus.reset();
  EXPECT_FALSE(present(.8f));
}

TEST(OpenAusPresence, WeakUnitsNeedMore) {
  OpenAus aus = single();
  const auto at = [&](float corner_down) {
    OpenSignals s = atRest();
    s.right[kCornYm] -= corner_down;
    s.left[kCornYm] -= corner_down;
    const OpenAuRow row = aus.row(s);
    EXPECT_NEAR(row.intensity[indexOf(15)], corner_down - .5f, 1e-4);
    return row.presence[presenceOf(15)];
  };
  EXPECT_FALSE(at(2.2f));  // 1.7
  EXPECT_TRUE(at(2.4f));   // 1.9
  EXPECT_TRUE(at(1.8f));   // 1.3
  EXPECT_FALSE(at(1.6f));  // 1.1
}

TEST(OpenAusPose, FlagsFollowTheHead) {
  OpenAus aus = single();
  const auto flagged = [&](float yaw, float pitch) {
    OpenSignals s = atRest();
    s.yaw = yaw;
    s.pitch = pitch;
    std::string list;
    const OpenAuRow row = aus.row(s);
    for (std::size_t i = 0; i < kIntensityAus; ++i) {
      if (row.unreliable[i]) list += std::to_string(kIntensityAuNumbers[i]) + " ";
    }
    return list;
  };
  const std::string all = "1 2 4 5 6 7 9 10 12 14 15 17 20 23 25 26 45 ";
  EXPECT_EQ(flagged(0, 0), "");
  EXPECT_EQ(flagged(-8, 12), "");
  EXPECT_EQ(flagged(9, 0), "4 ");
  EXPECT_EQ(flagged(-15, -12), "4 ");
  EXPECT_EQ(flagged(16, 0), "1 2 4 5 7 9 14 15 17 20 23 ");
  EXPECT_EQ(flagged(0, -13), "1 2 4 5 7 9 14 15 17 20 23 ");
  EXPECT_EQ(flagged(25, 20), "1 2 4 5 7 9 14 15 17 20 23 ");
  EXPECT_EQ(flagged(26, 0), all);
  EXPECT_EQ(flagged(0, 21), all);
}

TEST(OpenAusPose, ATurnedHeadIsReadFromTheNearSide) {
  OpenAus aus = single();
  OpenSignals s = smiling(.5f);
  s.left = atRest().left;
  s.blendshapes[bs::kMouthSmile.left] = atRest().blendshapes[bs::kMouthSmile.left];
  const std::size_t au12 = indexOf(12);
  OpenAuRow row = aus.row(s);
  EXPECT_GT(row.right[au12], 1.f);
  EXPECT_EQ(row.left[au12], 0.f);
  EXPECT_FLOAT_EQ(row.intensity[au12], row.right[au12] / 2);
  s.yaw = 20;  // the subject's right side is far
  EXPECT_EQ(aus.row(s).intensity[au12], 0.f);
  s.yaw = -20;
  row = aus.row(s);
  EXPECT_EQ(row.intensity[au12], row.right[au12]);
}

TEST(OpenAusLive, StartsFromThePopulationAndLearns) {
  OpenAus aus;
  OpenSignals person = atRest();
  person.right[kBrowIn] += 6;
  person.left[kBrowIn] += 6;
  const std::size_t au01 = indexOf(1);
  const auto expected = [](float distance) { return 5 * (distance - .3f) / 8; };
  OpenAuRow row;
  for (int i = 1; i <= 200; ++i) {
    row = aus.process(person);
    EXPECT_EQ(row.warming_up, i < 60) << i;
    if (i < 15) {
      EXPECT_NEAR(row.intensity[au01], expected(6), 1e-4);
    }
    if (i >= 15 && i < 30) {
      EXPECT_NEAR(row.intensity[au01], expected(3), 1e-4);
    }
    if (i >= 30 && i < 45) {
      EXPECT_NEAR(row.intensity[au01], expected(2), 1e-4);
    }
  }
  EXPECT_LT(row.intensity[au01], .2f);
}

TEST(OpenAusLive, ApproachesTheSecondPass) {
  const auto frame = [](int i) { return smiling(i % 100 < 50 ? 0.f : .8f); };
  OpenAus live;
  OpenAus second;
  for (int i = 0; i < 900; ++i) second.add(frame(i));
  (void)second.finish();
  for (int i = 0; i < 900; ++i) {
    const OpenAuRow a = live.process(frame(i));
    const OpenAuRow b = second.row(frame(i));
    if (i >= 200) {
      EXPECT_NEAR(a.intensity[indexOf(12)], b.intensity[indexOf(12)], .1);
    }
  }
}

TEST(OpenAusLive, ForgetsWhatIsMoreThan3000FramesAgo) {
  OpenAus aus;
  OpenSignals person = atRest();
  person.right[kBrowIn] += 6;
  person.left[kBrowIn] += 6;
  for (int i = 0; i < 500; ++i) (void)aus.process(atRest());
  for (int i = 0; i < 3015; ++i) (void)aus.process(person);
  EXPECT_EQ(aus.process(person).intensity[indexOf(1)], 0.f);
}

TEST(OpenAusLive, AMarkedNeutralCountsAtOnce) {
  OpenAus aus;
  OpenAuRow row = aus.process(smiling(.6f));
  EXPECT_GT(row.intensity[indexOf(12)], 2.f);
  row = aus.process(smiling(.6f), true);
  EXPECT_EQ(row.intensity[indexOf(12)], 0.f);
  EXPECT_FALSE(row.warming_up);
}

TEST(OpenAusState, ResetMakesANewVideo) {
  OpenAus used;
  OpenAus fresh;
  for (int i = 0; i < 100; ++i) (void)used.process(smiling(.9f));
  for (int i = 0; i < 100; ++i) used.add(smiling(.9f), i % 2 == 0);
  (void)used.finish();
  used.reset();
  for (int i = 0; i < 80; ++i) {
    EXPECT_TRUE(equal(used.process(smiling(.1f)), fresh.process(smiling(.1f))));
  }
  used.reset();
  fresh.reset();
  for (int i = 0; i < 40; ++i) {
    used.add(smiling(.3f));
    fresh.add(smiling(.3f));
  }
  EXPECT_EQ(used.finish().neutral.right, fresh.finish().neutral.right);
}

TEST(OpenAusState, SignalsWithoutAMeshAreALostFace) {
  OpenAus aus = single();
  EXPECT_TRUE(aus.row(lipsApart(9)).presence[presenceOf(25)]);
  const OpenAuRow row = aus.row(OpenSignals{});
  for (const float value : row.intensity) EXPECT_EQ(value, 0.f);
  EXPECT_FALSE(aus.row(lipsApart(4)).presence[presenceOf(25)]);
}

}  // namespace
}  // namespace frontalis
