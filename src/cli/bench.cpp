// How fast this machine is: each way to analyse a video in a fresh process of its own, beside
// decoding alone.

#include <sys/resource.h>
#include <unistd.h>

#include <chrono>
#include <cstdio>
#include <map>
#include <nlohmann/json.hpp>
#include <optional>
#include <thread>

#include "cli/commands.h"
#include "cli/interrupt.h"
#include "frontalis/extractor.h"
#include "frontalis/version.h"
#include "util/child_process.h"
#include "util/error_name.h"
#include "util/executable.h"
#include "util/processor.h"
#include "util/try.h"
#include "video/video_reader.h"

namespace frontalis::cli {
namespace {

using Clock = std::chrono::steady_clock;
using Json = nlohmann::ordered_json;

constexpr int kReportDescriptor = 3;  // where ChildProcess listens

/// Ways to analyse; decoding alone comes first.
struct Way {
  const char* name;
  const char* pack;  ///< empty: decoding alone
  const char* landmarks;
};
constexpr Way kWays[] = {
    {"decode", "", ""},
    {"open", "open", "mesh"},
    {"openface pfld", "openface", "pfld"},
    {"openface clnf", "openface", "clnf"},
    {"openface mesh68", "openface", "mesh68"},
    {"openface ceclm", "openface", "ceclm"},
};

struct Options {
  std::string video;
  std::vector<int> threads;
  std::vector<std::string> only;
  int runs = 1;
  bool against_decode = false;
  bool json = false;
  std::string way;  // this process measures it and reports to descriptor 3
  bool first_row = false;
};

/// One run in one process.
struct Run {
  std::int64_t frames = 0;
  double seconds = 0;            ///< from before the video is opened to after the last row
  double processor_seconds = 0;  ///< of all threads, the program's start included
  std::uint64_t peak_bytes = 0;
  std::vector<StageTime> stages;
};

double secondsSince(Clock::time_point start) {
  return std::chrono::duration<double>(Clock::now() - start).count();
}

// ---------------------------------------------------------------- in the measured process

Result<Run> decodeAlone(const Options& options) {
  Run run;
  FRONTALIS_ASSIGN(VideoReader reader,
                   VideoReader::open(options.video, {.threads = options.threads.front()}));
  while (true) {
    FRONTALIS_ASSIGN(const std::optional<Frame> frame, reader.next());
    if (!frame) return run;
    ++run.frames;
  }
}

Result<Run> extractWhole(const Options& options, const Way& way) {
  Run run;
  Config config;
  config.pack = way.pack;
  config.landmarks = way.landmarks;
  config.threads = options.threads.front();
  config.online = options.first_row;
  FRONTALIS_ASSIGN(Extractor extractor, Extractor::open(options.video, config));
  while (true) {
    FRONTALIS_ASSIGN(const std::optional<Row> row, extractor.next());
    if (row) ++run.frames;
    if (!row || options.first_row) break;
  }
  if (!options.first_row) run.stages = extractor.summary().stages;
  return run;
}

Json toJson(const std::vector<StageTime>& stages, std::int64_t frames) {
  Json json = Json::object();
  for (const StageTime& stage : stages) {
    if (stage.calls > 0) json[stage.stage] = stage.total_ms / static_cast<double>(frames);
  }
  return json;
}

int measureHere(const Options& options) {
  Result<Run> run = Error{ErrorCode::kInvalidArgument, "no way \"" + options.way + "\"", ""};
  const Clock::time_point start = Clock::now();
  for (const Way& way : kWays) {
    if (options.way != way.name) continue;
    run = *way.pack == '\0' ? decodeAlone(options) : extractWhole(options, way);
  }
  Json json;
  if (run.ok()) {
    rusage usage{};
    ::getrusage(RUSAGE_SELF, &usage);
    const auto seconds = [](const timeval& t) {
      return static_cast<double>(t.tv_sec) + static_cast<double>(t.tv_usec) / 1e6;
    };
    json["frames"] = run->frames;
    json["seconds"] = secondsSince(start);
    json["processor_seconds"] = seconds(usage.ru_utime) + seconds(usage.ru_stime);
    json["stage_ms"] = toJson(run->stages, run->frames);
  } else {
    json["error"] = std::string(errorName(run.error().code));
    json["text"] = run.error().text();
  }
  const std::string text = json.dump(-1, ' ', false, Json::error_handler_t::replace) + "\n";
  const bool told =
      ::write(kReportDescriptor, text.data(), text.size()) == static_cast<ssize_t>(text.size());
  return told && run.ok() ? kOk : kFailed;
}

// ---------------------------------------------------------------- in the one that asks

/// What a fresh process measured. Errors: its own; kCancelled; kInternal when it died.
Result<Json> measureInProcess(const Options& options, const Way& way, int threads, bool first_row,
                              const Interrupt& interrupt) {
  std::vector<std::string> arguments = {
      "bench", options.video, "--threads", std::to_string(threads), "--way", way.name};
  if (first_row) arguments.emplace_back("--first-row");
  FRONTALIS_ASSIGN(ChildProcess child, ChildProcess::start(executablePath(), arguments));
  std::string text;
  std::string complaints;
  std::optional<ProcessEnd> end;
  while (!end) {
    if (interrupt.requested()) return Error{ErrorCode::kCancelled, "interrupted", ""};
    std::this_thread::sleep_for(std::chrono::milliseconds(10));
    end = child.end();
    (void)readAvailable(child.report(), text);
    (void)readAvailable(child.errors(), complaints);
  }
  Json json = Json::parse(text, nullptr, false);
  if (json.is_discarded() || !json.is_object()) {
    return Error{ErrorCode::kInternal,
                 std::string(way.name) + ": the measuring process ended without a word (signal " +
                     std::to_string(end->signal) + ") " + complaints,
                 ""};
  }
  json["peak_mb"] = static_cast<double>(end->peak_bytes) / 1e6;
  return json;
}

double framesPerSecond(const Json& run) {
  return run["frames"].get<double>() / std::max(1e-9, run["seconds"].get<double>());
}

class Bench {
 public:
  explicit Bench(const Options& options) : options_(options) {}

  int all() {
    Json report;
    report["frontalis"] = version();
    report["video"] = options_.video;
    report["cores"] = std::max(1u, std::thread::hardware_concurrency());
    report["runs"] = Json::array();
    if (!options_.json) {
      std::printf("%-16s %7s %8s %9s %8s %9s %9s %8s\n", "way", "threads", "frames", "frames/s",
                  "of decode", "cpu ms", "first row", "peak MB");
    }
    for (const int threads : options_.threads) {
      for (const Way& way : kWays) {
        const bool wanted =
            options_.only.empty() || *way.pack == '\0' ||
            std::find(options_.only.begin(), options_.only.end(), way.name) != options_.only.end();
        if (!wanted) continue;
        Result<Json> row = measure(way, threads);
        if (!row.ok() && row.error().code == ErrorCode::kCancelled) return kInterrupted;
        if (!row.ok()) return cli::report(row.error());
        print(*row);
        report["runs"].push_back(*std::move(row));
      }
    }
    if (options_.json) {
      std::printf("%s\n", report.dump(2, ' ', false, Json::error_handler_t::replace).c_str());
    } else {
      printStages(report["runs"]);
    }
    return kOk;
  }

 private:
  /// The fastest of the runs, as what else the machine does only ever slows.
  Result<Json> measure(const Way& way, int threads) {
    Json best;
    for (int i = 0; i < options_.runs; ++i) {
      if (options_.against_decode && *way.pack != '\0') {
        FRONTALIS_TRY(decode(threads));
      }
      if (::isatty(STDERR_FILENO) != 0) {
        std::fprintf(stderr, "\r\033[K%s, %d threads", way.name, threads);
      }
      FRONTALIS_ASSIGN(Json run, measureInProcess(options_, way, threads, false, interrupt_));
      if (::isatty(STDERR_FILENO) != 0) std::fprintf(stderr, "\r\033[K");
      run["way"] = way.name;
      run["threads"] = threads;
      if (run.contains("error")) {
        const bool missing = run["error"] == errorName(ErrorCode::kModelMissing);
        if (missing) return run;
        return Error{ErrorCode::kInternal,
                     std::string(way.name) + ": " + run["text"].get<std::string>(), ""};
      }
      run["frames_per_second"] = framesPerSecond(run);
      if (*way.pack == '\0') {
        double& known = decode_[threads];
        known = std::max(known, framesPerSecond(run));
      }
      if (best.is_null() || run["seconds"] < best["seconds"]) best = std::move(run);
    }
    best["of_decode"] = framesPerSecond(best) / decode_[threads];
    if (*way.pack != '\0') {
      FRONTALIS_ASSIGN(const Json first,
                       measureInProcess(options_, way, threads, true, interrupt_));
      best["first_row_seconds"] = first["seconds"];
    }
    return best;
  }

  /// Decoding alone once more, beside what is compared with it.
  Status decode(int threads) {
    FRONTALIS_ASSIGN(const Json run,
                     measureInProcess(options_, kWays[0], threads, false, interrupt_));
    decode_[threads] = framesPerSecond(run);
    return {};
  }

  void print(const Json& run) const {
    if (options_.json) return;
    const std::string way = run["way"];
    if (run.contains("error")) {
      std::printf("%-16s %7d  its models are not installed\n", way.c_str(),
                  run["threads"].get<int>());
    } else {
      const auto frames = run["frames"].get<double>();
      std::printf("%-16s %7d %8.0f %9.0f %8.0f%% %9.2f", way.c_str(), run["threads"].get<int>(),
                  frames, framesPerSecond(run), 100 * run["of_decode"].get<double>(),
                  1000 * run["processor_seconds"].get<double>() / frames);
      if (run.contains("first_row_seconds")) {
        std::printf(" %7.2f s", run["first_row_seconds"].get<double>());
      } else {
        std::printf(" %9s", "");
      }
      std::printf(" %8.0f\n", run["peak_mb"].get<double>());
    }
    std::fflush(stdout);
  }

  static void printStages(const Json& runs) {
    std::printf("\nms a frame, by stage\n");
    for (const Json& run : runs) {
      if (!run.contains("stage_ms") || run["stage_ms"].empty()) continue;
      std::printf("%-16s %7d ", run["way"].get<std::string>().c_str(), run["threads"].get<int>());
      double analysis = 0;
      for (const auto& [stage, ms] : run["stage_ms"].items()) {
        std::printf(" %s %.3f", stage.c_str(), ms.get<double>());
        if (stage != "decode") analysis += ms.get<double>();
      }
      std::printf("  (all but decode: %.2f)\n", analysis);
    }
  }

  const Options& options_;
  Interrupt interrupt_;
  std::map<int, double> decode_;  // frames/s by threads
};

}  // namespace

void addBench(CLI::App& app, Action& action) {
  auto options = std::make_shared<Options>();
  CLI::App* command = app.add_subcommand(
      "bench", "Measures decoding alone and each installed way to analyse a video");
  command->add_option("video", options->video, "A video; the longer, the steadier the figures")
      ->required()
      ->check(CLI::ExistingFile);
  command->add_option("--threads", options->threads, "Numbers of threads [default: 1 and all]")
      ->check(CLI::Range(1, 1024));
  std::vector<std::string> ways;
  for (const Way& way : kWays) ways.emplace_back(way.name);
  command->add_option("--only", options->only, "Ways to measure, e.g. open \"openface clnf\"")
      ->check(CLI::IsMember(ways));
  command->add_option("--runs", options->runs, "Runs of each; the fastest counts")
      ->check(CLI::Range(1, 100))
      ->capture_default_str();
  command->add_flag(
      "--against-decode", options->against_decode,
      "Decode alone again before each run, so that the ratio holds on a busy machine");
  command->add_flag("--json", options->json, "JSON instead of tables");
  command->add_option("--way", options->way)->group("");  // for the processes it starts
  command->add_flag("--first-row", options->first_row)->group("");
  command->callback([options, &action] {
    action = [options] {
      if (options->threads.empty()) {
        options->threads = {1};
        const unsigned cores = std::thread::hardware_concurrency();
        if (cores > 1) options->threads.push_back(static_cast<int>(cores));
      }
      return options->way.empty() ? Bench(*options).all() : measureHere(*options);
    };
  });
}

}  // namespace frontalis::cli
