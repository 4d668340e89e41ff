#include "au/openface_aus.h"

#include <gtest/gtest.h>

#include <cmath>
#include <cstring>
#include <random>

#include "shape/pdm.h"
#include "support/reference.h"
#include "support/synthetic_au_models.h"

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

std::shared_ptr<const AuPredictor> synthetic(bool dynamic) {
  std::vector<AuPredictor::Named> named;
  for (const auto& [au, model] : testing::syntheticAuModels(11, dynamic)) {
    named.push_back({model, {au}});
  }
  return std::make_shared<const AuPredictor>(AuPredictor::create(named).value());
}

std::vector<Descriptor> randomVideo(unsigned seed, int frames) {
  std::mt19937 random(seed);
  std::uniform_real_distribution<float> unit(0.f, 1.f);
  std::vector<Descriptor> out(static_cast<std::size_t>(frames));
  for (Descriptor& d : out) {
    for (float& v : d.fhog) v = 0.3f * unit(random);
    for (double& v : d.geometry) v = 30 * (unit(random) - 0.5);
  }
  return out;
}

TEST(OpenFaceAus, VideoAfterVideoIsLikeTheFirst) {
  const std::vector<Descriptor> video = randomVideo(1, 30);
  OpenFaceAus aus(synthetic(true), AuMode::kVideo);
  const auto run = [&] {
    for (std::size_t i = 0; i < video.size(); ++i) aus.process(video[i].view(), i % 7 != 3);
    return aus.finish();
  };
  const FinalAus first = run();
  for (const Descriptor& d : randomVideo(2, 9)) aus.process(d.view(), true);
  aus.reset();
  const FinalAus second = run();
  ASSERT_EQ(first.frames(), 30);
  ASSERT_EQ(second.frames(), 30);
  for (int f = 0; f < 30; ++f) {
    EXPECT_EQ(first.row(f).intensity, second.row(f).intensity);
    EXPECT_EQ(first.row(f).presence, second.row(f).presence);
  }
}

TEST(OpenFaceAus, FailedFramesAreZeroAndNotLookedAt) {
  const std::vector<Descriptor> video = randomVideo(1, 5);
  OpenFaceAus aus(synthetic(true), AuMode::kVideo);
  const OpenFaceAuRow row = aus.process(video[0].view(), false);
  EXPECT_EQ(row.intensity, OpenFaceAuRow{}.intensity);
  EXPECT_EQ(row.presence, OpenFaceAuRow{}.presence);
  EXPECT_EQ(aus.neutral()->count(), 0);
}

TEST(OpenFaceAus, ImagesAreIndependent) {
  const std::vector<Descriptor> pictures = randomVideo(4, 6);
  OpenFaceAus aus(synthetic(false), AuMode::kImages);
  EXPECT_EQ(aus.neutral(), nullptr);
  std::vector<OpenFaceAuRow> rows;
  for (const Descriptor& d : pictures) rows.push_back(aus.process(d.view(), true));
  for (std::size_t i = pictures.size(); i-- > 0;) {
    EXPECT_EQ(aus.process(pictures[i].view(), true).intensity, rows[i].intensity);
  }
  EXPECT_EQ(aus.finish().frames(), 0);
}

TEST(OpenFaceAus, StreamIsCorrectedAsItGoes) {
  const std::vector<Descriptor> video = randomVideo(5, 40);
  OpenFaceAus aus(synthetic(true), AuMode::kStream);
  OnlineCorrection plain;
  for (const Descriptor& d : video) {
    const OpenFaceAuRow row = aus.process(d.view(), true);
    EXPECT_EQ(row.intensity, plain.correct(aus.scores().intensity));
  }
  EXPECT_EQ(aus.finish().frames(), 0);
}

// The reference video from OpenFace's own FHOG file and shape parameters.
class OpenFaceAusReference : public ::testing::Test {
 protected:
  void SetUp() override {
    FRONTALIS_NEEDS_SHARED("reference/openface-2.2.0-clnf/single_face/stages.json.gz");
    FRONTALIS_NEEDS_SHARED("models/OpenFaceModels");
    const auto folder = testing::referenceDir("single_face");
    stages_ = testing::gunzipJson(folder / "stages.json.gz");
    csv_ = testing::referenceCsv("single_face");
    const std::string hog = testing::gunzip(folder / "single_face.hog.gz");
    Result<AuModelList> list =
        readAuModelList(testing::auPredictorsDir() / "main_dynamic_svms.txt");
    ASSERT_TRUE(list.ok()) << list.error().text();
    Result<AuPredictor> predictor = AuPredictor::read(*list);
    ASSERT_TRUE(predictor.ok()) << predictor.error().text();
    predictor_ = std::make_shared<const AuPredictor>(std::move(predictor).value());
    const Pdm pdm = Pdm::read(list->pdm).value();

    constexpr std::size_t kHeader = 16;
    constexpr std::size_t kFrameBytes = kHeader + kFhogSize * sizeof(float);
    const auto& frames = stages_["frames"];
    ASSERT_EQ(hog.size(), frames.size() * kFrameBytes);
    for (std::size_t i = 0; i < frames.size(); ++i) {
      Descriptor d;
      std::memcpy(d.fhog.data(), hog.data() + i * kFrameBytes + kHeader, kFhogSize * sizeof(float));
      const auto local = frames[i]["au_calcparams_local"].get<std::vector<double>>();
      const Eigen::Map<const Eigen::VectorXd> p(local.data(),
                                                static_cast<Eigen::Index>(local.size()));
      const Eigen::VectorXd modes = pdm.basis().cast<double>() * p;
      std::copy(modes.begin(), modes.end(), d.geometry.begin());
      std::copy(local.begin(), local.end(), d.geometry.begin() + modes.size());
      frames_.push_back(std::move(d));
    }
  }

  static std::string auName(int au) { return (au < 10 ? "AU0" : "AU") + std::to_string(au); }

  nlohmann::json stages_;
  testing::CsvTable csv_;
  std::shared_ptr<const AuPredictor> predictor_;
  std::vector<Descriptor> frames_;
};

TEST_F(OpenFaceAusReference, MediansAndRawPredictions) {
  OpenFaceAus aus(predictor_, AuMode::kVideo);
  int medians = 0;
  double worst = 0;
  for (std::size_t i = 0; i < frames_.size(); ++i) {
    const auto& stage = stages_["frames"][i];
    const OpenFaceAuRow row = aus.process(frames_[i].view(), stage["returned"].get<int>() != 0);
    if (stage.contains("geometry")) {
      const auto expected = stage["geometry"].get<std::vector<double>>();
      for (std::size_t j = 0; j < kGeometrySize; ++j) {
        ASSERT_NEAR(frames_[i].geometry[j], expected[j], 1e-4);
      }
    }
    if (stage.contains("hog_median")) {
      ++medians;
      EXPECT_EQ(aus.neutral()->count(), stage["median_count"].get<int>());
      const std::vector<float> fhog = testing::decodeFloats(stage["hog_median"]);
      const std::vector<float> geometry = testing::decodeFloats(stage["geometry_median"]);
      for (std::size_t j = 0; j < kFeatures; ++j) {
        const float expected = j < kFhogSize ? fhog[j] : geometry[j - kFhogSize];
        // Exact; the first, unbinned geometry carries the rounding of its own computation.
        const double tolerance = i == 0 && j >= kFhogSize ? 1e-4 : 1e-5;
        ASSERT_NEAR(aus.neutral()->median()[j], expected, tolerance)
            << "frame " << i + 1 << " dimension " << j;
      }
    }
    for (std::size_t a = 0; a < kIntensityAus; ++a) {
      const double expected = stage["regression_raw"][auName(kIntensityAuNumbers[a])];
      worst = std::max(worst, std::abs(aus.scores().intensity[a] - expected));
    }
    for (std::size_t a = 0; a < kPresenceAus; ++a) {
      const std::string name = auName(kPresenceAuNumbers[a]);
      const double expected = stage["svm_decision"][name];
      worst = std::max(worst, std::abs(aus.scores().decision[a] - expected));
      EXPECT_EQ(row.presence[a], stage["svm_class"][name].get<int>() != 0);
    }
  }
  EXPECT_EQ(medians, 4);
  EXPECT_LT(worst, 1e-6);
}

TEST_F(OpenFaceAusReference, EndOfVideoAndCsv) {
  OpenFaceAus aus(predictor_, AuMode::kVideo);
  for (std::size_t i = 0; i < frames_.size(); ++i) {
    aus.process(frames_[i].view(), csv_.at(i, "success") != 0);
  }
  const FinalAus final_aus = aus.finish();
  ASSERT_EQ(final_aus.frames(), static_cast<std::int64_t>(csv_.rows.size()));
  const auto& intensity = stages_["postprocessing"]["intensity"];
  const auto& presence = stages_["postprocessing"]["presence"];
  for (std::size_t a = 0; a < kIntensityAus; ++a) {
    const std::string name = auName(kIntensityAuNumbers[a]);
    EXPECT_NEAR(final_aus.offsets()[a], intensity[name]["offset"].get<double>(), 1e-5) << name;
    for (std::size_t i = 0; i < frames_.size(); ++i) {
      const auto frame = static_cast<std::int64_t>(i);
      ASSERT_NEAR(final_aus.unsmoothed(frame)[a],
                  intensity[name]["clamped_before_smoothing"][i].get<double>(), 1e-5)
          << name;
      // The CSV has two decimals.
      ASSERT_NEAR(final_aus.row(frame).intensity[a], csv_.at(i, name + "_r"), 0.005 + 1e-5)
          << name << " frame " << i + 1;
    }
  }
  for (std::size_t a = 0; a < kPresenceAus; ++a) {
    const std::string name = auName(kPresenceAuNumbers[a]);
    for (std::size_t i = 0; i < frames_.size(); ++i) {
      const auto frame = static_cast<std::int64_t>(i);
      ASSERT_EQ((final_aus.unvoted(frame) >> a & 1u) != 0,
                presence[name]["repredicted"][i].get<int>() != 0)
          << name;
      ASSERT_EQ(final_aus.row(frame).presence[a], csv_.at(i, name + "_c") != 0)
          << name << " frame " << i + 1;
    }
  }
}

}  // namespace
}  // namespace frontalis
