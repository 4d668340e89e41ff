// The tracking rules (spec clnf 5, 10, 12) on made-up models: when the detector is asked, what is
// kept and what is forgotten. Without a validator a fit counts as good while it is large enough.
#include <gtest/gtest.h>

#include <cmath>
#include <string>
#include <thread>

#include "face/clnf/clnf_tracker.h"
#include "support/allocations.h"
#include "support/clnf_files.h"
#include "support/media.h"
#include "support/synthetic_pdm.h"
#include "util/file.h"

namespace frontalis {
namespace {

constexpr int kWidth = 320;
constexpr int kHeight = 240;
const Box kLargeBox{90, 50, 150, 140};  // about 1 px per mm
const Box kTinyBox{90, 50, 20, 20};     // far below 0.25 px per mm

std::vector<std::uint8_t> picture(unsigned seed) {
  testing::Noise noise(seed);
  std::vector<float> coarse = noise.many(41 * 31, 0, 255);
  std::vector<std::uint8_t> pixels;
  for (int y = 0; y < kHeight; ++y) {
    for (int x = 0; x < kWidth; ++x) {
      const int i = y / 8 * 41 + x / 8;
      const float fx = static_cast<float>(x % 8) / 8;
      const float fy = static_cast<float>(y % 8) / 8;
      const float top = coarse[i] * (1 - fx) + coarse[i + 1] * fx;
      const float bottom = coarse[i + 41] * (1 - fx) + coarse[i + 42] * fx;
      pixels.push_back(static_cast<std::uint8_t>(top * (1 - fy) + bottom * fy));
    }
  }
  return pixels;
}

WholeGrayImage image(const std::vector<std::uint8_t>& pixels) {
  return {pixels.data(), kWidth, kWidth, kHeight};
}

class Tracker : public ::testing::Test {
 protected:
  void write(const std::string& name, const std::string& bytes) {
    ASSERT_TRUE(writeFile(folder_.path() / name, bytes).ok());
  }

  /// A face of 68 points at three scales and two eyes.
  std::shared_ptr<const ClnfModel> clnf() {
    write("face.pdm", testing::syntheticPdm(68, 12, 1).text("made"));
    write("eye.pdm", testing::syntheticPdm(28, 4, 2).text("made"));
    testing::SyntheticCcnf face;
    face.views.landmarks = 68;
    face.support = 11;
    face.windows = {7, 9, 11};
    std::string description = "PDM face.pdm\n";
    for (const double scale : {0.25, 0.35, 0.5}) {
      face.scale = scale;
      face.seed += 1;
      const std::string name = "face" + std::to_string(face.seed) + ".ccnf";
      write(name, testing::ccnfBytes(face));
      description += "PatchesCCNF " + name + "\n";
    }
    write("face.txt", description);
    testing::SyntheticCcnf eye;
    eye.views.centers = {{0, 0, 0}};
    eye.views.landmarks = 28;
    eye.support = 11;
    eye.sigmas = 0;
    eye.scale = 1;
    write("eye1.ccnf", testing::ccnfBytes(eye));
    eye.scale = 1.5;
    write("eye2.ccnf", testing::ccnfBytes(eye));
    write("eye.txt", "PDM eye.pdm\nPatchesCCNF eye1.ccnf\nPatchesCCNF eye2.ccnf\n");
    write("main_eye.txt", "LandmarkDetector eye.txt\n");
    write("main_clnf_general.txt",
          "LandmarkDetector face.txt\n"
          "LandmarkDetector_part main_eye.txt left_eye_28 36 8 37 10 38 12 39 14 40 16 41 18 \n"
          "LandmarkDetector_part main_eye.txt right_eye_28 42 8 43 10 44 12 45 14 46 16 47 18\n");
    return load("main_clnf_general.txt");
  }

  /// CEN experts at four scales with an early-termination rule of this cutoff.
  std::shared_ptr<const ClnfModel> ceclm(double cutoff) {
    write("face.pdm", testing::syntheticPdm(68, 12, 1).text("made"));
    testing::SyntheticCen cen;
    cen.landmarks = 68;
    cen.support = 11;
    std::string description = "PDM face.pdm\nEarlyTermination rule.txt\n";
    for (const double scale : {0.25, 0.35, 0.5, 1.0}) {
      cen.scale = scale;
      cen.seed += 1;
      const std::string name = "face" + std::to_string(cen.seed) + ".cen";
      write(name, testing::cenBytes(cen));
      description += "PatchesCEN " + name + "\n";
    }
    write("cen.txt", description);
    const std::string c = " " + std::to_string(cutoff);
    write("rule.txt", "1 1.1 0.9 0 0.2 -0.1" + c + c + c + "\n");
    write("main_ceclm_general.txt", "LandmarkDetector cen.txt\n");
    return load("main_ceclm_general.txt");
  }

  std::shared_ptr<const ClnfModel> load(const std::string& list) {
    Result<std::shared_ptr<const ClnfModel>> model = ClnfModel::load(folder_.path() / list);
    EXPECT_TRUE(model.ok()) << (model.ok() ? "" : model.error().text());
    return model.ok() ? std::move(model).value() : nullptr;
  }

  testing::TempFolder folder_;
};

/// Runs frames until `frames`; returns the numbers (from 1) of those that asked for a detection.
std::vector<int> askedFrames(ClnfTracker& tracker, const std::vector<std::uint8_t>& pixels,
                             int frames, const std::function<std::optional<Box>(int)>& detector,
                             std::vector<bool>* returned = nullptr) {
  std::vector<int> asked;
  for (int f = 1; f <= frames; ++f) {
    WholeGrayImage frame = image(pixels);
    const Result<bool> success = tracker.track(frame, [&]() -> Result<std::optional<Box>> {
      asked.push_back(f);
      return detector(f);
    });
    EXPECT_TRUE(success.ok());
    EXPECT_EQ(tracker.detectorRan(), !asked.empty() && asked.back() == f);
    if (returned != nullptr) returned->push_back(*success);
  }
  return asked;
}

TEST_F(Tracker, SettingsFollowTheListsName) {
  EXPECT_FLOAT_EQ(clnf()->face.settings.sigma, 1.5f);
  EXPECT_FLOAT_EQ(ceclm(0)->face.settings.sigma, 2.25f);
  const std::vector<float> scales = {0.25f, 0.35f, 0.5f, 1};
  EXPECT_NEAR(settingsAtScale(clnfSettings(), scales, 1).regularisation, 17.7186, 1e-4);
  EXPECT_NEAR(settingsAtScale(clnfSettings(), scales, 1).sigma, 1.62136, 1e-5);
  EXPECT_NEAR(settingsAtScale(ceclmSettings(), scales, 2).regularisation, 7.5, 1e-5);
  EXPECT_NEAR(settingsAtScale(ceclmSettings(), scales, 3).regularisation, 7.5, 1e-5);
  EXPECT_NEAR(settingsAtScale(ceclmSettings(), scales, 3).sigma, 2.5, 1e-5);
  EXPECT_EQ(settingsAtScale(*partSettings("inner"), {1}, 0).weight_factor, 2.5f);
  EXPECT_EQ(partSettings("chin"), nullptr);
}

TEST_F(Tracker, ThreadsThatShareAFrameChangeNothing) {
  for (const auto& model : {clnf(), ceclm(0)}) {
    ClnfTracker alone(model);
    ClnfTracker together(model, {.threads = 3});
    for (unsigned seed = 1; seed <= 3; ++seed) {
      const std::vector<std::uint8_t> pixels = picture(seed);
      const auto detector = [](int) { return std::optional<Box>(kLargeBox); };
      EXPECT_EQ(askedFrames(alone, pixels, 2, detector),
                askedFrames(together, pixels, 2, detector));
      EXPECT_EQ(alone.state().landmarks, together.state().landmarks);
      EXPECT_EQ(alone.state().likelihood, together.state().likelihood);
      EXPECT_EQ(alone.state().landmark_likelihoods, together.state().landmark_likelihoods);
    }
  }
}

TEST_F(Tracker, AsksEveryTwelfthFrameUntilAFaceIsFound) {
  ClnfTracker tracker(clnf());
  const std::vector<std::uint8_t> pixels = picture(1);
  std::vector<bool> returned;
  const std::vector<int> asked = askedFrames(
      tracker, pixels, 40, [](int) { return std::optional<Box>(); }, &returned);
  EXPECT_EQ(asked, (std::vector<int>{1, 13, 25, 37}));
  EXPECT_EQ(std::count(returned.begin(), returned.end(), true), 0);
  EXPECT_EQ(tracker.state().landmarks.cwiseAbs().maxCoeff(), 0);
}

TEST_F(Tracker, AsksOnceWhileTheFitHolds) {
  ClnfTracker tracker(clnf());
  std::vector<bool> returned;
  const std::vector<int> asked = askedFrames(
      tracker, picture(1), 15, [](int) { return std::optional<Box>(kLargeBox); }, &returned);
  EXPECT_EQ(asked, std::vector<int>{1});
  EXPECT_EQ(std::count(returned.begin(), returned.end(), true), 15);
  EXPECT_TRUE(tracker.state().success);
  EXPECT_EQ(tracker.state().certainty, 1);
}

// The frame that finds the face counts as successful whatever its fit; after that every second
// frame is a new attempt, and after 100 failures the face is forgotten.
TEST_F(Tracker, LosesAndForgets) {
  ClnfTracker tracker(clnf());
  std::vector<bool> returned;
  const std::vector<int> asked = askedFrames(
      tracker, picture(1), 112, [](int) { return std::optional<Box>(kTinyBox); }, &returned);
  std::vector<int> expected = {1};
  for (int f = 2; f <= 102; f += 2) expected.push_back(f);
  expected.push_back(110);
  expected.push_back(111);  // known again, lost at once
  EXPECT_EQ(asked, expected);
  for (int f = 1; f <= 112; ++f) {
    EXPECT_EQ(returned[static_cast<std::size_t>(f) - 1], f == 1 || f == 110) << f;
  }
  EXPECT_FALSE(tracker.state().success);
}

TEST_F(Tracker, AFailedNewStartIsUndone) {
  const std::shared_ptr<const ClnfModel> model = clnf();
  const std::vector<std::uint8_t> pixels = picture(1);
  ClnfTracker found(model);
  ClnfTracker not_found(model);
  askedFrames(found, pixels, 4, [](int) { return std::optional<Box>(kTinyBox); });
  askedFrames(not_found, pixels, 4,
              [](int f) { return f == 1 ? std::optional<Box>(kTinyBox) : std::nullopt; });
  EXPECT_EQ(found.state().landmarks, not_found.state().landmarks);
  EXPECT_EQ(found.state().params.local, not_found.state().params.local);
  EXPECT_EQ(found.state().likelihood, not_found.state().likelihood);
}

TEST_F(Tracker, AGoodNewStartIsKept) {
  ClnfTracker tracker(clnf());
  std::vector<bool> returned;
  const std::vector<int> asked = askedFrames(
      tracker, picture(1), 8,
      [](int f) { return std::optional<Box>(f < 4 ? kTinyBox : kLargeBox); }, &returned);
  EXPECT_EQ(asked, (std::vector<int>{1, 2, 4}));
  EXPECT_EQ(returned, (std::vector<bool>{true, false, false, true, true, true, true, true}));
}

TEST_F(Tracker, ADetectorsErrorIsPassedOn) {
  ClnfTracker tracker(clnf());
  const std::vector<std::uint8_t> pixels = picture(1);
  WholeGrayImage frame = image(pixels);
  const Result<bool> failed = tracker.track(frame, []() -> Result<std::optional<Box>> {
    return Error{ErrorCode::kInference, "broken"};
  });
  ASSERT_FALSE(failed.ok());
  EXPECT_EQ(failed.error().code, ErrorCode::kInference);
}

TEST_F(Tracker, ResetForgetsTheVideo) {
  const std::shared_ptr<const ClnfModel> model = clnf();
  ClnfTracker fresh(model);
  ClnfTracker used(model);
  askedFrames(used, picture(7), 5, [](int) { return std::optional<Box>(kTinyBox); });
  used.reset();
  EXPECT_FALSE(used.state().success);
  const std::vector<std::uint8_t> pixels = picture(1);
  for (ClnfTracker* tracker : {&fresh, &used}) {
    askedFrames(*tracker, pixels, 3, [](int) { return std::optional<Box>(kLargeBox); });
  }
  EXPECT_EQ(fresh.state().landmarks, used.state().landmarks);
  EXPECT_EQ(fresh.state().parts[0].landmarks, used.state().parts[0].landmarks);
  EXPECT_EQ(fresh.state().likelihood, used.state().likelihood);
}

TEST_F(Tracker, TrackersOnOneModelDoNotDisturbEachOther) {
  const std::shared_ptr<const ClnfModel> model = clnf();
  const std::vector<std::uint8_t> pixels = picture(1);
  const auto run = [&](Eigen::VectorXf& landmarks) {
    ClnfTracker tracker(model);
    askedFrames(tracker, pixels, 3, [](int) { return std::optional<Box>(kLargeBox); });
    landmarks = tracker.state().landmarks;
  };
  Eigen::VectorXf alone, first, second;
  run(alone);
  std::thread a([&] { run(first); });
  std::thread b([&] { run(second); });
  a.join();
  b.join();
  EXPECT_EQ(first, alone);
  EXPECT_EQ(second, alone);
}

TEST_F(Tracker, EyesAreFittedAndFinalLandmarksLieOnTheModel) {
  const std::shared_ptr<const ClnfModel> model = clnf();
  ClnfTracker tracker(model);
  EXPECT_EQ(tracker.part("left_eye_28"), 0);
  EXPECT_EQ(tracker.part("mouth"), -1);
  askedFrames(tracker, picture(1), 2, [](int) { return std::optional<Box>(kLargeBox); });
  const ClnfState& state = tracker.state();
  ASSERT_EQ(state.parts.size(), 2u);
  for (const ClnfPartState& part : state.parts) {
    EXPECT_GT(part.params.global.scale, 0);
    EXPECT_GT(part.landmarks.cwiseAbs().maxCoeff(), 1);
  }
  Eigen::VectorXf shape3d, shape;
  model->face.pdm.shape2d(state.params.global, state.params.local, shape3d, shape);
  EXPECT_LT((shape - state.landmarks).cwiseAbs().maxCoeff(), 1e-3);
  EXPECT_NEAR(state.points()[10].y, state.landmarks[78], 0);
}

// Too small for its parts: they only follow, and the face's own fit stands.
TEST_F(Tracker, SmallFacesKeepTheirOwnFit) {
  const std::shared_ptr<const ClnfModel> model = clnf();
  ClnfTracker tracker(model);
  const std::vector<std::uint8_t> pixels = picture(1);
  WholeGrayImage source = image(pixels);
  GrayWindow gray(source);
  LandmarkFit fit(model->face);
  ShapeParams params;
  params.local = Eigen::VectorXf::Zero(model->face.pdm.modes());
  params.global = model->face.pdm.fromBox({100, 60, 80, 80}, 0, 0, 0, params.local);
  tracker.setState(params);
  EXPECT_TRUE(tracker.fitFrame(gray, model->face.settings.tracking_windows));
  EXPECT_TRUE(fit.run(gray, model->face.settings.tracking_windows, params));
  EXPECT_LT(params.global.scale, 0.9f);
  EXPECT_EQ(tracker.state().landmarks, fit.shape(params));
}

TEST_F(Tracker, NonsenseIsAFailureNotACrash) {
  const std::shared_ptr<const ClnfModel> model = clnf();
  const std::vector<std::uint8_t> pixels = picture(1);
  const float nan = std::nanf("");
  const float inf = INFINITY;
  for (const Box& box : {Box{0, 0, 0, 0}, Box{1e9f, 1e9f, 100, 100}, Box{0, 0, 1e12f, 1e12f},
                         Box{-5000, 20, 100, 100}, Box{nan, 0, 100, 100}, Box{0, 0, inf, 10},
                         Box{50, 50, -80, -80}}) {
    ClnfTracker tracker(model);
    askedFrames(tracker, pixels, 3, [&](int) { return std::optional<Box>(box); });
    EXPECT_TRUE(std::isfinite(tracker.state().certainty));
  }
}

TEST_F(Tracker, NothingIsAllocatedAfterTheFirstFrames) {
  if (!testing::kCountsAllocations) GTEST_SKIP() << "allocations cannot be counted here";
  ClnfTracker tracker(clnf());
  const std::vector<std::uint8_t> pixels = picture(1);
  askedFrames(tracker, pixels, 3, [](int) { return std::optional<Box>(kLargeBox); });
  WholeGrayImage frame = image(pixels);
  const ClnfTracker::Detect none = []() -> Result<std::optional<Box>> {
    return std::optional<Box>();
  };
  bool tracked = false;
  EXPECT_EQ(testing::countAllocations([&] { tracked = *tracker.track(frame, none); }), 0u);
  EXPECT_TRUE(tracked);
}

// A low cutoff: the first rotation's first scale is good enough, and the fit goes on from it.
TEST_F(Tracker, EarlyTerminationStopsAtTheFirstGoodStart) {
  const std::shared_ptr<const ClnfModel> model = ceclm(-1e6);
  ASSERT_TRUE(model->face.early_termination.has_value());
  const std::vector<std::uint8_t> pixels = picture(1);
  WholeGrayImage source = image(pixels);
  GrayWindow gray(source);
  ClnfTracker tracker(model);
  EXPECT_TRUE(tracker.fitFromBox(gray, kLargeBox));

  ClnfTracker plain(model);
  ShapeParams params;
  params.local = Eigen::VectorXf::Zero(model->face.pdm.modes());
  params.global = model->face.pdm.fromBox(kLargeBox, 0, 0, 0, params.local);
  plain.setState(params);
  plain.fitFrame(gray, std::array<int, 4>{11, 0, 0, 0}, false);
  plain.fitFrame(gray, std::array<int, 4>{0, 9, 7, 5});
  EXPECT_EQ(tracker.state().landmarks, plain.state().landmarks);
  EXPECT_EQ(tracker.state().likelihood, plain.state().likelihood);
}

// A cutoff that nothing reaches: the three best first scales are finished, the likeliest wins.
TEST_F(Tracker, WithoutAGoodStartTheThreeBestAreFinished) {
  const std::shared_ptr<const ClnfModel> model = ceclm(1e6);
  const EarlyTermination& rule = *model->face.early_termination;
  const std::vector<std::uint8_t> pixels = picture(1);
  WholeGrayImage source = image(pixels);
  GrayWindow gray(source);
  ClnfTracker tracker(model);
  tracker.fitFromBox(gray, kLargeBox);

  const std::vector<std::array<float, 3>> rotations = {
      {0, 0, 0},     {0, -0.5236f, 0},    {0, 0.5236f, 0},    {0, -0.96f, 0},
      {0, 0.96f, 0}, {0, 0, 0.5236f},     {0, 0, -0.5236f},   {0, -1.57f, 0},
      {0, 1.57f, 0}, {0, -1.22f, 0.698f}, {0, 1.22f, -0.698f}};
  ClnfTracker plain(model);
  std::vector<std::pair<float, ShapeParams>> starts;
  for (const auto& r : rotations) {
    ShapeParams params;
    params.local = Eigen::VectorXf::Zero(model->face.pdm.modes());
    params.global = model->face.pdm.fromBox(kLargeBox, r[0], r[1], r[2], params.local);
    plain.setState(params);
    plain.fitFrame(gray, std::array<int, 4>{11, 0, 0, 0}, false);
    const std::size_t v = static_cast<std::size_t>(plain.state().view);
    starts.emplace_back(plain.state().likelihood * rule.weights[v] + rule.biases[v],
                        plain.state().params);
  }
  std::stable_sort(starts.begin(), starts.end(),
                   [](const auto& a, const auto& b) { return a.first > b.first; });
  ClnfState best;
  for (std::size_t k = 0; k < 3; ++k) {
    plain.setState(starts[k].second);
    plain.fitFrame(gray, std::array<int, 4>{0, 9, 7, 5});
    if (k == 0 || plain.state().likelihood > best.likelihood) best = plain.state();
  }
  EXPECT_EQ(tracker.state().landmarks, best.landmarks);
  EXPECT_EQ(tracker.state().likelihood, best.likelihood);
  EXPECT_EQ(tracker.state().success, best.success);
}

TEST_F(Tracker, ModelsThatDoNotFitTogetherAreErrors) {
  clnf();
  const auto refused = [&](const std::string& list, const std::string& text, ErrorCode code) {
    write("main_clnf_general.txt", list);
    const auto model = ClnfModel::load(folder_.path() / "main_clnf_general.txt");
    ASSERT_FALSE(model.ok()) << list;
    EXPECT_EQ(model.error().code, code) << model.error().text();
    EXPECT_NE(model.error().message.find(text), std::string::npos) << model.error().text();
  };
  refused("LandmarkDetector missing.txt", "missing.txt", ErrorCode::kNotFound);
  refused("LandmarkDetector eye.txt", "28 points", ErrorCode::kUnsupported);
  refused("LandmarkDetector face.txt\nLandmarkDetector_part main_eye.txt chin 1 2", "chin",
          ErrorCode::kUnsupported);
  refused("LandmarkDetector face.txt\nLandmarkDetector_part main_eye.txt left_eye_28 70 2", "70",
          ErrorCode::kCorrupt);
  refused("LandmarkDetector face.txt\nLandmarkDetector_part main_eye.txt left_eye_28 7 28", "28",
          ErrorCode::kCorrupt);
  write("validator.bin", testing::validatorBytes());
  refused("LandmarkDetector face.txt\nDetectionValidator validator.bin", "4 landmarks",
          ErrorCode::kCorrupt);
  write("swapped.txt", "PDM eye.pdm\nPatchesCCNF eye2.ccnf\nPatchesCCNF eye1.ccnf\n");
  EXPECT_FALSE(
      LandmarkModel::load(folder_.path() / "swapped.txt", *partSettings("left_eye_28")).ok());
  write("mixed.txt", "PDM face.pdm\nPatchesCCNF eye1.ccnf\n");
  EXPECT_FALSE(LandmarkModel::load(folder_.path() / "mixed.txt", clnfSettings()).ok());
}

}  // namespace
}  // namespace frontalis
