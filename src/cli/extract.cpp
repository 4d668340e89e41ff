#include <atomic>
#include <csignal>
#include <cstdio>
#include <map>

#include "cli/commands.h"
#include "cli/extract_options.h"
#include "cli/progress.h"
#include "cli/worker_report.h"
#include "output/extract_file.h"

namespace frontalis::cli {
namespace {

namespace fs = std::filesystem;

struct Options : ExtractOptions {
  std::vector<std::string> inputs;
  std::string output;
  std::string hog;
  std::string aligned;
  std::string features;
  bool annotate = false;
  bool quiet = false;
  bool profile = false;
  int report_descriptor = -1;
};

std::atomic<bool> interrupted{false};

/// The first Ctrl-C ends the run in good order, a second one at once.
void onInterrupt(int) {
  interrupted = true;
  std::signal(SIGINT, SIG_DFL);
  std::signal(SIGTERM, SIG_DFL);
}

const char* extension(const Options& options) {
  return options.format == "jsonl" ? ".jsonl" : ".csv";
}

bool isFolder(const std::string& output) {
  return !output.empty() && (output.back() == '/' || fs::is_directory(output));
}

/// Where -o names a table, its suffix is the format's.
Status chooseFormat(Options& options) {
  if (isFolder(options.output)) return {};
  const fs::path suffix = fs::path(options.output).extension();
  const bool table = suffix == ".csv" || suffix == ".jsonl";
  if (options.inputs.size() > 1 && (table || options.output == "-")) {
    return Error{ErrorCode::kInvalidArgument,
                 "-o " + options.output + " is one table, but there are several inputs",
                 "Name a folder, or extract them one by one"};
  }
  if (suffix == ".jsonl" && !options.given("--format")) options.format = "jsonl";
  if (suffix == ".parquet" || suffix == ".feather") {
    return Error{ErrorCode::kInvalidArgument,
                 "-o " + options.output + ": this command writes .csv and .jsonl",
                 "The Python package writes " + suffix.string() + ": frontalis.extract_to_file"};
  }
  if (suffix == ".json" || (table && suffix != extension(options))) {
    return Error{ErrorCode::kInvalidArgument,
                 "-o " + options.output + ": a table of this format ends in " + extension(options),
                 "Change the name or --format"};
  }
  return {};
}

/// One output name an input; two inputs may not share one.
Result<std::vector<fs::path>> outputNames(const Options& options) {
  if (options.inputs.size() == 1 && !options.output.empty() && !isFolder(options.output)) {
    return std::vector<fs::path>{options.output};
  }
  if (options.inputs.size() > 1 && !options.output.empty() && fs::exists(options.output) &&
      !fs::is_directory(options.output)) {
    return Error{ErrorCode::kInvalidArgument,
                 "-o " + options.output + " is a file, but there are several inputs",
                 "Name a folder"};
  }
  std::vector<fs::path> names;
  std::map<fs::path, std::string> taken;
  for (const std::string& input : options.inputs) {
    fs::path stem = fs::path(input).lexically_normal();
    if (!stem.has_filename()) stem = stem.parent_path();
    const fs::path name =
        fs::path(options.output) / stem.filename().replace_extension(extension(options));
    const auto [place, fresh] = taken.emplace(name, input);
    if (!fresh) {
      return Error{ErrorCode::kInvalidArgument,
                   place->second + " and " + input + " would both be written to " + name.string(),
                   "Extract them into different folders"};
    }
    names.push_back(name);
  }
  return names;
}

void printProfile(const Summary& summary) {
  double total = 0;
  for (const StageTime& stage : summary.stages) total += stage.total_ms;
  std::fprintf(stderr, "%-16s %9s %11s %11s %7s\n", "stage", "calls", "median ms", "p95 ms",
               "share");
  for (const StageTime& stage : summary.stages) {
    std::fprintf(stderr, "%-16s %9lld %11.3f %11.3f %6.1f%%\n", stage.stage.c_str(),
                 static_cast<long long>(stage.calls), stage.median_ms, stage.p95_ms,
                 total > 0 ? 100 * stage.total_ms / total : 0.0);
  }
}

int extractOne(Options& options, const std::string& input, const fs::path& output,
               WorkerReport& worker) {
  ProgressLine progress(fs::path(input).filename().string(), options.quiet);
  ExtractRequest request;
  request.input = input;
  request.output = output;
  request.format = options.format == "jsonl" ? RowFormat::kJsonLines : RowFormat::kCsv;
  request.hog = options.hog;
  request.aligned_folder = options.aligned;
  if (!options.features.empty()) {
    const std::string stem =
        output == "-" ? fs::path(input).stem().string() : output.stem().string();
    const fs::path folder = options.features;
    if (request.hog.empty()) request.hog = folder / (stem + ".hog");
    if (request.aligned_folder.empty()) request.aligned_folder = folder / (stem + "_aligned");
    request.geometry = folder / (stem + "_geometry.csv");
  }
  if (options.annotate) {
    request.annotated = output == "-" ? fs::path(input).filename() : output;
    request.annotated.replace_filename(request.annotated.stem().string() + "_annotated.png");
  }
  request.wanted = options.columns;
  request.wanted.sides = !options.sides.empty();
  request.wanted.shape = true;          // where there is one
  if (options.config.pack != "open") {  // OpenFace's tables have every group
    request.wanted.gaze = request.wanted.landmarks_2d = request.wanted.landmarks_3d = true;
  }
  request.config = options.config;
  request.config.features = !options.features.empty();
  request.config.mirror_sides = options.sides == "mirror";
  request.config.notice = [&](const std::string& line) {
    progress.finish();
    std::fprintf(stderr, "%s: %s\n", input.c_str(), line.c_str());
  };
  request.opened = [&](const InputInfo& info) { worker.opened(info); };
  request.progress = [&](const Progress& now) {
    worker.progress(now);
    progress.show(now.frames, now.expected_frames);
    return !interrupted;
  };
  const Result<ExtractReport> done = extractToFile(request);
  progress.finish();
  if (!done.ok()) {
    worker.failed(done.error());
    return report(done.error());
  }
  worker.done(*done);

  const Summary& summary = done->summary;
  if (!summary.incidents.empty()) useTheCpu(options.config);
  for (const std::string& warning : summary.warnings) {
    std::fprintf(stderr, "warning: %s: %s\n", input.c_str(), warning.c_str());
  }
  if (!options.quiet && output != "-") {
    std::fprintf(stderr, "%s: %lld frames, %lld with a face -> %s\n", input.c_str(),
                 static_cast<long long>(summary.frames),
                 static_cast<long long>(summary.frames_with_face), output.c_str());
  }
  if (options.profile) printProfile(summary);
  if (summary.interrupted) return kInterrupted;
  return summary.truncated || summary.decode_errors > 0 ? kPartial : kOk;
}

/// A worker of a batch writes beside its table only, whatever its manifest's options say.
Status checkPlaces(const Options& options) {
  if (options.report_descriptor < 0) return {};
  const fs::path folder = fs::path(options.output).parent_path().lexically_normal();
  for (const fs::path place : {options.hog, options.aligned, options.features}) {
    const fs::path inside = place.lexically_normal().lexically_relative(folder);
    if (place.empty() || (!inside.empty() && *inside.begin() != "..")) continue;
    return Error{ErrorCode::kInvalidArgument,
                 "a batch writes into its own folder, not to " + place.string(),
                 "Check the arguments in its manifest.jsonl"};
  }
  return {};
}

int extractAll(Options& options) {
  if (const Status chosen = chooseFormat(options); !chosen.ok()) return report(chosen.error());
  const Result<std::vector<fs::path>> outputs = outputNames(options);
  if (!outputs.ok()) return report(outputs.error());
  if (options.inputs.size() > 1 && (!options.hog.empty() || !options.aligned.empty())) {
    return report({ErrorCode::kInvalidArgument, "--hog and --aligned name the files of one input",
                   "Extract the inputs one by one"});
  }
  Result<WorkerReport> worker = WorkerReport::create(options.report_descriptor);
  if (!worker.ok()) {
    report(worker.error());
    return kUsage;
  }
  if (const Status places = checkPlaces(options); !places.ok()) {
    worker->failed(places.error());
    return report(places.error());
  }
  std::signal(SIGINT, onInterrupt);
  std::signal(SIGTERM, onInterrupt);
  int worst = kOk;
  std::size_t failed = 0;
  for (std::size_t i = 0; i < options.inputs.size(); ++i) {
    const int code = extractOne(options, options.inputs[i], (*outputs)[i], *worker);
    if (code == kInterrupted || interrupted) return kInterrupted;
    if (code == kFailed || code == kUsage) ++failed;
    worst = std::max(worst, code);
  }
  // Some inputs failed, others did not: what was written stays, the code tells.
  return failed > 0 && failed < options.inputs.size() ? static_cast<int>(kPartial) : worst;
}

}  // namespace

void addExtract(CLI::App& app, Action& action) {
  auto options = std::make_shared<Options>();
  CLI::App* command =
      app.add_subcommand("extract", "Action units, head pose and landmarks, frame by frame");
  command->add_option("input", options->inputs, "Videos, images, or folders of images")->required();
  command->add_option("-o,--output", options->output,
                      "Table to write (.jsonl: JSON lines), or a folder; \"-\" for standard output "
                      "[default: the input's name with .csv, here]");
  command->add_option("--hog", options->hog, "Write the FHOG descriptors as OpenFace's .hog file");
  command->add_option("--aligned", options->aligned, "Folder for the aligned 112x112 faces (.bmp)");
  command->add_option("--features", options->features,
                      "Folder for what is measured on: .hog, aligned faces, shape and geometry "
                      "(open pack: with the free face model)");
  command->add_flag("--annotate", options->annotate,
                    "Of one image: also a picture with landmarks, axes and bars, beside the table "
                    "as NAME_annotated.png");
  addExtractOptions(*command, *options);
  command->add_flag("--profile", options->profile, "Print ms per stage");
  command->add_option("--report-fd", options->report_descriptor)->group("");  // for batch
  command->add_flag("-q,--quiet", options->quiet, "No progress, only warnings and errors");
  command->callback([options, &action] { action = [options] { return extractAll(*options); }; });
}

}  // namespace frontalis::cli
