// A lab's own pack on a fresh machine: linear models that the test writes, the free face model, a
// real video. Every value of every row is computed again from the descriptors, by the plain
// formulas.

#include <gtest/gtest.h>

#include <algorithm>

#include "frontalis/extractor.h"
#include "output/extract_file.h"
#include "support/own_pack.h"
#include "support/paths.h"

namespace frontalis {
namespace {

namespace fs = std::filesystem;

struct Seen {
  bool success = false;
  std::vector<double> features;  // FHOG, then geometry
};

class OwnPackTest : public ::testing::Test {
 protected:
  void SetUp() override {
    folder_ = fs::path(::testing::TempDir()) / "own_pack";
    models_ = testing::syntheticAuModels(7, false);
    testing::writeOwnPack(folder_, models_, FRONTALIS_DATA_DIR);
  }
  void TearDown() override { fs::remove_all(folder_); }

  [[nodiscard]] static double predict(const LinearModel& model, const Seen& seen) {
    double y = model.bias;
    for (std::size_t k = 0; k < model.weights.size(); ++k) {
      y += (seen.features[k] - model.means[k]) * model.weights[k];
    }
    return y;
  }

  fs::path folder_;
  std::vector<testing::SyntheticAuModel> models_;
};

TEST_F(OwnPackTest, RowsAreThePlainFormulasOfTheDescriptors) {
  Config config;
  config.pack = folder_.string() + "/";
  config.landmarks = "mesh68";
  auto extractor = Extractor::open(testing::sample("face_noface.mov"), config);
  ASSERT_TRUE(extractor.ok()) << extractor.error().text();
  ASSERT_TRUE(extractor->hasAppearance());
  std::vector<Seen> seen;
  extractor->onAppearance([&](const Appearance& appearance) -> Status {
    Seen frame{appearance.success, {appearance.fhog.begin(), appearance.fhog.end()}};
    frame.features.insert(frame.features.end(), appearance.geometry.begin(),
                          appearance.geometry.end());
    seen.push_back(std::move(frame));
    return {};
  });
  std::vector<Row> rows;
  while (true) {
    const auto row = extractor->next();
    ASSERT_TRUE(row.ok()) << row.error().text();
    if (!*row) break;
    rows.push_back(**row);
  }
  ASSERT_EQ(rows.size(), seen.size());
  ASSERT_GT(rows.size(), 100u);
  EXPECT_TRUE(seen.front().success);
  EXPECT_FALSE(seen.back().success);

  for (const auto& [number, model] : models_) {
    // Static models have no offset: clamp, then the mean of three frames; votes of seven.
    std::vector<double> values;
    for (const Seen& frame : seen) {
      const double y = frame.success ? predict(model, frame) : 0;
      if (!model.presence) {
        values.push_back(frame.success ? std::clamp(y, 0.0, 5.0) : 0);
      } else {
        const bool present = y > 0 ? model.class_above : model.class_below;
        values.push_back(frame.success && present ? 1 : 0);
      }
    }
    const std::size_t reach = model.presence ? 3 : 1;
    const auto& numbers =
        model.presence ? std::vector<int>(kPresenceAuNumbers.begin(), kPresenceAuNumbers.end())
                       : std::vector<int>(kIntensityAuNumbers.begin(), kIntensityAuNumbers.end());
    const auto column = static_cast<std::size_t>(std::find(numbers.begin(), numbers.end(), number) -
                                                 numbers.begin());
    for (std::size_t r = 0; r < rows.size(); ++r) {
      double expected = values[r];
      if (r >= reach && r + reach < rows.size()) {
        expected = 0;
        for (std::size_t k = r - reach; k <= r + reach; ++k) expected += values[k];
        expected /= static_cast<double>(2 * reach + 1);
      }
      if (model.presence) {
        EXPECT_EQ(rows[r].presence[column], expected >= 0.5) << "AU" << number << " row " << r;
      } else {
        EXPECT_NEAR(rows[r].intensity[column], expected, 1e-3) << "AU" << number << " row " << r;
      }
    }
  }
}

TEST_F(OwnPackTest, WhatAPackDoesNotMeasureIsRefused) {
  const fs::path video = testing::sample("single_face.mp4");
  Config config;
  config.pack = folder_.string() + "/";
  config.landmarks = "mesh68";
  ExtractRequest request;
  request.input = video;
  request.output = folder_ / "a.csv";
  request.config = config;
  for (bool Columns::*group : {&Columns::sides, &Columns::blendshapes}) {
    request.wanted = {};
    request.wanted.*group = true;
    const Result<ExtractReport> done = extractToFile(request);
    ASSERT_FALSE(done.ok());
    EXPECT_EQ(done.error().code, ErrorCode::kInvalidArgument) << done.error().text();
  }
  EXPECT_FALSE(fs::exists(folder_ / "a.csv"));
  config.neutral = TimeSpan{0, 1};
  const auto marked = Extractor::open(video, config);
  ASSERT_FALSE(marked.ok());
  EXPECT_EQ(marked.error().code, ErrorCode::kInvalidArgument) << marked.error().text();
}

TEST_F(OwnPackTest, OpenPackDescribesFacesWithTheFreeModel) {
  Config config;
  config.features = true;
  config.aligned_size = 96;
  auto extractor = Extractor::open(testing::sample("single_face.mp4"), config);
  ASSERT_TRUE(extractor.ok()) << extractor.error().text();
  int frames = 0;
  extractor->onAppearance([&](const Appearance& appearance) -> Status {
    ++frames;
    EXPECT_TRUE(appearance.success);
    EXPECT_EQ(appearance.aligned.size(), 96u * 96 * 3);
    EXPECT_EQ(appearance.fhog.size(), 4464u);
    EXPECT_EQ(appearance.geometry.size(), 238u);
    EXPECT_GT(appearance.shape.scale, 0.5f);
    // The middle of the picture is skin, the corners are masked.
    EXPECT_GT(appearance.aligned[3 * (48 * 96 + 48)], 30);
    EXPECT_EQ(appearance.aligned[0], 0);
    return {};
  });
  ASSERT_TRUE(extractor->next().ok());
  EXPECT_EQ(frames, 72);
}

}  // namespace
}  // namespace frontalis
