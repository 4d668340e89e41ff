// Each network of the open pack, per runtime and number of threads, in this process. PFLD is added
// where it is installed.

#include <benchmark/benchmark.h>

#include <algorithm>
#include <cmath>
#include <string>

#include "inference/network.h"
#include "models/pack.h"

namespace frontalis {
namespace {

void run(benchmark::State& state, const NetworkFile& file, const std::string& name) {
  RuntimeOptions options;
  options.runtime = name;
  options.threads = static_cast<int>(state.range(0));
  auto runtime = makeLocalRuntime(options);
  auto network =
      runtime.ok() ? (*runtime)->prepare(file) : Result<std::unique_ptr<Network>>(runtime.error());
  if (!network.ok()) {
    state.SkipWithError(network.error().text().c_str());
    return;
  }
  const std::span<float> input = (*network)->input(0);
  for (std::size_t i = 0; i < input.size(); ++i) {
    input[i] = 0.5f + 0.5f * std::sin(0.01f * static_cast<float>(i));
  }
  for (auto _ : state) {
    if (!(*network)->run().ok()) state.SkipWithError("run");
    benchmark::DoNotOptimize((*network)->output(0).data());
  }
}

struct Entry {
  const char* pack;
  const char* role;
  TensorShape shape;
};

void registerAll() {
  const Entry entries[] = {{"open", "face-detector", {1, 3, 192, 320}},
                           {"open", "landmarks", {1, 256, 256, 3}},
                           {"open", "blendshapes", {1, 146, 2}},
                           {"pfld", "landmarks-68", {1, 3, 112, 112}}};
  for (const Entry& entry : entries) {
    const auto pack = findPack(entry.pack);
    if (!pack.ok()) continue;
    const auto path = pack->file(entry.role);
    if (!path.ok()) continue;
    for (const char* runtime : {"openvino", "onnxruntime"}) {
      const std::string name = path->stem().string() + "/" + runtime;
      const NetworkFile file{*path, {entry.shape}};
      benchmark::RegisterBenchmark(name.c_str(), run, file, runtime)
          ->ArgName("threads")
          ->Arg(1)
          ->Arg(2)
          ->MeasureProcessCPUTime()
          ->UseRealTime()
          ->Unit(benchmark::kMillisecond);
    }
  }
}

[[maybe_unused]] const bool kRegistered = (registerAll(), true);

}  // namespace
}  // namespace frontalis
