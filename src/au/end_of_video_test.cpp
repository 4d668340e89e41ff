#include "au/end_of_video.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <random>

#include "support/synthetic_au_models.h"

namespace frontalis {
namespace {

using testing::SyntheticAuModel;
using testing::syntheticAuModels;

AuPredictor predictorOf(const std::vector<SyntheticAuModel>& models) {
  std::vector<AuPredictor::Named> named;
  for (const auto& [au, model] : models) named.push_back({model, {au}});
  return AuPredictor::create(named).value();
}

// The series of one intensity and one presence, processed word for word as the specification says.
struct PlainSeries {
  std::vector<double> values;  // unclamped predictions, any value on failed frames
  std::vector<bool> classes;   // any value on failed frames
  std::vector<bool> success;

  [[nodiscard]] double offset(double cutoff) const {
    std::vector<double> good;
    for (std::size_t i = 0; i < values.size(); ++i) {
      if (success[i]) good.push_back(values[i]);
    }
    std::sort(good.begin(), good.end());
    if (cutoff == -1 || good.empty()) return 0;
    const auto n = good.size();
    return good[std::min(static_cast<std::size_t>(std::trunc(static_cast<double>(n) * cutoff)),
                         n - 1)];
  }
  [[nodiscard]] std::vector<double> intensities(double cutoff) const {
    const double zero = offset(cutoff);
    std::vector<double> clamped;
    for (std::size_t i = 0; i < values.size(); ++i) {
      clamped.push_back(success[i] ? std::clamp(values[i] - zero, 0.0, 5.0) : 0.0);
    }
    std::vector<double> out = clamped;
    for (std::size_t i = 1; i + 1 < out.size(); ++i) {
      out[i] = (clamped[i - 1] + clamped[i] + clamped[i + 1]) / 3;
    }
    return out;
  }
  [[nodiscard]] std::vector<bool> presences() const {
    std::vector<double> given;
    for (std::size_t i = 0; i < classes.size(); ++i) given.push_back(success[i] && classes[i]);
    std::vector<bool> out(given.begin(), given.end());
    for (std::size_t i = 3; i + 3 < given.size(); ++i) {
      double mean = 0;
      for (std::size_t k = i - 3; k <= i + 3; ++k) mean += given[k] / 7;
      out[i] = !(mean < 0.5);
    }
    return out;
  }
};

AuScores randomScores(std::mt19937& random, double mean) {
  std::normal_distribution<double> normal(mean, 2);
  AuScores scores;
  for (double& v : scores.intensity) v = normal(random);
  for (double& v : scores.decision) v = normal(random);
  return scores;
}

class EndOfVideoTest : public ::testing::Test {
 protected:
  EndOfVideoTest() {
    models_ = syntheticAuModels(5);
    LinearModel& dynamic = models_[kPresenceAus + 2].model;
    EXPECT_TRUE(dynamic.dynamic);
    dynamic.cutoff = 1.0;  // would index past the end
  }
  std::vector<SyntheticAuModel> models_;
};

TEST_F(EndOfVideoTest, EqualsTheSpecificationOnRandomVideos) {
  const AuPredictor predictor = predictorOf(models_);
  EndOfVideo end(predictor);
  for (const int frames : {0, 1, 2, 3, 5, 6, 7, 8, 40, 4200}) {
    for (const double failures : {0.0, 0.3, 1.0}) {
      std::mt19937 random(static_cast<unsigned>(frames));
      std::bernoulli_distribution fails(failures);
      std::vector<PlainSeries> intensity(kIntensityAus), presence(kPresenceAus);
      const AuScores final_neutral = randomScores(random, 0.5);
      int good = 0;
      for (int f = 0; f < frames; ++f) {
        const bool success = !fails(random);
        const AuScores features = randomScores(random, 1);
        const AuScores neutral = randomScores(random, 0);
        end.add(success, features, neutral);
        good += success;
        const AuScores used = features - (good <= 3000 ? final_neutral : neutral);
        for (std::size_t i = 0; i < kIntensityAus; ++i) {
          intensity[i].values.push_back(used.intensity[i]);
          intensity[i].success.push_back(success);
        }
        for (std::size_t i = 0; i < kPresenceAus; ++i) {
          const LinearModel& model = models_[i].model;
          presence[i].classes.push_back(used.decision[i] > 0 ? model.class_above
                                                             : model.class_below);
          presence[i].success.push_back(success);
        }
      }
      const FinalAus aus = end.finish(final_neutral);
      ASSERT_EQ(aus.frames(), frames);
      for (std::size_t i = 0; i < kIntensityAus; ++i) {
        const double cutoff = predictor.cutoffs()[i];
        const std::vector<double> expected = intensity[i].intensities(cutoff);
        EXPECT_NEAR(aus.offsets()[i], intensity[i].offset(cutoff), 1e-5);
        for (int f = 0; f < frames; ++f) {
          ASSERT_NEAR(aus.row(f).intensity[i], expected[static_cast<std::size_t>(f)], 1e-5)
              << "frame " << f << " of " << frames;
        }
      }
      for (std::size_t i = 0; i < kPresenceAus; ++i) {
        const std::vector<bool> expected = presence[i].presences();
        for (int f = 0; f < frames; ++f) {
          ASSERT_EQ(aus.row(f).presence[i], expected[static_cast<std::size_t>(f)])
              << "frame " << f << " of " << frames;
        }
      }
    }
  }
}

TEST_F(EndOfVideoTest, WorkedExample) {
  const AuPredictor predictor = predictorOf(syntheticAuModels(5, false));
  EndOfVideo end(predictor);
  for (const double value : {0.0, 3.0, 0.0, 0.0}) {
    AuScores scores;
    scores.intensity[4] = value;
    end.add(true, scores, {});
  }
  const FinalAus aus = end.finish({});
  const std::array<float, 4> expected = {0, 1, 1, 0};
  for (int f = 0; f < 4; ++f) EXPECT_EQ(aus.row(f).intensity[4], expected[f]);
}

}  // namespace
}  // namespace frontalis
