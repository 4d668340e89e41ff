#include "au/predictor.h"

#include <gtest/gtest.h>

#include <random>

#include "support/synthetic_au_models.h"

namespace frontalis {
namespace {

using testing::SyntheticAuModel;
using testing::syntheticAuModels;

std::vector<AuPredictor::Named> named(const std::vector<SyntheticAuModel>& models) {
  std::vector<AuPredictor::Named> out;
  for (const auto& [au, model] : models) out.push_back({model, {au}});
  return out;
}

// The formula as it is written, in double.
double plain(const LinearModel& model, const std::vector<double>& f,
             const std::vector<double>& median) {
  double y = model.bias;
  for (std::size_t k = 0; k < model.weights.size(); ++k) {
    y += (f[k] - model.means[k] - (model.dynamic ? median[k] : 0)) * model.weights[k];
  }
  return y;
}

struct RandomFrame {
  explicit RandomFrame(unsigned seed) {
    std::mt19937 random(seed);
    std::uniform_real_distribution<float> unit(0.f, 1.f);
    for (float& v : fhog) v = 0.4f * unit(random);
    for (double& v : geometry) v = 40 * (unit(random) - 0.5);
    for (double& v : median) v = 0.2 * unit(random);
    all.assign(fhog.begin(), fhog.end());
    all.insert(all.end(), geometry.begin(), geometry.end());
  }
  [[nodiscard]] DescriptorView view() const {
    return {std::span<const float, kFhogSize>(fhog),
            std::span<const double, kGeometrySize>(geometry)};
  }
  std::vector<float> fhog = std::vector<float>(kFhogSize);
  std::vector<double> geometry = std::vector<double>(kGeometrySize);
  std::vector<double> median = std::vector<double>(kFeatures);
  std::vector<double> all;
};

TEST(AuPredictor, EqualsTheFormula) {
  for (const bool dynamic : {true, false}) {
    std::vector<SyntheticAuModel> models = syntheticAuModels(3, dynamic);
    models.back().model.means.resize(kFhogSize);  // a model of the FHOG features only
    models.back().model.weights.resize(kFhogSize);
    const AuPredictor predictor = AuPredictor::create(named(models)).value();
    EXPECT_EQ(predictor.dynamic(), dynamic);
    for (unsigned seed = 0; seed < 5; ++seed) {
      const RandomFrame frame(seed);
      const AuScores scores = predictor.features(frame.view()) -
                              predictor.neutral(std::span<const double, kFeatures>(frame.median));
      const PresenceBits presence = predictor.presence(scores.decision);
      for (std::size_t i = 0; i < models.size(); ++i) {
        const LinearModel& model = models[i].model;
        const double expected = plain(model, frame.all, frame.median);
        if (i < kPresenceAus) {
          EXPECT_NEAR(scores.decision[i], expected, 1e-6);
          EXPECT_EQ((presence >> i & 1u) != 0,
                    expected > 0 ? model.class_above : model.class_below);
        } else {
          EXPECT_NEAR(scores.intensity[i - kPresenceAus], expected, 1e-6);
          EXPECT_EQ(predictor.cutoffs()[i - kPresenceAus], model.cutoff);
        }
      }
    }
  }
}

TEST(AuPredictor, OrderOfModelsDoesNotMatter) {
  std::vector<AuPredictor::Named> models = named(syntheticAuModels(3));
  const AuPredictor forward = AuPredictor::create(models).value();
  std::reverse(models.begin(), models.end());
  const AuPredictor backward = AuPredictor::create(models).value();
  const RandomFrame frame(1);
  EXPECT_EQ(forward.features(frame.view()).intensity, backward.features(frame.view()).intensity);
  EXPECT_EQ(forward.features(frame.view()).decision, backward.features(frame.view()).decision);
}

TEST(AuPredictor, WantsEveryAuOnce) {
  std::vector<AuPredictor::Named> models = named(syntheticAuModels(3));
  const AuPredictor::Named last = models.back();
  models.pop_back();
  EXPECT_NE(AuPredictor::create(models).error().message.find("lacks the intensity of AU45"),
            std::string::npos);
  models.push_back(models.back());
  EXPECT_NE(AuPredictor::create(models).error().message.find("twice an intensity of AU26"),
            std::string::npos);
  models.back() = last;
  models.back().aus = {3};
  EXPECT_NE(AuPredictor::create(models).error().message.find("unknown intensity AU03"),
            std::string::npos);
  EXPECT_EQ(AuPredictor::create({}).error().code, ErrorCode::kCorrupt);
}

TEST(AuPredictor, PresencesMayBeAbsent) {
  std::vector<AuPredictor::Named> models = named(syntheticAuModels(3));
  EXPECT_TRUE(AuPredictor::create(models)->hasPresences());
  models.erase(models.begin(), models.begin() + kPresenceAus);
  const AuPredictor predictor = AuPredictor::create(models).value();
  EXPECT_FALSE(predictor.hasPresences());
  const AuScores scores = predictor.features(RandomFrame(2).view());
  EXPECT_EQ(predictor.presence(scores.decision), 0u);
}

TEST(AuPredictor, OneModelMayServeSeveralAus) {
  std::vector<AuPredictor::Named> models = named(syntheticAuModels(3));
  models.pop_back();
  models.back().aus = {26, 45};
  const AuPredictor predictor = AuPredictor::create(models).value();
  const AuScores scores = predictor.features(RandomFrame(2).view());
  EXPECT_EQ(scores.intensity[15], scores.intensity[16]);
}

}  // namespace
}  // namespace frontalis
