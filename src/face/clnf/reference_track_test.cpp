// Parts, validator, hypotheses and the whole video against the reference dumps of OpenFace 2.2.0.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <memory>

#include "face/clnf/clnf_tracker.h"
#include "support/gray_video.h"
#include "support/pgm.h"
#include "support/reference.h"

namespace frontalis {
namespace {

using nlohmann::json;

std::shared_ptr<const ClnfModel> clnfModel() {
  static const std::shared_ptr<const ClnfModel> model = [] {
    Result<std::shared_ptr<const ClnfModel>> loaded =
        ClnfModel::load(testing::landmarkModelDir() / "main_clnf_general.txt");
    if (!loaded.ok()) throw std::runtime_error(loaded.error().text());
    return std::move(loaded).value();
  }();
  return model;
}

ShapeParams params(const json& j) {
  const std::vector<float> g = j.at("params_global");
  const std::vector<float> p = j.at("params_local");
  ShapeParams result;
  result.global = {g[0], g[1], g[2], g[3], g[4], g[5]};
  result.local = Eigen::Map<const Eigen::VectorXf>(p.data(), static_cast<Eigen::Index>(p.size()));
  return result;
}

/// Mean and largest distance between corresponding points, px.
struct Distance {
  double mean = 0;
  double largest = 0;
};
Distance distance(const Eigen::VectorXf& ours, const std::vector<float>& theirs) {
  const Eigen::Index n = ours.size() / 2;
  Distance d;
  for (Eigen::Index i = 0; i < n; ++i) {
    const double one = std::hypot(ours[i] - theirs[i], ours[n + i] - theirs[n + i]);
    d.mean += one / static_cast<double>(n);
    d.largest = std::max(d.largest, one);
  }
  return d;
}

class ReferenceTrack : public ::testing::Test {
 protected:
  void SetUp() override {
    if (!std::filesystem::exists(testing::landmarkModelDir()) ||
        !std::filesystem::exists(testing::referenceDir("single_face"))) {
      GTEST_SKIP() << "needs ../shared/models and ../shared/reference";
    }
    dir_ = testing::referenceDir("single_face");
  }
  std::filesystem::path dir_;
};

TEST_F(ReferenceTrack, Validator) {
  for (const int frame : {1, 30}) {
    const testing::GrayPicture picture =
        testing::readPgm(dir_ / (frame == 1 ? "gray_frame01.pgm.gz" : "gray_frame30.pgm.gz"));
    const json dump =
        testing::gunzipJson(dir_ / ("clnf_frame" + std::to_string(frame) + ".json.gz"));
    const std::vector<json> records =
        frame == 1 ? dump.at("hypotheses").get<std::vector<json>>() : std::vector<json>{dump};
    double worst_output = 0;
    for (const json& record : records) {
      if (!record.contains("validator") || !record.at("validator").contains("cnn_output")) continue;
      WholeGrayImage image(picture.pixels.data(), picture.width, picture.width, picture.height);
      GrayWindow gray(image);
      const json& merged = record.at("merged");
      const ShapeParams state = params(merged);
      LandmarkFit fit(clnfModel()->face);
      const Eigen::VectorXf shape = fit.shape(state);
      Validation validation(*clnfModel()->validator);
      const GlobalParams& g = state.global;
      const float certainty = validation.certainty(gray, {g.rx, g.ry, g.rz}, shape.data());
      const json& expected = record.at("validator");
      EXPECT_EQ(validation.view(), expected.at("view").get<int>());
      const std::vector<int> roi = expected.at("roi");
      EXPECT_EQ(validation.crop().left, roi[0]);
      EXPECT_EQ(validation.crop().top, roi[1]);
      EXPECT_EQ(validation.crop().right, roi[2]);
      EXPECT_EQ(validation.crop().bottom, roi[3]);
      EXPECT_NEAR(certainty, expected.at("certainty").get<float>(), 1e-6);
      const std::vector<float> output = expected.at("cnn_output");
      ASSERT_EQ(output.size(), validation.output().size());
      double largest = 0;
      for (const float v : output) largest = std::max(largest, std::abs(static_cast<double>(v)));
      for (std::size_t i = 0; i < output.size(); ++i) {
        worst_output =
            std::max(worst_output, std::abs(validation.output()[i] - output[i]) / largest);
      }
      if (expected.contains("warped")) {
        double difference = 0;
        std::size_t i = 0;
        for (const json& row : expected.at("warped")) {
          for (const json& v : row) {
            difference += std::abs(validation.warped()[i++] - v.get<double>()) / 3600;
          }
        }
        EXPECT_LT(difference, 0.1);
      }
    }
    std::printf("frame %d: network outputs within %.1e\n", frame, worst_output);
    EXPECT_LT(worst_output, 1e-3);
  }
}

TEST_F(ReferenceTrack, OneFrameFromTheStateBefore) {
  const testing::GrayPicture picture = testing::readPgm(dir_ / "gray_frame30.pgm.gz");
  const json dump = testing::gunzipJson(dir_ / "clnf_frame30.json.gz");
  WholeGrayImage image(picture.pixels.data(), picture.width, picture.width, picture.height);
  GrayWindow gray(image);
  ClnfTracker tracker(clnfModel());
  tracker.setState(params(dump.at("initial")));
  const std::vector<int> windows = dump.at("windows");
  EXPECT_TRUE(tracker.fitFrame(gray, windows));
  const ClnfState& state = tracker.state();
  EXPECT_NEAR(state.certainty, dump.at("final").at("certainty").get<float>(), 1e-6);
  EXPECT_NEAR(state.likelihood, dump.at("final").at("model_likelihood").get<float>(), 1e-3);
  EXPECT_EQ(state.view, dump.at("final").at("view_used").get<int>());
  const Distance d = distance(state.landmarks, dump.at("final").at("landmarks"));
  std::printf("frame 30: mean %.4f px, largest %.4f px\n", d.mean, d.largest);
  EXPECT_LT(d.mean, 0.01);
  for (const char* name : {"inner", "left_eye_28", "right_eye_28"}) {
    const Distance part =
        distance(state.parts[static_cast<std::size_t>(tracker.part(name))].landmarks,
                 dump.at("parts").at(name).at("fit").at("landmarks"));
    std::printf("  %s: mean %.4f px\n", name, part.mean);
    EXPECT_LT(part.mean, 0.02) << name;
  }
}

TEST_F(ReferenceTrack, AllHypothesesOfTheFirstFrame) {
  const testing::GrayPicture picture = testing::readPgm(dir_ / "gray_frame01.pgm.gz");
  const json dump = testing::gunzipJson(dir_ / "clnf_frame1.json.gz");
  WholeGrayImage image(picture.pixels.data(), picture.width, picture.width, picture.height);
  GrayWindow gray(image);
  ClnfTracker tracker(clnfModel());
  for (const json& record : dump.at("hypotheses")) {
    tracker.setState(params(record.at("initial")));
    tracker.fitFrame(gray, std::vector<int>(record.at("windows")));
    const Distance d = distance(tracker.state().landmarks, record.at("result").at("landmarks"));
    std::printf("hypothesis %d: mean %.4f px, likelihood %.5f (%.5f), certainty %.4f (%.4f)\n",
                record.at("index").get<int>(), d.mean,
                static_cast<double>(tracker.state().likelihood),
                record.at("result").at("likelihood").get<double>(),
                static_cast<double>(tracker.state().certainty),
                record.at("result").at("certainty").get<double>());
    EXPECT_LT(d.mean, 0.1);
    EXPECT_NEAR(tracker.state().likelihood, record.at("result").at("likelihood").get<float>(),
                0.01);
  }
}

// Boxes that end in a wrong place with full certainty (spec clnf 4.3) do not when starts are
// guarded.
TEST_F(ReferenceTrack, AWrongFirstBoxIsCaught) {
  const testing::GrayPicture picture = testing::readPgm(dir_ / "gray_frame01.pgm.gz");
  const json dump = testing::gunzipJson(dir_ / "clnf_frame1.json.gz");
  const std::vector<float> right = dump.at("detector").at("box_xywh");
  const std::vector<float> landmarks = dump.at("final").at("landmarks");
  WholeGrayImage image(picture.pixels.data(), picture.width, picture.width, picture.height);
  ClnfTracker guarded(clnfModel());
  ClnfTracker plain(clnfModel(), {.guard_start = false});
  int wrong = 0;
  for (const auto& [dx, dy, size] : {std::array{0.f, 0.f, 1.f},
                                     {0.f, 0.2f, 1.f},
                                     {0.1f, 0.1f, 0.8f},
                                     {-0.1f, -0.1f, 1.2f},
                                     {0.2f, 0.2f, 1.f},
                                     {-0.25f, 0.f, 0.8f},
                                     {0.f, -0.25f, 1.f},
                                     {0.f, 0.25f, 1.25f}}) {
    const float width = right[2] * size;
    const float height = right[3] * size;
    const Box box{right[0] + right[2] * dx + (right[2] - width) / 2,
                  right[1] + right[3] * dy + (right[3] - height) / 2, width, height};
    GrayWindow gray(image);
    plain.reset();
    plain.fitFromBox(gray, box);
    const double unguarded = distance(plain.state().landmarks, landmarks).mean;
    wrong += unguarded > 4 ? 1 : 0;
    guarded.reset();
    guarded.fitFromBox(gray, box);
    const double ours = distance(guarded.state().landmarks, landmarks).mean;
    std::printf("box off by (%.2f, %.2f) x %.2f: %.2f px, guarded %.2f px\n",
                static_cast<double>(dx), static_cast<double>(dy), static_cast<double>(size),
                unguarded, ours);
    EXPECT_LT(ours, 3);
    EXPECT_GT(guarded.state().likelihood, 0.6f);
  }
  EXPECT_GE(wrong, 2);
}

TEST_F(ReferenceTrack, WholeVideoFromTheFirstBox) {
  const json stages = testing::gunzipJson(dir_ / "stages.json.gz");
  const std::vector<testing::GrayPicture> pictures = testing::decodeGray(dir_ / "single_face.mp4");
  ASSERT_EQ(pictures.size(), 72u);
  EXPECT_EQ(pictures[0].pixels, testing::readPgm(dir_ / "gray_frame01.pgm.gz").pixels);
  EXPECT_EQ(pictures[29].pixels, testing::readPgm(dir_ / "gray_frame30.pgm.gz").pixels);
  ClnfTracker tracker(clnfModel());
  int detections = 0;
  std::vector<double> means;
  double worst_eye = 0, worst_likelihood = 0, worst_point = 0, worst_local = 0;
  for (std::size_t f = 0; f < pictures.size(); ++f) {
    const json& expected = stages.at("frames").at(f);
    const testing::GrayPicture& picture = pictures[f];
    WholeGrayImage image(picture.pixels.data(), picture.width, picture.width, picture.height);
    const Result<bool> success = tracker.track(image, [&]() -> Result<std::optional<Box>> {
      ++detections;
      const std::vector<float> b = expected.at("detector").at("box_xywh");
      return std::optional<Box>(Box{b[0], b[1], b[2], b[3]});
    });
    ASSERT_TRUE(success.ok());
    EXPECT_EQ(*success, expected.at("returned").get<int>() != 0) << f + 1;
    const ClnfState& state = tracker.state();
    EXPECT_EQ(state.success, expected.at("detection_success").get<int>() != 0) << f + 1;
    EXPECT_NEAR(state.certainty, expected.at("certainty").get<float>(), 1e-6) << f + 1;
    // In the first frame the dump holds the view of the last hypothesis tried, not of the best.
    if (f > 0) {
      EXPECT_EQ(state.view, expected.at("view_used").get<int>()) << f + 1;
    }
    const Distance d = distance(state.landmarks, expected.at("landmarks"));
    means.push_back(d.mean);
    worst_point = std::max(worst_point, d.largest);
    EXPECT_LT(d.mean, 0.05) << f + 1;
    worst_likelihood = std::max(
        worst_likelihood, static_cast<double>(std::abs(
                              state.likelihood - expected.at("model_likelihood").get<float>())));
    const ShapeParams theirs = params(expected);
    worst_local =
        std::max(worst_local,
                 static_cast<double>((theirs.local - state.params.local).cwiseAbs().maxCoeff()));
    for (const char* eye : {"left_eye_28", "right_eye_28"}) {
      const Distance part =
          distance(state.parts[static_cast<std::size_t>(tracker.part(eye))].landmarks,
                   expected.at("parts").at(eye).at("landmarks"));
      worst_eye = std::max(worst_eye, part.largest);
    }
  }
  EXPECT_EQ(detections, 1);
  std::vector<double> sorted = means;
  std::sort(sorted.begin(), sorted.end());
  std::printf(
      "72 frames: mean distance %.4f px in frame 1, median %.4f, worst %.4f; worst point "
      "%.3f px, eye point %.3f px, likelihood %.4f, local parameter %.3f\n",
      means[0], sorted[36], sorted.back(), worst_point, worst_eye, worst_likelihood, worst_local);
  EXPECT_LT(worst_eye, 0.3);
  EXPECT_LT(worst_likelihood, 0.005);
}

}  // namespace
}  // namespace frontalis
