// The stages after the landmarks (OpenFace's chain), one thread each. Needs no model files: shapes
// and pictures are made up, at the sizes of the real ones.
#include <benchmark/benchmark.h>

#include "shape/calc_params.h"
#include "support/synthetic_pdm.h"

namespace frontalis {
namespace {

Eigen::VectorXf face(const Pdm& pdm) {
  Eigen::VectorXf shape, image;
  pdm.shape2d({1.1f, 0.1f, 0.06f, -0.05f, 297, 214}, testing::randomLocal(pdm, 4), shape, image);
  std::srand(1);
  return image + 0.05f * Eigen::VectorXf::Random(image.size());
}

void calcParams(benchmark::State& state) {
  const Pdm pdm = testing::syntheticPdm(68, 34);
  const Eigen::VectorXf image = face(pdm);
  CalcParams solver(pdm);
  int iterations = 0;
  for (auto _ : state) {
    iterations = solver.fit(image).iterations;
    benchmark::DoNotOptimize(iterations);
  }
  state.counters["iterations"] = iterations;
}
BENCHMARK(calcParams)->Unit(benchmark::kMicrosecond);

}  // namespace
}  // namespace frontalis
