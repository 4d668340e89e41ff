// The openface pack from video to rows, against what OpenFace 2.2.0 wrote for the same videos.

#include <gtest/gtest.h>

#include <cmath>
#include <fstream>
#include <iomanip>

#include "frontalis/extractor.h"
#include "support/environment.h"
#include "support/paths.h"
#include "support/reference.h"

namespace frontalis {
namespace {

namespace fs = std::filesystem;

const std::vector<std::pair<std::string, std::string>> kVideos = {
    {"single_face", "single_face.mp4"},
    {"default", "default.wmv"},
    {"face_noface", "face_noface.mov"}};

struct Agreement {
  double mean_r = 0;           ///< over intensities whose reference deviates by more than 0.1
  double mean_difference = 0;  ///< over all intensities
  double presence = 0;         ///< share of equal AUxx_c
  double success = 0;          ///< share of equal success
  std::vector<double> landmark_distances;  ///< px, mean per frame with success in both
  std::vector<double> gaze_differences;    ///< rad
};

class OpenFacePackTest : public ::testing::Test {
 protected:
  void SetUp() override {
    FRONTALIS_NEEDS_SHARED("reference/openface-2.2.0-clnf");
    FRONTALIS_NEEDS_SHARED("models/OpenFaceModels");
    folder_ = fs::path(::testing::TempDir()) / "openface_pack";
    fs::create_directories(folder_);
  }

  std::vector<Row> extract(const fs::path& video, const std::string& landmarks,
                           bool static_models = false) {
    Config config;
    config.pack = "openface";
    config.landmarks = landmarks;
    config.static_models = static_models;
    std::vector<Row> rows;
    auto extractor = Extractor::open(video, config);
    EXPECT_TRUE(extractor.ok()) << extractor.error().text();
    while (extractor.ok()) {
      auto row = extractor->next();
      EXPECT_TRUE(row.ok());
      if (!row.ok() || !*row) break;
      rows.push_back(**row);
    }
    return rows;
  }

  /// The reference's CSV as a file.
  fs::path referenceFile(const std::string& name) const {
    const fs::path path = folder_ / (name + ".csv");
    std::ofstream(path) << testing::gunzip(testing::referenceDir(name) / (name + ".csv.gz"));
    return path;
  }

  static Agreement compare(const std::vector<Row>& rows, const testing::CsvTable& reference) {
    Agreement agreement;
    EXPECT_EQ(rows.size(), reference.rows.size());
    const std::size_t n = std::min(rows.size(), reference.rows.size());
    int correlated = 0;
    for (std::size_t au = 0; au < kIntensityAus; ++au) {
      std::vector<double> ours;
      std::vector<double> theirs;
      for (std::size_t r = 0; r < n; ++r) {
        ours.push_back(rows[r].intensity[au]);
        theirs.push_back(reference.at(r, column(kIntensityAuNumbers[au], "_r")));
        agreement.mean_difference += std::abs(ours.back() - theirs.back());
      }
      if (deviation(theirs) > 0.1) {
        agreement.mean_r += testing::correlation(ours, theirs);
        ++correlated;
      }
    }
    agreement.mean_r /= correlated;
    agreement.mean_difference /= static_cast<double>(n * kIntensityAus);
    for (std::size_t r = 0; r < n; ++r) {
      for (std::size_t au = 0; au < kPresenceAus; ++au) {
        agreement.presence +=
            rows[r].presence[au] == (reference.at(r, column(kPresenceAuNumbers[au], "_c")) != 0);
      }
      const bool success = reference.at(r, "success") != 0;
      agreement.success += rows[r].success == success;
      if (!rows[r].success || !success) continue;
      double distance = 0;
      for (std::size_t i = 0; i < kLandmarks; ++i) {
        const std::string k = std::to_string(i);
        distance += std::hypot(rows[r].landmarks[i].x - reference.at(r, "x_" + k),
                               rows[r].landmarks[i].y - reference.at(r, "y_" + k));
      }
      agreement.landmark_distances.push_back(distance / kLandmarks);
      agreement.gaze_differences.push_back(
          std::max(std::abs(rows[r].gaze.angle_x - reference.at(r, "gaze_angle_x")),
                   std::abs(rows[r].gaze.angle_y - reference.at(r, "gaze_angle_y"))));
    }
    agreement.presence /= static_cast<double>(n * kPresenceAus);
    agreement.success /= static_cast<double>(n);
    return agreement;
  }

  static double quantile(std::vector<double> values, double q) {
    std::sort(values.begin(), values.end());
    return values[static_cast<std::size_t>(q * static_cast<double>(values.size() - 1))];
  }

  testing::ScopedVariable models_{"OPENFACE_MODELS_DIR",
                                  (testing::sharedDir() / "models" / "OpenFaceModels").string()};
  fs::path folder_;

 private:
  static std::string column(int au, const char* suffix) {
    return (au < 10 ? "AU0" : "AU") + std::to_string(au) + suffix;
  }
  static double deviation(const std::vector<double>& values) {
    double mean = 0;
    for (const double v : values) mean += v / static_cast<double>(values.size());
    double sum = 0;
    for (const double v : values)
      sum += (v - mean) * (v - mean) / static_cast<double>(values.size());
    return std::sqrt(sum);
  }
};

TEST_F(OpenFacePackTest, FullPrecisionLandmarksGiveOpenFacesOwnRows) {
  const auto stages = testing::gunzipJson(testing::referenceDir("single_face") / "stages.json.gz");
  const fs::path csv = folder_ / "full.csv";
  {
    std::ofstream out(csv);
    out << "frame,success";
    for (const char* axis : {"x_", "y_"}) {
      for (std::size_t i = 0; i < kLandmarks; ++i) out << ',' << axis << i;
    }
    out << std::setprecision(9);
    for (const auto& frame : stages["frames"]) {
      out << '\n' << frame["frame"] << ",1";
      for (const auto& v : frame["landmarks"]) out << ',' << v.get<double>();
    }
  }
  const Agreement a =
      compare(extract(testing::referenceDir("single_face") / "single_face.mp4", csv.string()),
              testing::referenceCsv("single_face"));
  EXPECT_GT(a.mean_r, 0.9999);
  EXPECT_LT(a.mean_difference, 0.0026);  // what printing two decimals costs
  EXPECT_EQ(a.presence, 1);
}

TEST_F(OpenFacePackTest, LandmarksRoundedToATenthOfAPixel) {
  double presence = 0;
  double frames = 0;
  for (const auto& [name, file] : kVideos) {
    const auto rows = extract(testing::referenceDir(name) / file, referenceFile(name).string());
    const Agreement a = compare(rows, testing::referenceCsv(name));
    EXPECT_GE(a.mean_r, 0.997) << name;
    EXPECT_LE(a.mean_difference, 0.012) << name;
    EXPECT_GE(a.presence, 0.99) << name;
    EXPECT_EQ(a.success, 1) << name;
    presence += a.presence * static_cast<double>(rows.size());
    frames += static_cast<double>(rows.size());
  }
  EXPECT_GE(presence / frames, 0.993);
}

TEST_F(OpenFacePackTest, OwnLandmarksFromDetectionToActionUnits) {
  for (const auto& [name, file] : kVideos) {
    const Agreement a =
        compare(extract(testing::referenceDir(name) / file, "clnf"), testing::referenceCsv(name));
    EXPECT_LT(quantile(a.landmark_distances, 0.5), 0.3) << name;
    if (name == "face_noface") {
      // After the face has gone OpenFace's tracker by chance "finds" one in a few frames, and so
      // does ours, in others; only the share of such frames can agree.
      EXPECT_GE(a.success, 0.95);
      continue;
    }
    EXPECT_LT(quantile(a.landmark_distances, 0.95), 1.0) << name;
    EXPECT_LT(quantile(a.gaze_differences, 0.5), 0.02) << name;
    EXPECT_EQ(a.success, 1) << name;
    EXPECT_GE(a.mean_r, 0.99) << name;
    EXPECT_LT(a.mean_difference, 0.1) << name;
    EXPECT_GE(a.presence, 0.985) << name;
  }
}

TEST_F(OpenFacePackTest, StaticModelsNeedNoNeutral) {
  const auto rows = extract(testing::referenceDir("single_face") / "single_face.mp4",
                            referenceFile("single_face").string(), true);
  ASSERT_EQ(rows.size(), 72u);
  double smile = 0;
  for (std::size_t r = 40; r < 70; ++r) smile += rows[r].intensity[8] / 30;
  EXPECT_GT(smile, 2);
}

}  // namespace
}  // namespace frontalis
