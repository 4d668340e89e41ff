#include <benchmark/benchmark.h>

#include <algorithm>
#include <memory>
#include <random>
#include <vector>

#include "au/openface_aus.h"
#include "support/synthetic_au_models.h"

namespace frontalis {
namespace {

struct Frames {
  std::vector<std::vector<float>> fhog;
  std::vector<std::vector<double>> geometry;

  [[nodiscard]] DescriptorView view(std::size_t i) const {
    return {std::span<const float, kFhogSize>(fhog[i]),
            std::span<const double, kGeometrySize>(geometry[i])};
  }
};

// A face that moves: every dimension wanders around its own level, as measured descriptors do.
Frames movingFace(std::size_t frames) {
  std::mt19937 random(1);
  std::uniform_real_distribution<float> level(0.f, 0.4f);
  std::normal_distribution<float> step(0.f, 0.05f);
  Frames out;
  std::vector<float> fhog_level(kFhogSize);
  std::vector<double> geometry_level(kGeometrySize);
  for (float& v : fhog_level) v = level(random);
  for (double& v : geometry_level) v = 100 * (level(random) - 0.2);
  for (std::size_t i = 0; i < frames; ++i) {
    std::vector<float> fhog(kFhogSize);
    std::vector<double> geometry(kGeometrySize);
    for (std::size_t j = 0; j < kFhogSize; ++j) fhog[j] = fhog_level[j] + step(random);
    for (std::size_t j = 0; j < kGeometrySize; ++j) {
      geometry[j] = geometry_level[j] + 40 * step(random);
    }
    out.fhog.push_back(std::move(fhog));
    out.geometry.push_back(std::move(geometry));
  }
  return out;
}

void runningMedian(benchmark::State& state) {
  const Frames face = movingFace(500);
  RunningMedian median;
  std::size_t i = 0;
  for (auto _ : state) {
    benchmark::DoNotOptimize(median.update(face.view(i), true));
    i = (i + 1) % face.fhog.size();
  }
  state.SetLabel("per frame; renewed every second one");
}
BENCHMARK(runningMedian)->Unit(benchmark::kMicrosecond);

// What it replaces: whole histograms, scanned from the first bin at every renewal.
struct ScannedHistogram {
  ScannedHistogram(std::size_t dimensions, int bin_count, double lowest, double highest)
      : bins(bin_count),
        low(lowest),
        high(highest),
        counts(dimensions * static_cast<std::size_t>(bin_count)),
        median(dimensions) {}

  template <class T>
  void update(const std::vector<T>& values) {
    ++count;
    for (std::size_t j = 0; j < values.size(); ++j) {
      std::int32_t* histogram = &counts[j * static_cast<std::size_t>(bins)];
      const double slot = (static_cast<double>(values[j]) - low) * bins / (high - low);
      ++histogram[static_cast<std::size_t>(std::clamp(slot, 0.0, bins - 1.0))];
      int cumulative = 0;
      int b = 0;
      while ((cumulative += histogram[b]) < (count + 1) / 2) ++b;
      median[j] = low + (b + 0.5) * (high - low) / bins;
    }
  }

  int bins;
  double low, high;
  int count = 0;
  std::vector<std::int32_t> counts;
  std::vector<double> median;
};

void scannedMedian(benchmark::State& state) {
  const Frames face = movingFace(500);
  ScannedHistogram fhog(kFhogSize, 1000, -0.005, 1);
  ScannedHistogram geometry(kGeometrySize, 10000, -60, 60);
  std::size_t i = 0;
  for (auto _ : state) {
    if (i % 2 == 0) {
      fhog.update(face.fhog[i]);
      geometry.update(face.geometry[i]);
      benchmark::DoNotOptimize(fhog.median.data());
    }
    i = (i + 1) % face.fhog.size();
  }
  state.SetLabel("per frame; renewed every second one");
}
BENCHMARK(scannedMedian)->Unit(benchmark::kMicrosecond);

AuPredictor predictor() {
  std::vector<AuPredictor::Named> named;
  for (const auto& [au, model] : testing::syntheticAuModels(1)) named.push_back({model, {au}});
  return AuPredictor::create(named).value();
}

void linearModels35(benchmark::State& state) {
  const Frames face = movingFace(50);
  const AuPredictor models = predictor();
  std::size_t i = 0;
  for (auto _ : state) {
    benchmark::DoNotOptimize(models.features(face.view(i)));
    i = (i + 1) % face.fhog.size();
  }
}
BENCHMARK(linearModels35)->Unit(benchmark::kMicrosecond);

void linearModelsOfTheNeutral(benchmark::State& state) {
  const AuPredictor models = predictor();
  const std::vector<double> median(kFeatures, 0.1);
  for (auto _ : state) {
    benchmark::DoNotOptimize(models.neutral(std::span<const double, kFeatures>(median)));
  }
  state.SetLabel("every second frame");
}
BENCHMARK(linearModelsOfTheNeutral)->Unit(benchmark::kMicrosecond);

void wholeAuStage(benchmark::State& state) {
  const Frames face = movingFace(500);
  OpenFaceAus aus(std::make_shared<const AuPredictor>(predictor()), AuMode::kVideo);
  std::size_t i = 0;
  for (auto _ : state) {
    benchmark::DoNotOptimize(aus.process(face.view(i), true));
    i = (i + 1) % face.fhog.size();
  }
  state.SetLabel("median, 35 models, correction: per frame");
}
BENCHMARK(wholeAuStage)->Unit(benchmark::kMicrosecond);

}  // namespace
}  // namespace frontalis
