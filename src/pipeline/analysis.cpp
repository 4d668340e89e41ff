#include "pipeline/analysis.h"

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <thread>

#include "models/pack.h"
#include "pipeline/open_analysis.h"
#include "pipeline/openface_analysis.h"
#include "util/try.h"

namespace frontalis {

Status Analysis::makeFirstMeter() {
  FRONTALIS_ASSIGN(first_meter_, makeMeter(provenance_, nullptr));
  return {};
}

int threadsOf(const Config& config) {
  return config.threads > 0 ? config.threads
                            : std::max(1, static_cast<int>(std::thread::hardware_concurrency()));
}

RuntimeOptions runtimeOptions(const Config& config, int callers) {
  RuntimeOptions options;
  options.runtime = config.runtime;
  options.device = config.device;
  options.callers = callers;
  options.strict = config.runtime_strict;
  options.prepare_limit_s = config.prepare_limit_s;
  options.run_limit_s = config.run_limit_s;
  options.notice = config.notice;
  return options;
}

bool readsOnnx(const Config& config) { return config.runtime == "onnxruntime"; }

Result<std::shared_ptr<Runtime>> runtimeFor(const Config& config) {
  const int callers = config.online ? 1 : threadsOf(config);
  FRONTALIS_ASSIGN(auto runtime, makeRuntime(runtimeOptions(config, callers)));
  return std::shared_ptr<Runtime>(std::move(runtime));
}

Result<std::unique_ptr<Analysis>> makeAnalysis(const Config& config, bool image) {
  FRONTALIS_ASSIGN(const Pack pack, findPack(config.pack));
  // What a pack holds decides how it is used, whatever its name.
  const bool linear_models = std::any_of(
      pack.files.begin(), pack.files.end(),
      [](const auto& file) { return file.role == "au-models" || file.role == "au-models-static"; });
  return linear_models ? makeOpenFaceAnalysis(config, pack, image)
                       : makeOpenAnalysis(config, pack, image);
}

void warnOfPixels(const InputInfo& input, Summary& summary) {
  constexpr double kSquareEnough = 0.03;
  if (std::abs(input.pixel_aspect - 1) <= kSquareEnough) return;
  char text[200];
  std::snprintf(
      text, sizeof(text),
      "its pixels are %.3g times as wide as high, but the face is measured as stored: make "
      "them square first (ffmpeg -i IN -vf scale=iw*sar:ih,setsar=1 OUT)",
      input.pixel_aspect);
  summary.warnings.emplace_back(text);
}

void describe(const Analysis& analysis, const StageTimer& times, Summary& summary) {
  const Provenance& provenance = analysis.provenance();
  summary.pack = provenance.pack;
  summary.pack_version = provenance.pack_version;
  if (analysis.runtime().loaded()) {
    const Result<std::string> text = analysis.runtime().describe();
    if (text.ok()) summary.runtime = *text;
  }
  summary.incidents = analysis.runtime().incidents();
  summary.models = provenance.models;
  for (const StageTimer::Stage& stage : times.stages()) {
    summary.stages.push_back({stage.name, stage.durations.count(), stage.durations.totalMs(),
                              stage.durations.quantileMs(0.5), stage.durations.quantileMs(0.95)});
  }
}

}  // namespace frontalis
