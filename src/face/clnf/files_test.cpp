#include <gtest/gtest.h>

#include <fstream>

#include "face/clnf/expert_files.h"
#include "face/clnf/model_list.h"
#include "support/clnf_files.h"
#include "support/reference.h"

namespace frontalis {
namespace {

TEST(ExpertFiles, CcnfRoundTrip) {
  const Result<CcnfFile> file = parseCcnf(testing::ccnfBytes(), "made.txt");
  ASSERT_TRUE(file.ok()) << file.error().text();
  EXPECT_EQ(file->scale, 0.5);
  EXPECT_EQ(file->views.count(), 3);
  EXPECT_EQ(file->views.landmarks(), 4);
  EXPECT_NEAR(file->views.centers[1][1], -0.349066, 1e-6);
  EXPECT_EQ(file->views.visible[1], (std::vector<std::uint8_t>{1, 0, 1, 1}));
  ASSERT_EQ(file->windows.size(), 2u);
  EXPECT_EQ(file->windows[1].window, 5);
  EXPECT_EQ(file->windows[1].matrices.size(), 2u);
  ASSERT_EQ(file->experts.size(), 12u);
  EXPECT_TRUE(file->experts[4 + 1].neurons.empty());
  EXPECT_EQ(file->experts[4].neurons.size(), 3u);
  EXPECT_EQ(file->experts[4].betas.size(), 2u);
  EXPECT_GT(file->experts[11].confidence, 0.1);
}

TEST(ExpertFiles, CenRoundTrip) {
  const Result<CenFile> file = parseCen(testing::cenBytes(), "made.dat");
  ASSERT_TRUE(file.ok()) << file.error().text();
  EXPECT_EQ(file->mirror_landmarks, (std::vector<int>{3, 2, 1, 0}));
  EXPECT_EQ(file->mirror_views, (std::vector<int>{0, 2, 1}));
  ASSERT_EQ(file->experts[0].layers.size(), 3u);
  EXPECT_EQ(file->experts[0].layers[0].weights.cols, 26);
  EXPECT_EQ(file->experts[0].layers[0].activation, CenActivation::kRelu);
  EXPECT_EQ(file->experts[0].layers[1].activation, CenActivation::kLinear);  // tanh's code
  EXPECT_EQ(file->experts[0].layers[2].activation, CenActivation::kSigmoid);
  EXPECT_TRUE(file->experts[3].layers.empty());
}

TEST(ExpertFiles, SvrWeightsAreTransposed) {
  const std::string text =
      "# scale\n0.35\n1\n3 1 6\n0 0 0\n1 1 4\n1\n3 3 3 1\n2 1 0.5 -2 0.25\n3 3 5\n"
      "1 2 3\n4 5 6\n7 8 9\n";
  const Result<SvrFile> file = parseSvr(text, "made.txt");
  ASSERT_TRUE(file.ok()) << file.error().text();
  const SvrModality& modality = file->experts[0].modalities[0];
  EXPECT_EQ(modality.type, 1);
  EXPECT_EQ(modality.confidence, 0.5);
  EXPECT_EQ(modality.scaling, -2);
  EXPECT_EQ(modality.bias, 0.25);
  EXPECT_EQ(modality.weights.values, (std::vector<float>{1, 4, 7, 2, 5, 8, 3, 6, 9}));
}

TEST(ExpertFiles, EarlyTermination) {
  const Result<EarlyTermination> rule = parseEarlyTermination("1 2\n3 4\n5 6 \n", "rule.txt", 2);
  ASSERT_TRUE(rule.ok()) << rule.error().text();
  EXPECT_EQ(rule->weights, (std::vector<float>{1, 2}));
  EXPECT_EQ(rule->biases, (std::vector<float>{3, 4}));
  EXPECT_EQ(rule->cutoffs, (std::vector<float>{5, 6}));
  EXPECT_FALSE(parseEarlyTermination("1 2 3 4 5", "rule.txt", 2).ok());
  EXPECT_FALSE(parseEarlyTermination("1 2 3 4 5 6 7", "rule.txt", 2).ok());
}

TEST(ExpertFiles, EveryTruncationIsAnErrorWithNameAndOffset) {
  const std::string ccnf = testing::ccnfBytes();
  const std::string cen = testing::cenBytes();
  for (std::size_t size = 0; size < ccnf.size(); ++size) {
    const Result<CcnfFile> file = parseCcnf(std::string_view(ccnf).substr(0, size), "cut.txt");
    ASSERT_FALSE(file.ok()) << size;
    EXPECT_EQ(file.error().code, ErrorCode::kCorrupt);
    EXPECT_NE(file.error().message.find("cut.txt"), std::string::npos);
    EXPECT_NE(file.error().message.find("offset"), std::string::npos);
  }
  for (std::size_t size = 0; size < cen.size(); ++size) {
    ASSERT_FALSE(parseCen(std::string_view(cen).substr(0, size), "cut.dat").ok()) << size;
  }
  const std::string svr = testing::svrText();
  for (std::size_t size = 0; size + 12 < svr.size(); size += 7) {
    const Result<SvrFile> file = parseSvr(std::string_view(svr).substr(0, size), "cut.txt");
    ASSERT_FALSE(file.ok()) << size;
    EXPECT_NE(file.error().message.find("line"), std::string::npos);
  }
  EXPECT_FALSE(parseCcnf(ccnf + "x", "long.txt").ok());
  EXPECT_FALSE(parseCen(cen + "x", "long.dat").ok());
  EXPECT_FALSE(parseSvr(svr + "1", "long.txt").ok());
}

// Overwriting any four bytes with extreme values must end in a value or an error, never in a crash
// or an allocation larger than the file.
TEST(ExpertFiles, HostileNumbers) {
  const std::array<std::int32_t, 6> kValues = {
      -1, 0, 0x7fffffff, static_cast<int>(0x80000000), 0x7fc00000, 1000000};
  int refused = 0;
  const auto poison = [&](const std::string& good, auto parse) {
    for (std::size_t offset = 0; offset + 4 <= good.size(); offset += 4) {
      for (const std::int32_t value : kValues) {
        std::string bad = good;
        std::memcpy(bad.data() + offset, &value, 4);
        refused += parse(bad).ok() ? 0 : 1;
      }
    }
  };
  poison(testing::ccnfBytes(), [](const std::string& b) { return parseCcnf(b, "bad"); });
  poison(testing::cenBytes(), [](const std::string& b) { return parseCen(b, "bad"); });
  EXPECT_GT(refused, 100);
}

TEST(ExpertFiles, NearestViewTakesTheFirstOfATie) {
  ExpertViews views;
  views.centers = {{0, 0, 0}, {0, 0.2f, 0}, {0, 0.2f, 0}};
  EXPECT_EQ(views.nearest({0, 0.05f, 0}), 0);
  EXPECT_EQ(views.nearest({0, 0.1f, 0}), 0);
  EXPECT_EQ(views.nearest({0, 0.3f, 0}), 1);
}

TEST(ModelList, MainList) {
  const Result<MainList> list = parseMainList(
      "LandmarkDetector model.txt\r\n"
      "LandmarkDetector_part eye\\list.txt left_eye_28 36 8 37 10 \t \n"
      "FaceDetConversion ignored.txt\n"
      "DetectionValidator v/net.txt",
      "/models/main.txt");
  ASSERT_TRUE(list.ok()) << list.error().text();
  EXPECT_EQ(list->model, "/models/model.txt");
  EXPECT_EQ(list->validator, "/models/v/net.txt");
  ASSERT_EQ(list->parts.size(), 1u);
  EXPECT_EQ(list->parts[0].list, "/models/eye/list.txt");
  EXPECT_EQ(list->parts[0].name, "left_eye_28");
  EXPECT_EQ(list->parts[0].main_to_part, (std::vector<std::pair<int, int>>{{36, 8}, {37, 10}}));
}

TEST(ModelList, Malformed) {
  EXPECT_FALSE(parseMainList("", "main.txt").ok());
  EXPECT_FALSE(parseMainList("LandmarkDetector", "main.txt").ok());
  for (const char* part : {"eye.txt", "eye.txt left", "eye.txt left 1", "eye.txt left 1 x",
                           "eye.txt left 1 -2", "eye.txt left 1 2 3"}) {
    const Result<MainList> list = parseMainList(
        std::string("LandmarkDetector m.txt\nLandmarkDetector_part ") + part, "main.txt");
    ASSERT_FALSE(list.ok()) << part;
    EXPECT_NE(list.error().message.find("line 2"), std::string::npos) << list.error().message;
  }
  for (const char* file : {"../m.txt", "/etc/passwd", "a\\..\\..\\b.txt"}) {
    EXPECT_FALSE(parseMainList(std::string("LandmarkDetector ") + file, "main.txt").ok()) << file;
    EXPECT_FALSE(
        parseModelDescription(std::string("PatchesCCNF a.txt\nPDM ") + file, "model.txt").ok())
        << file;
  }
  EXPECT_FALSE(parseModelDescription("PatchesCCNF a.txt", "model.txt").ok());
  EXPECT_FALSE(parseModelDescription("PDM a.txt", "model.txt").ok());
  const Result<ModelDescription> model = parseModelDescription(
      "PDM p.txt\nTriangulations t.txt\nPatchesCEN a\nPatchesCEN b\nEarlyTermination e", "m.txt");
  ASSERT_TRUE(model.ok());
  EXPECT_EQ(model->cen.size(), 2u);
  EXPECT_TRUE(model->early_termination.has_value());
}

// The counts of spec clnf 1.1, 1.2 and 1.4, in OpenFace's own files.
TEST(OpenFaceFiles, CountsOfTheSpec) {
  FRONTALIS_NEEDS_SHARED("models");
  const std::filesystem::path dir = testing::landmarkModelDir();
  const Result<MainList> list = loadMainList(dir / "main_clnf_general.txt");
  ASSERT_TRUE(list.ok()) << list.error().text();
  ASSERT_EQ(list->parts.size(), 3u);
  EXPECT_EQ(list->parts[0].name, "inner");
  EXPECT_EQ(list->parts[0].main_to_part.size(), 51u);
  EXPECT_EQ(list->parts[0].main_to_part[50], std::make_pair(67, 50));
  EXPECT_EQ(list->parts[2].main_to_part[5], std::make_pair(47, 18));
  const Result<ModelDescription> general = loadModelDescription(list->model);
  ASSERT_TRUE(general.ok()) << general.error().text();
  ASSERT_EQ(general->ccnf.size(), 3u);
  const std::array<double, 3> scales = {0.25, 0.35, 0.5};
  for (std::size_t k = 0; k < 3; ++k) {
    const Result<CcnfFile> file = loadCcnf(general->ccnf[k]);
    ASSERT_TRUE(file.ok()) << file.error().text();
    EXPECT_NEAR(file->scale, scales[k], 1e-6);
    EXPECT_EQ(file->views.count(), 7);
    EXPECT_EQ(file->views.landmarks(), 68);
    ASSERT_EQ(file->windows.size(), 4u);
    EXPECT_EQ(file->windows[3].window, 15);
    for (const CcnfExpert& expert : file->experts) {
      if (expert.neurons.empty()) continue;
      EXPECT_EQ(expert.neurons.size(), 7u);
      EXPECT_EQ(expert.width, 11);
      EXPECT_EQ(expert.betas.size(), 3u);
    }
  }
  for (const char* name : {"clnf_left_synth.txt", "clnf_right_synth.txt"}) {
    const Result<ModelDescription> eye = loadModelDescription(dir / "model_eye" / name);
    ASSERT_TRUE(eye.ok()) << eye.error().text();
    ASSERT_EQ(eye->ccnf.size(), 2u);
    const Result<CcnfFile> file = loadCcnf(eye->ccnf[1]);
    ASSERT_TRUE(file.ok()) << file.error().text();
    EXPECT_EQ(file->scale, 1.5);
    EXPECT_EQ(file->views.count(), 1);
    EXPECT_EQ(file->views.landmarks(), 28);
    for (const CcnfExpert& expert : file->experts) EXPECT_TRUE(expert.betas.empty());
  }
  EXPECT_TRUE(loadEarlyTermination(dir / "early_term_cen_of.txt", 7).ok());
}

}  // namespace
}  // namespace frontalis
