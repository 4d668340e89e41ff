// The open pack from video file to rows, against what its formulas were specified to give (spec
// open_pack 9) and, loosely, against OpenFace 2.2 on the same videos.

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <vector>

#include "frontalis/extractor.h"
#include "support/paths.h"
#include "support/reference.h"

namespace frontalis {
namespace {

std::size_t indexOf(int au) {
  return static_cast<std::size_t>(
      std::find(kIntensityAuNumbers.begin(), kIntensityAuNumbers.end(), au) -
      kIntensityAuNumbers.begin());
}

std::vector<Row> extract(const std::filesystem::path& video, Config config = {}) {
  config.pack = testing::openPackDir().string();
  std::vector<Row> rows;
  Result<Extractor> extractor = Extractor::open(video, config);
  EXPECT_TRUE(extractor.ok()) << (extractor.ok() ? "" : extractor.error().text());
  if (!extractor.ok()) return rows;
  while (true) {
    Result<std::optional<Row>> row = extractor->next();
    EXPECT_TRUE(row.ok()) << (row.ok() ? "" : row.error().text());
    if (!row.ok() || !*row) return rows;
    rows.push_back(**row);
  }
}

/// Mean of one AU over frames first..last, 0-based.
struct Sides {
  double right = 0, left = 0;
};
Sides mean(const std::vector<Row>& rows, int au, std::size_t first, std::size_t last) {
  Sides sum;
  for (std::size_t i = first; i <= last; ++i) {
    sum.right += rows[i].intensity_right[indexOf(au)];
    sum.left += rows[i].intensity_left[indexOf(au)];
  }
  const auto count = static_cast<double>(last - first + 1);
  return {sum.right / count, sum.left / count};
}

struct Expected {
  std::size_t first, last;
  int au;
  double right, left;
};
constexpr double kTolerance = .3;

void expectMeans(const std::vector<Row>& rows, const std::vector<Expected>& table) {
  for (const Expected& e : table) {
    const Sides found = mean(rows, e.au, e.first, e.last);
    EXPECT_NEAR(found.right, e.right, kTolerance) << "AU" << e.au << " frame " << e.first;
    EXPECT_NEAR(found.left, e.left, kTolerance) << "AU" << e.au << " frame " << e.first;
  }
}

TEST(OpenPackVideo, SingleFaceRestsThenSmiles) {
  const std::vector<Row> rows = extract(testing::sample("single_face.mp4"));
  ASSERT_EQ(rows.size(), 72u);
  for (const int au : kIntensityAuNumbers) {
    const Sides rest = mean(rows, au, 0, 15);
    // The brows do move a little here: OpenFace's AU01 is 1.1 to 1.5.
    EXPECT_LE(std::max(rest.right, rest.left), au == 1 ? .4 : kTolerance) << "AU" << au;
  }
  expectMeans(rows, {{40, 69, 6, 3.4, 3.4},
                     {40, 69, 12, 4.7, 4.7},
                     {40, 69, 25, 3.9, 3.9},
                     {40, 69, 26, .8, .8},
                     {27, 27, 45, 4.9, 4.8}});
  const auto presence = [&](std::size_t frame, int au) {
    const auto place = std::find(kPresenceAuNumbers.begin(), kPresenceAuNumbers.end(), au);
    return rows[frame].presence[static_cast<std::size_t>(place - kPresenceAuNumbers.begin())];
  };
  EXPECT_FALSE(presence(5, 12));
  EXPECT_TRUE(presence(50, 12));
  EXPECT_TRUE(presence(27, 45));
  EXPECT_FALSE(presence(50, 45));
}

TEST(OpenPackVideo, WolfgangLangerTalksAndLaughs) {
  const std::vector<Row> rows = extract(testing::sample("WolfgangLanger_Pexels.mp4"));
  ASSERT_EQ(rows.size(), 472u);
  expectMeans(rows, {{165, 224, 1, 2.1, 2.2},
                     {165, 224, 25, 1.7, 1.7},
                     {165, 224, 26, 1.3, 1.3},
                     {300, 399, 6, 2, 2},
                     {300, 399, 12, 4, 3.3},
                     {300, 399, 25, 4.8, 4.8},
                     {445, 471, 45, 4.3, 4.9},
                     {445, 471, 12, 4.7, 4.8}});
}

TEST(OpenPackVideo, LiveComesNearTheSecondPassAfterWarmingUp) {
  const auto video = testing::sample("single_face.mp4");
  const std::vector<Row> second = extract(video);
  Config online;
  online.online = true;
  const std::vector<Row> live = extract(video, online);
  ASSERT_EQ(live.size(), second.size());
  double difference = 0;
  for (std::size_t i = 60; i < live.size(); ++i) {
    for (std::size_t k = 0; k < kIntensityAus; ++k) {
      difference += std::abs(live[i].intensity[k] - second[i].intensity[k]);
    }
  }
  EXPECT_LT(difference / static_cast<double>((live.size() - 60) * kIntensityAus), .15);
  EXPECT_GT(live[65].intensity[indexOf(12)], 4.f);
}

// What Core ML and CUDA would run: the networks of the mesh as ONNX.
TEST(OpenPackVideo, OnnxRuntimeGivesTheSameRows) {
  Config config;
  config.runtime = "onnxruntime";
  config.device = "cpu";
  config.runtime_strict = true;
  if (Result<Extractor> tried = Extractor::open(testing::sample("single_face.mp4"), config);
      !tried.ok() && tried.error().code == ErrorCode::kUnsupported) {
    GTEST_SKIP() << tried.error().text();
  }
  const std::vector<Row> rows = extract(testing::sample("single_face.mp4"));
  const std::vector<Row> same = extract(testing::sample("single_face.mp4"), config);
  ASSERT_EQ(rows.size(), same.size());
  float landmarks = 0, intensity = 0;
  for (std::size_t i = 0; i < rows.size(); ++i) {
    EXPECT_EQ(rows[i].success, same[i].success) << i;
    EXPECT_EQ(rows[i].presence, same[i].presence) << i;
    for (std::size_t k = 0; k < rows[i].landmarks.size(); ++k) {
      landmarks = std::max({landmarks, std::abs(rows[i].landmarks[k].x - same[i].landmarks[k].x),
                            std::abs(rows[i].landmarks[k].y - same[i].landmarks[k].y)});
    }
    for (std::size_t k = 0; k < kIntensityAus; ++k) {
      intensity = std::max(intensity, std::abs(rows[i].intensity[k] - same[i].intensity[k]));
    }
  }
  std::printf("largest difference: %g px, intensity %g\n", static_cast<double>(landmarks),
              static_cast<double>(intensity));
  EXPECT_LT(landmarks, .05f);
  EXPECT_LT(intensity, .02f);
}

/// The AUs whose agreement docs/accuracy.md calls good, and the head's pose, on both reference
/// videos; floors a little below what was measured.
class OpenPackReference : public ::testing::TestWithParam<const char*> {};

TEST_P(OpenPackReference, FollowsOpenFace) {
  const std::string name = GetParam();
  const std::string file = name + (name == "default" ? ".wmv" : ".mp4");
  FRONTALIS_NEEDS_SHARED("reference/openface-2.2.0-clnf/" + name + "/" + file);
  const testing::CsvTable reference = testing::referenceCsv(name);
  const std::vector<Row> rows = extract(testing::referenceDir(name) / file);
  ASSERT_EQ(rows.size(), reference.rows.size());

  const auto theirs = [&](const std::string& column) {
    std::vector<double> values;
    for (const auto& row : reference.rows) values.push_back(row[reference.columns.at(column)]);
    return values;
  };
  const auto ours = [&](auto get) {
    std::vector<double> values;
    for (const Row& row : rows) values.push_back(get(row));
    return values;
  };
  const auto au = [&](int number) {
    return ours([&](const Row& row) { return row.intensity[indexOf(number)]; });
  };
  EXPECT_GT(testing::correlation(au(6), theirs("AU06_r")), .95);
  EXPECT_GT(testing::correlation(au(12), theirs("AU12_r")), .9);
  EXPECT_GT(testing::correlation(au(25), theirs("AU25_r")), .9);
  EXPECT_GT(testing::correlation(au(26), theirs("AU26_r")), .7);
  EXPECT_GT(testing::correlation(au(45), theirs("AU45_r")), .7);

  const auto pose = [&](float HeadPose::*value) {
    return ours([&](const Row& row) { return row.pose.*value; });
  };
  EXPECT_GT(testing::correlation(pose(&HeadPose::tx), theirs("pose_Tx")), .98);
  EXPECT_GT(testing::correlation(pose(&HeadPose::ty), theirs("pose_Ty")), .98);
  const std::vector<double> distance = theirs("pose_Tz");
  const std::vector<double> pitch = theirs("pose_Rx");
  const std::vector<double> yaw = theirs("pose_Ry");
  const std::vector<double> roll = theirs("pose_Rz");
  for (std::size_t i = 0; i < rows.size(); ++i) {
    EXPECT_NEAR(rows[i].pose.tz / distance[i], 1, .06) << i;
    EXPECT_NEAR(rows[i].pose.rx, pitch[i], .2) << i;
    EXPECT_NEAR(rows[i].pose.ry, yaw[i], .12) << i;
    EXPECT_NEAR(rows[i].pose.rz, roll[i], .07) << i;
  }
}

INSTANTIATE_TEST_SUITE_P(Videos, OpenPackReference, ::testing::Values("single_face", "default"),
                         [](const auto& video) { return std::string(video.param); });

}  // namespace
}  // namespace frontalis
