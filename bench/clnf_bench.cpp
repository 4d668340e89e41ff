// Parts of the CLNF landmark fit, one thread unless an argument says more, on frame 30 of the
// reference video with OpenFace's own models. Skips where ../shared is absent.
#include <benchmark/benchmark.h>

#include <array>
#include <memory>
#include <vector>

#include "face/clnf/ccnf.h"
#include "face/clnf/clnf_tracker.h"
#include "support/pgm.h"
#include "support/reference.h"

namespace frontalis {
namespace {

struct Scene {
  std::shared_ptr<const ClnfModel> model;
  testing::GrayPicture picture;
  ShapeParams params;
  Box box;
};

const Scene* scene(benchmark::State& state) {
  static const std::unique_ptr<Scene> loaded = []() -> std::unique_ptr<Scene> {
    const std::filesystem::path dir = testing::referenceDir("single_face");
    const std::filesystem::path list = testing::landmarkModelDir() / "main_clnf_general.txt";
    if (!std::filesystem::exists(dir) || !std::filesystem::exists(list)) return nullptr;
    auto scene = std::make_unique<Scene>();
    scene->model = ClnfModel::load(list).value();
    scene->picture = testing::readPgm(dir / "gray_frame30.pgm.gz");
    const nlohmann::json dump = testing::gunzipJson(dir / "clnf_frame30.json.gz");
    const std::vector<float> g = dump.at("initial").at("params_global");
    const std::vector<float> p = dump.at("initial").at("params_local");
    scene->params.global = {g[0], g[1], g[2], g[3], g[4], g[5]};
    scene->params.local =
        Eigen::Map<const Eigen::VectorXf>(p.data(), static_cast<Eigen::Index>(p.size()));
    scene->box = {219.7f, 136.7f, 155.8f, 161.4f};
    return scene;
  }();
  if (!loaded) state.SkipWithError("needs ../shared");
  return loaded.get();
}

WholeGrayImage image(const Scene& s) {
  return {s.picture.pixels.data(), s.picture.width, s.picture.width, s.picture.height};
}

/// Response maps of all visible landmarks: scale index, window.
void responses(benchmark::State& state) {
  const Scene* s = scene(state);
  if (s == nullptr) return;
  LandmarkFit fit(s->model->face);
  WholeGrayImage source = image(*s);
  GrayWindow gray(source);
  fit.enterScale(static_cast<int>(state.range(0)), s->params);
  for (auto _ : state) {
    fit.respond(gray, static_cast<int>(state.range(1)));
    benchmark::DoNotOptimize(fit.responses().map(0));
  }
}
BENCHMARK(responses)->Args({0, 11})->Args({1, 9})->Args({2, 7})->Unit(benchmark::kMicrosecond);

/// Sampling alone, of the areas that responses/1/9 needs.
void areas(benchmark::State& state) {
  const Scene* s = scene(state);
  if (s == nullptr) return;
  LandmarkFit fit(s->model->face);
  WholeGrayImage source = image(*s);
  GrayWindow gray(source);
  fit.enterScale(1, s->params);
  const Eigen::VectorXf shape = fit.shape(s->params);
  std::array<float, 19 * 19> area;
  for (auto _ : state) {
    const PatchAreaSampler sampler(fit.toImage(), 19);
    const GrayView& pixels = gray.covering({0, 0, 640, 360});
    for (Eigen::Index i = 0; i < 68; ++i) {
      sampler.sample(pixels, shape[i], shape[68 + i], area.data());
      benchmark::DoNotOptimize(area.data());
    }
  }
}
BENCHMARK(areas)->Unit(benchmark::kMicrosecond);

/// Neurons alone and with the field's smoothing, 68 landmarks, window 9.
void neurons(benchmark::State& state) {
  const Scene* s = scene(state);
  if (s == nullptr) return;
  const auto& experts = dynamic_cast<const CcnfExperts&>(*s->model->face.scales[1]);
  std::vector<float> area(19 * 19);
  for (std::size_t i = 0; i < area.size(); ++i) area[i] = static_cast<float>(i * 37 % 256);
  std::array<float, 81> map;
  ResponseScratch scratch;
  for (auto _ : state) {
    for (int i = 0; i < 68; ++i) {
      if (state.range(0) == 0) {
        experts.neuronSum(0, i, area.data(), 9, map.data());
      } else {
        experts.respond(0, i, area.data(), 9, scratch, map.data());
      }
      benchmark::DoNotOptimize(map.data());
    }
  }
}
BENCHMARK(neurons)->Arg(0)->Arg(1)->Unit(benchmark::kMicrosecond);

/// One mean shift of all landmarks.
void meanShift(benchmark::State& state) {
  const Scene* s = scene(state);
  if (s == nullptr) return;
  LandmarkFit fit(s->model->face);
  WholeGrayImage source = image(*s);
  GrayWindow gray(source);
  fit.enterScale(1, s->params);
  fit.respond(gray, 9);
  const Eigen::VectorXf shape = fit.shape(s->params);
  for (auto _ : state) benchmark::DoNotOptimize(fit.meanShift(shape).data());
}
BENCHMARK(meanShift)->Unit(benchmark::kMicrosecond);

/// Rigid and non-rigid pass of one scale, responses given.
void passes(benchmark::State& state) {
  const Scene* s = scene(state);
  if (s == nullptr) return;
  LandmarkFit fit(s->model->face);
  WholeGrayImage source = image(*s);
  GrayWindow gray(source);
  fit.enterScale(1, s->params);
  fit.respond(gray, 9);
  ShapeParams params;
  for (auto _ : state) {
    params = s->params;
    benchmark::DoNotOptimize(fit.pass(true, params));
    benchmark::DoNotOptimize(fit.pass(false, params));
  }
}
BENCHMARK(passes)->Unit(benchmark::kMicrosecond);

/// CalcParams and fit of a part: 0 inner, 1 and 2 the eyes.
void part(benchmark::State& state) {
  const Scene* s = scene(state);
  if (s == nullptr) return;
  const ClnfPart& part = s->model->parts[static_cast<std::size_t>(state.range(0))];
  LandmarkFit face(s->model->face);
  const Eigen::VectorXf shape = face.shape(s->params);
  const Eigen::Index m = part.model.landmarks();
  Eigen::VectorXf given = Eigen::VectorXf::Zero(2 * m);
  for (const auto& [whole, own] : part.main_to_part) {
    given[own] = shape[whole];
    given[m + own] = shape[68 + whole];
  }
  WholeGrayImage source = image(*s);
  GrayWindow gray(source);
  CalcParams calc_params(part.model.pdm);
  LandmarkFit fit(part.model);
  ShapeParams params;
  for (auto _ : state) {
    const CalcParams::Fit& start = calc_params.fit(given);
    params.global = start.global;
    params.local = start.local;
    benchmark::DoNotOptimize(fit.run(gray, part.model.settings.tracking_windows, params));
  }
}
BENCHMARK(part)->DenseRange(0, 2)->Unit(benchmark::kMicrosecond);

void validator(benchmark::State& state) {
  const Scene* s = scene(state);
  if (s == nullptr) return;
  LandmarkFit face(s->model->face);
  const Eigen::VectorXf shape = face.shape(s->params);
  WholeGrayImage source = image(*s);
  GrayWindow gray(source);
  Validation validation(*s->model->validator);
  for (auto _ : state) {
    benchmark::DoNotOptimize(validation.certainty(gray, {0.1f, 0.04f, -0.06f}, shape.data()));
  }
}
BENCHMARK(validator)->Unit(benchmark::kMicrosecond);

/// A whole tracked frame on 1 and 2 threads: two scales, three parts, merge, validator.
void trackedFrame(benchmark::State& state) {
  const Scene* s = scene(state);
  if (s == nullptr) return;
  WholeGrayImage source = image(*s);
  GrayWindow gray(source);
  ClnfTracker tracker(s->model, {.threads = static_cast<int>(state.range(0))});
  const std::array<int, 4> windows = {0, 9, 7, 0};
  for (auto _ : state) {
    tracker.setState(s->params);
    benchmark::DoNotOptimize(tracker.fitFrame(gray, windows));
  }
}
BENCHMARK(trackedFrame)->Arg(1)->Arg(2)->UseRealTime()->Unit(benchmark::kMicrosecond);

/// The first frame: eleven start rotations.
void firstFrame(benchmark::State& state) {
  const Scene* s = scene(state);
  if (s == nullptr) return;
  WholeGrayImage source = image(*s);
  GrayWindow gray(source);
  ClnfTracker tracker(s->model, {.threads = static_cast<int>(state.range(0))});
  for (auto _ : state) benchmark::DoNotOptimize(tracker.fitFromBox(gray, s->box));
}
BENCHMARK(firstFrame)->Arg(1)->Arg(2)->UseRealTime()->Unit(benchmark::kMillisecond);

void loadModel(benchmark::State& state) {
  if (scene(state) == nullptr) return;
  for (auto _ : state) {
    benchmark::DoNotOptimize(
        ClnfModel::load(testing::landmarkModelDir() / "main_clnf_general.txt").ok());
  }
}
BENCHMARK(loadModel)->Unit(benchmark::kMillisecond);

}  // namespace
}  // namespace frontalis
