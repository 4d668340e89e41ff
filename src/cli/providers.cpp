#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstdio>
#include <string>
#include <vector>

#include "cli/commands.h"
#include "cli/memory_limit.h"
#include "cli/network_checks.h"
#include "models/pack.h"
#include "pipeline/analysis.h"
#include "util/try.h"

namespace frontalis::cli {
namespace {

using Clock = std::chrono::steady_clock;

constexpr int kTimedRuns = 9;

struct Provider {
  const char* runtime;
  const char* device;
};
constexpr Provider kProviders[] = {
    {"openvino", "CPU"},    {"openvino", "GPU"},       {"openvino", "NPU"},    {"openvino", "AUTO"},
    {"onnxruntime", "cpu"}, {"onnxruntime", "coreml"}, {"onnxruntime", "cuda"}};

struct Trial {
  double prepare_ms = 0;
  double run_ms = 0;      // median
  double difference = 0;  // largest
};

double msSince(Clock::time_point began) {
  return std::chrono::duration<double, std::milli>(Clock::now() - began).count();
}

Result<Trial> tryNetwork(Runtime& runtime, Runtime& cpu, const NetworkFile& file,
                         const NetworkCheck& check) {
  Trial trial;
  const Clock::time_point began = Clock::now();
  FRONTALIS_ASSIGN(const auto network, runtime.prepare(file));
  trial.prepare_ms = msSince(began);
  FRONTALIS_ASSIGN(const auto reference, cpu.prepare(file));
  fillInput(*network, check);
  fillInput(*reference, check);
  FRONTALIS_TRY(reference->run());
  std::vector<double> times;
  for (int run = 0; run < kTimedRuns; ++run) {
    const Clock::time_point start = Clock::now();
    FRONTALIS_TRY(network->run());
    times.push_back(msSince(start));
    for (std::size_t i = 0; i < network->outputCount(); ++i) {
      for (std::size_t k = 0; k < network->output(i).size(); ++k) {
        trial.difference = std::max(
            trial.difference,
            static_cast<double>(std::abs(network->output(i)[k] - reference->output(i)[k])));
      }
    }
  }
  std::sort(times.begin(), times.end());
  trial.run_ms = times[times.size() / 2];
  return trial;
}

/// A table cell: the first line, not too long.
std::string brief(const Error& error) {
  std::string text = error.message.substr(0, error.message.find('\n'));
  if (text.size() > 160) text = text.substr(0, 157) + "...";
  return text;
}

void row(const Provider& provider, const std::string& network, const std::string& numbers,
         const std::string& verdict) {
  std::printf("%-12s %-7s %-31s %s  %s\n", provider.runtime, provider.device, network.c_str(),
              numbers.c_str(), verdict.c_str());
  std::fflush(stdout);  // the next one may take minutes
}

/// False when one of its networks cannot be used.
bool tryProvider(const Provider& provider, const Config& config, const Pack& pack) {
  const std::string none = "         -        -          -";
  RuntimeOptions options = runtimeOptions(config);
  options.runtime = provider.runtime;
  options.device = provider.device;
  options.strict = true;
  options.notice = [](const std::string& line) { std::fprintf(stderr, "%s\n", line.c_str()); };
  auto runtime = makeRuntime(options);
  auto cpu = makeRuntime(RuntimeOptions());
  if (!runtime.ok() || !cpu.ok()) {
    row(provider, "", none, "not here: " + brief(runtime.ok() ? cpu.error() : runtime.error()));
    return false;
  }
  bool good = true;
  for (const NetworkCheck& check : networkChecks()) {
    const auto file = pack.file(check.role);
    if (!file.ok()) {
      row(provider, check.role, none, brief(file.error()));
      good = false;
      continue;
    }
    const std::string name = file->filename().string();
    const auto trial = tryNetwork(**runtime, **cpu, {*file, {check.input}}, check);
    if (!trial.ok()) {
      good = false;
      row(provider, name, none, "no: " + brief(trial.error()));
      if (!(*runtime)->incidents().empty()) break;  // the others would say the same
      continue;
    }
    char numbers[64];
    std::snprintf(numbers, sizeof(numbers), "%10.0f %8.2f %10.2g", trial->prepare_ms, trial->run_ms,
                  trial->difference);
    row(provider, name, numbers, "ok");
  }
  return good;
}

}  // namespace

int tryProviders(const Config& config) {
  const Result<Pack> pack = findPack("open");
  if (!pack.ok()) return report(pack.error());
  std::printf("%-12s %-7s %-31s %10s %8s %10s  %s\n", "RUNTIME", "DEVICE", "NETWORK (one thread)",
              "PREPARE ms", "RUN ms", "DIFFERENCE", "VERDICT");
  liftMemoryLimit();
  bool cpu_works = false;
  for (const Provider& provider : kProviders) {
    const bool good = tryProvider(provider, config, *pack);
    if (&provider == &kProviders[0]) cpu_works = good;
  }
  std::printf(
      "\nPREPARE: process, library, compilation and warm-up. RUN: median of %d. "
      "DIFFERENCE: largest, from OpenVINO on the CPU.\n",
      kTimedRuns);
  return cpu_works ? kOk : kFailed;
}

}  // namespace frontalis::cli
