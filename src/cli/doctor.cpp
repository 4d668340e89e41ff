#include <Eigen/Core>
#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstdio>
#include <thread>

#include "cli/commands.h"
#include "cli/network_checks.h"
#include "frontalis/models.h"
#include "frontalis/version.h"
#include "models/pack.h"
#include "pipeline/analysis.h"
#include "util/processor.h"
#include "util/try.h"
#include "video/libav_versions.h"

namespace frontalis::cli {
namespace {

constexpr int kTimedRuns = 5;

/// Collects what is wrong while the tables are printed; told at the end, where it is seen.
class Findings {
 public:
  void wrong(const Error& error) { errors_.push_back(error); }
  [[nodiscard]] int tell() const {
    std::fflush(stdout);
    for (const Error& error : errors_) report(error);
    if (errors_.empty()) std::printf("\nAll is well.\n");
    return errors_.empty() ? kOk : kFailed;
  }

 private:
  std::vector<Error> errors_;
};

void line(const char* what, const std::string& text) {
  std::printf("%-13s %s\n", what, text.c_str());
}

void showSystem(Findings& findings) {
  line("frontalis", version());
  const std::string architecture = processorArchitecture();
  std::string processor = (architecture.empty() ? "unknown architecture" : architecture) + ", " +
                          std::to_string(std::max(1u, std::thread::hardware_concurrency())) +
                          " threads";
  for (const ProcessorFeature& feature : processorFeatures()) {
    processor += ", " + std::string(feature.present ? "" : "no ") + feature.name;
    if (feature.needed && !feature.present) {
      findings.wrong({ErrorCode::kUnsupported, "this build needs a processor with " + feature.name,
                      "Build from source with -DFRONTALIS_CPU="});
    }
  }
  line("processor", processor);
  for (const LibavVersion& library : libavVersions()) {
    const bool same = library.running == library.built;
    line(library.name.c_str(),
         library.running + (same ? "" : " (built with " + library.built + ")"));
    if (!library.matches) {
      findings.wrong({ErrorCode::kUnsupported,
                      library.name + " " + library.running + " is loaded, but this build needs " +
                          library.built,
                      "Install FFmpeg's libraries of that version, or build again"});
    }
  }
  line("Eigen", std::to_string(EIGEN_WORLD_VERSION) + "." + std::to_string(EIGEN_MAJOR_VERSION) +
                    "." + std::to_string(EIGEN_MINOR_VERSION));
}

const char* verdict(ModelState state) {
  switch (state) {
    case ModelState::kInstalled:
      return "ok";
    case ModelState::kUnverified:
      return "unverified";
    case ModelState::kMissing:
      return "missing";
    case ModelState::kCorrupt:
      return "CORRUPT";
  }
  return "";
}

/// Every file of what is installed; of the rest one line. Only the open pack has to be there.
void showModels(Findings& findings) {
  std::printf("\n%-44s %-12s %s\n", "MODELS", "SHA-256", "BYTES");
  const auto parts = listModels("", ModelCheck::kHash);
  if (!parts.ok()) {
    findings.wrong(parts.error());
    return;
  }
  for (const ModelPart& part : *parts) {
    const std::string name = part.part.empty() ? part.pack : part.pack + "/" + part.part;
    // Parts share files, so that an optional one may be there in part.
    const bool absent =
        part.optional ? part.state() == ModelState::kMissing
                      : std::all_of(part.files.begin(), part.files.end(), [](const auto& file) {
                          return file.state == ModelState::kMissing;
                        });
    if (absent && part.pack != "open") {
      std::printf("%-44s %s\n", name.c_str(), "not installed");
      continue;
    }
    std::printf("%s in %s\n", name.c_str(), part.folder.lexically_normal().c_str());
    for (const ModelFile& file : part.files) {
      std::printf("  %-42s %-12s %llu\n", file.path.filename().c_str(), verdict(file.state),
                  static_cast<unsigned long long>(file.bytes));
      if (!file.problem.empty()) {
        findings.wrong({file.state == ModelState::kMissing ? ErrorCode::kModelMissing
                                                           : ErrorCode::kModelCorrupt,
                        file.problem,
                        {}});
      }
    }
  }
}

/// Something that depends on the input, finite, and the same each time.
Status judge(Network& network, const std::string& name) {
  FRONTALIS_TRY(network.run());
  std::vector<float> first;
  for (std::size_t i = 0; i < network.outputCount(); ++i) {
    first.insert(first.end(), network.output(i).begin(), network.output(i).end());
  }
  FRONTALIS_TRY(network.run());
  const auto wrong = [&](const char* what) {
    return Error{ErrorCode::kInference, name + ": the runtime's results are " + what,
                 "Try another --device, and update its driver"};
  };
  std::size_t at = 0;
  for (std::size_t i = 0; i < network.outputCount(); ++i) {
    for (const float value : network.output(i)) {
      if (!std::isfinite(value)) return wrong("not finite");
      if (value != first[at++]) return wrong("not repeatable");
    }
  }
  if (first.empty() || std::all_of(first.begin(), first.end(),
                                   [&](float value) { return value == first.front(); })) {
    return wrong("all the same");
  }
  return {};
}

Status tryNetwork(Runtime& runtime, const Pack& pack, const NetworkCheck& check) {
  using Clock = std::chrono::steady_clock;
  const auto ms = [](Clock::duration time) {
    return std::chrono::duration<double, std::milli>(time).count();
  };
  FRONTALIS_ASSIGN(const auto file, pack.file(check.role));
  const std::string name = file.filename().string();
  const Clock::time_point start = Clock::now();
  FRONTALIS_ASSIGN(const std::unique_ptr<Network> network, runtime.prepare({file, {check.input}}));
  const double prepare_ms = ms(Clock::now() - start);
  fillInput(*network, check);
  FRONTALIS_TRY(judge(*network, name));
  double run_ms = 0;
  for (int run = 0; run < kTimedRuns; ++run) {
    const Clock::time_point begin = Clock::now();
    FRONTALIS_TRY(network->run());
    const double took = ms(Clock::now() - begin);
    run_ms = run == 0 ? took : std::min(run_ms, took);
  }
  std::printf("%-33s %12.0f %12.2f  ok\n", name.c_str(), prepare_ms, run_ms);
  return {};
}

void showNetworks(const Config& config, Findings& findings) {
  RuntimeOptions options = runtimeOptions(config);
  options.strict = true;  // its own failures, not what the CPU makes of them
  auto runtime = makeRuntime(options);
  const Result<std::string> described =
      runtime.ok() ? (*runtime)->describe() : Result<std::string>(runtime.error());
  std::printf("\n%-33s %12s %12s\n", "NETWORKS (one thread)", "PREPARE ms", "RUN ms");
  if (!described.ok()) {
    findings.wrong(described.error());
    return;
  }
  std::printf("%s\n", described->c_str());
  const Result<Pack> pack = findPack("open");
  if (!pack.ok()) return;  // told with the models
  for (const NetworkCheck& check : networkChecks()) {
    const Status status = tryNetwork(**runtime, *pack, check);
    if (status.ok()) continue;
    std::printf("%-33s %12s %12s  FAILED\n", check.role, "-", "-");
    const ErrorCode code = status.error().code;
    const bool told = code == ErrorCode::kModelCorrupt || code == ErrorCode::kModelMissing;
    if (!told || pack->file(check.role).ok()) findings.wrong(status.error());
  }
}

int examine(const Config& config) {
  Findings findings;
  showSystem(findings);
  showModels(findings);
  showNetworks(config, findings);
  return findings.tell();
}

}  // namespace

void addDoctor(CLI::App& app, Action& action) {
  auto config = std::make_shared<Config>();
  CLI::App* command = app.add_subcommand(
      "doctor",
      "Versions, processor, models and their hashes, a run of each of the open pack's networks");
  addRuntimeOptions(*command, *config);
  auto providers = std::make_shared<bool>(false);
  command->add_flag("--providers", *providers,
                    "Try every runtime and device: time, difference from the CPU, verdict");
  command->callback([config, providers, &action] {
    action = [config, providers] { return *providers ? tryProviders(*config) : examine(*config); };
  });
}

}  // namespace frontalis::cli
