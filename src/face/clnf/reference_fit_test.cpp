// The fit against the reference dumps of OpenFace 2.2.0, step by step from the same inputs.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <memory>

#include "face/clnf/ccnf.h"
#include "face/clnf/landmark_fit.h"
#include "support/pgm.h"
#include "support/reference.h"

namespace frontalis {
namespace {

using nlohmann::json;

struct ReferenceModel {
  LandmarkModel model;
  std::unique_ptr<LandmarkFit> fit;
};

/// "main", "inner", "left_eye_28", "right_eye_28"; loaded once.
ReferenceModel& referenceModel(const std::string& name) {
  static std::map<std::string, std::unique_ptr<ReferenceModel>> models;
  std::unique_ptr<ReferenceModel>& slot = models[name];
  if (slot) return *slot;
  static const std::map<std::string, std::string> kDescriptions = {
      {"main", "clnf_general.txt"},
      {"inner", "model_inner/clnf_inner.txt"},
      {"left_eye_28", "model_eye/clnf_left_synth.txt"},
      {"right_eye_28", "model_eye/clnf_right_synth.txt"}};
  const FitSettings settings = name == "main" ? clnfSettings() : *partSettings(name);
  Result<LandmarkModel> loaded =
      LandmarkModel::load(testing::landmarkModelDir() / kDescriptions.at(name), settings);
  if (!loaded.ok()) throw std::runtime_error(loaded.error().text());
  slot.reset(new ReferenceModel{std::move(loaded).value(), nullptr});
  slot->fit = std::make_unique<LandmarkFit>(slot->model);
  return *slot;
}

ShapeParams params(const json& j) {
  const std::vector<float> g = j.at("params_global");
  const std::vector<float> p = j.at("params_local");
  ShapeParams result;
  result.global = {g[0], g[1], g[2], g[3], g[4], g[5]};
  result.local = Eigen::Map<const Eigen::VectorXf>(p.data(), static_cast<Eigen::Index>(p.size()));
  return result;
}

/// Largest difference over the largest reference value.
double relative(const float* ours, const std::vector<float>& theirs) {
  double worst = 0;
  double scale = 0;
  for (std::size_t i = 0; i < theirs.size(); ++i) {
    worst = std::max(worst, std::abs(static_cast<double>(ours[i]) - theirs[i]));
    scale = std::max(scale, std::abs(static_cast<double>(theirs[i])));
  }
  return worst / scale;
}

std::vector<float> flat(const json& rows) {
  std::vector<float> values;
  for (const json& row : rows) {
    for (const json& v : row) values.push_back(v.get<float>());
  }
  return values;
}

Matrix2 matrix(const std::vector<float>& m) { return {m[0], m[1], m[2], m[3]}; }

struct Case {
  std::string name;  // of the model
  json scale;
  const testing::GrayPicture* picture;
};

/// Every dumped scale of both frames.
const std::vector<Case>& cases() {
  static const std::vector<Case> all = [] {
    std::vector<Case> found;
    for (const int frame : {1, 30}) {
      const std::string number = frame == 1 ? "1" : "30";
      const std::filesystem::path dir = testing::referenceDir("single_face");
      static std::map<int, testing::GrayPicture> pictures;
      pictures[frame] = testing::readPgm(
          dir / ("gray_frame" + std::string(frame == 1 ? "01" : "30") + ".pgm.gz"));
      const json dump = testing::gunzipJson(dir / ("clnf_frame" + number + ".json.gz"));
      std::vector<json> records;
      if (frame == 30) records.push_back(dump);
      if (frame == 1) records = dump.at("hypotheses").get<std::vector<json>>();
      for (const json& record : records) {
        for (const json& scale : record.at("scales")) {
          found.push_back({"main", scale, &pictures[frame]});
        }
        for (const auto& [part, content] : record.at("parts").items()) {
          if (!content.contains("scales")) continue;
          for (const json& scale : content.at("scales")) {
            found.push_back({part, scale, &pictures[frame]});
          }
        }
      }
    }
    return found;
  }();
  return all;
}

class ReferenceFit : public ::testing::Test {
 protected:
  void SetUp() override {
    if (!std::filesystem::exists(testing::landmarkModelDir()) ||
        !std::filesystem::exists(testing::referenceDir("single_face"))) {
      GTEST_SKIP() << "needs ../shared/models and ../shared/reference";
    }
  }
};

TEST_F(ReferenceFit, AreasNeuronSumsAndResponses) {
  int areas = 0, flipped = 0;
  double worst_sum = 0, worst_response = 0, worst_map = 0, worst_similarity = 0;
  for (const Case& c : cases()) {
    if (!c.scale.contains("patches")) continue;
    ReferenceModel& reference = referenceModel(c.name);
    LandmarkFit& fit = *reference.fit;
    WholeGrayImage image(c.picture->pixels.data(), c.picture->width, c.picture->width,
                         c.picture->height);
    GrayWindow gray(image);
    const int k = c.scale.at("scale_index");
    const int window = c.scale.at("window");
    fit.enterScale(k, params(c.scale.at("entry")));
    EXPECT_EQ(fit.view(), c.scale.at("view").get<int>());
    const std::vector<float> a = flat(c.scale.at("sim_img_to_ref"));
    const std::vector<float> b = flat(c.scale.at("sim_ref_to_img"));
    worst_similarity = std::max(
        {worst_similarity, relative(&fit.toReference().m11, a), relative(&fit.toImage().m11, b)});
    fit.useSimilarity(matrix(a), matrix(b));
    fit.respond(gray, window);
    const std::vector<float> shape = c.scale.at("entry").at("shape");
    const int n = reference.model.landmarks();
    const auto& experts = dynamic_cast<const CcnfExperts&>(*reference.model.scales[k]);
    const PatchAreaSampler sampler(matrix(b), window + experts.support() - 1);
    for (const auto& [landmark, patch] : c.scale.at("patches").items()) {
      const int i = std::stoi(landmark);
      const std::vector<float> aoi = flat(patch.at("aoi"));
      std::vector<float> area(aoi.size());
      const GrayView view = gray.covering({0, 0, 100000, 100000});
      sampler.sample(view, shape[i], shape[n + i], area.data());
      ++areas;
      if (relative(area.data(), aoi) > 1e-6) ++flipped;
      const std::vector<float> sums = flat(patch.at("neuron_sum"));
      std::vector<float> ours(sums.size());
      experts.neuronSum(fit.view(), i, aoi.data(), window, ours.data());
      worst_sum = std::max(worst_sum, relative(ours.data(), sums));
      const std::vector<float> response = flat(patch.at("response"));
      ResponseScratch scratch;
      experts.respond(fit.view(), i, aoi.data(), window, scratch, ours.data());
      worst_response = std::max(worst_response, relative(ours.data(), response));
      const double from_picture = relative(fit.responses().map(i), response);
      worst_map = std::max(worst_map, from_picture);
    }
  }
  std::printf(
      "%d areas, %d with a sample off; similarity %.1e, neuron sums %.1e, responses %.1e, from the "
      "picture %.1e\n",
      areas, flipped, worst_similarity, worst_sum, worst_response, worst_map);
  EXPECT_GT(areas, 50);
  EXPECT_EQ(flipped, 0);
  EXPECT_LT(worst_map, 1e-3);
}

TEST_F(ReferenceFit, MeanShiftsUpdatesAndShapes) {
  double worst_shift = 0, worst_position = 0, worst_shape = 0, worst_step = 0;
  for (const Case& c : cases()) {
    if (!c.scale.contains("rigid") || !c.scale.at("rigid").contains("first_iteration")) continue;
    ReferenceModel& reference = referenceModel(c.name);
    LandmarkFit& fit = *reference.fit;
    WholeGrayImage image(c.picture->pixels.data(), c.picture->width, c.picture->width,
                         c.picture->height);
    GrayWindow gray(image);
    const ShapeParams entry = params(c.scale.at("entry"));
    fit.enterScale(c.scale.at("scale_index"), entry);
    fit.useSimilarity(matrix(flat(c.scale.at("sim_img_to_ref"))),
                      matrix(flat(c.scale.at("sim_ref_to_img"))));
    fit.respond(gray, c.scale.at("window"));
    ShapeParams start = entry;
    for (const bool rigid : {true, false}) {
      const json& pass = c.scale.at(rigid ? "rigid" : "nonrigid");
      const json& first = pass.at("first_iteration");
      const Eigen::VectorXf& shift = fit.meanShift(Eigen::VectorXf(fit.shape(start)));
      const int n = reference.model.landmarks();
      worst_position = std::max({worst_position, relative(fit.positions().data(), first.at("dx")),
                                 relative(fit.positions().data() + n, first.at("dy"))});
      const std::vector<float> theirs = first.at("mean_shift_img");
      const double largest =
          std::abs(*std::max_element(theirs.begin(), theirs.end(),
                                     [](float a, float b) { return std::abs(a) < std::abs(b); }));
      for (int i = 0; i < 2 * n; ++i) {
        const double error = std::abs(shift[i] - theirs[i]) / largest;
        worst_shift = std::max(worst_shift, error);
      }
      ShapeParams ours = start;
      const int iterations = fit.pass(rigid, ours);
      EXPECT_EQ(iterations, static_cast<int>(pass.at("iterations").size()));
      const std::vector<float> shape = pass.at("shape");
      const Eigen::VectorXf& mine = fit.shape(ours);
      double worst = 0;
      for (Eigen::Index i = 0; i < mine.size(); ++i) {
        worst = std::max(worst, std::abs(static_cast<double>(mine[i]) - shape[i]));
      }
      worst_step = std::max(worst_step, worst);
      worst_shape = std::max(worst_shape, relative(mine.data(), shape));
      EXPECT_LT(worst_shape, 1e-3) << c.name << " scale " << c.scale.at("scale_index");
      start = params(pass);
    }
  }
  std::printf("positions %.1e, mean shifts %.1e, shapes %.1e (%.4f px)\n", worst_position,
              worst_shift, worst_shape, worst_step);
  EXPECT_LT(worst_position, 1e-3);
  EXPECT_LT(worst_shift, 1e-3);
}

TEST_F(ReferenceFit, Likelihood) {
  for (const int frame : {1, 30}) {
    const std::filesystem::path dir = testing::referenceDir("single_face");
    json record = testing::gunzipJson(dir / ("clnf_frame" + std::to_string(frame) + ".json.gz"));
    if (frame == 1) record = json(record.at("hypotheses").at(0));
    const testing::GrayPicture picture =
        testing::readPgm(dir / (frame == 1 ? "gray_frame01.pgm.gz" : "gray_frame30.pgm.gz"));
    WholeGrayImage image(picture.pixels.data(), picture.width, picture.width, picture.height);
    GrayWindow gray(image);
    LandmarkFit& fit = *referenceModel("main").fit;
    ShapeParams state = params(record.at("initial"));
    const std::vector<int> windows = record.at("windows");
    EXPECT_TRUE(fit.run(gray, windows, state));
    const std::vector<float> each = record.at("fit").at("landmark_likelihoods");
    EXPECT_NEAR(fit.likelihood(), record.at("fit").at("likelihood").get<float>(), 1e-3);
    EXPECT_LT(relative(fit.landmarkLikelihoods().data(), each), 5e-3);
    const std::vector<float> shape = record.at("fit").at("landmarks");
    const Eigen::VectorXf& mine = fit.shape(state);
    double mean = 0;
    const int n = 68;
    for (int i = 0; i < n; ++i) {
      mean += std::hypot(mine[i] - shape[i], mine[n + i] - shape[n + i]) / n;
    }
    std::printf("frame %d: mean distance after the fit %.4f px\n", frame, mean);
    EXPECT_LT(mean, 0.02);
  }
}

}  // namespace
}  // namespace frontalis
