#include "batch/batch.h"

#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <csignal>
#include <cstdio>

#include "cli/commands.h"
#include "cli/extract_options.h"
#include "cli/progress.h"
#include "util/executable.h"

namespace frontalis::cli {
namespace {

namespace fs = std::filesystem;

struct Options : ExtractOptions {
  BatchRequest request;
  bool hog = false, aligned = false, features = false;
  std::int64_t timeout = 0;
  bool quiet = false;
};

std::atomic<bool> stop_asked{false};

void onStop(int signal) {
  stop_asked = true;
  std::signal(signal, SIG_DFL);  // a second one ends at once
}

/// How many videos are done, and the time left.
class BatchLine {
 public:
  explicit BatchLine(bool quiet)
      : line_(quiet, std::chrono::milliseconds(200), std::chrono::seconds(30)) {}

  void show(const BatchProgress& now) {
    if (!line_.due()) return;
    if (first_share_ < 0) first_share_ = now.share;
    std::string line = std::to_string(now.ended) + "/" + std::to_string(now.videos) + " videos  " +
                       barText(now.share);
    const double seconds = std::chrono::duration<double>(Clock::now() - start_).count();
    if (const double gained = now.share - first_share_; gained > 0) {
      line += "  " + clockText(seconds * (1 - now.share) / gained) + " left";
    }
    line += "  " + std::to_string(now.running) + " at work";
    if (now.failed > 0) line += "  " + std::to_string(now.failed) + " failed";
    line_.show(line);
  }
  void clear() { line_.clear(); }

 private:
  using Clock = std::chrono::steady_clock;

  StatusLine line_;
  double first_share_ = -1;
  Clock::time_point start_ = Clock::now();
};

/// For a shell.
std::string quoted(const std::string& word) {
  constexpr const char* kPlain =
      "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_./-+=:,@%";
  if (!word.empty() && word.find_first_not_of(kPlain) == std::string::npos) return word;
  std::string out = "'";
  for (const char c : word) out += c == '\'' ? std::string("'\\''") : std::string(1, c);
  return out + "'";
}

void printSummary(const BatchReport& report, const fs::path& out) {
  constexpr std::size_t kShown = 20;
  const auto wanting = [](const VideoRecord& v) {
    return v.state == VideoState::kFailed || v.state == VideoState::kDamaged;
  };
  std::size_t shown = 0, more = 0;
  std::int64_t frames = 0, with_face = 0;
  for (const VideoRecord& video : report.videos) {
    frames += video.written() ? video.frames : 0;
    with_face += video.written() ? video.frames_with_face : 0;
    if (!wanting(video)) continue;
    if (++shown > kShown) {
      ++more;
      continue;
    }
    if (shown == 1) std::printf("%-8s %-8s %s\n", "state", "attempts", "video");
    std::string why = video.message;
    if (why.empty() && !video.warnings.empty())
      why = video.input.string() + ": " + video.warnings[0];
    if (why.empty()) why = video.input.string();
    std::printf("%-8s %8d %s\n", std::string(stateName(video.state)).c_str(), video.attempt,
                why.c_str());
  }
  if (more > 0) std::printf("... and %zu more, see summary.csv\n", more);
  if (shown > 0) std::printf("\n");
  const std::size_t waiting = report.count(VideoState::kInterrupted);
  const auto row = [](const char* name, std::size_t value) {
    if (value > 0) std::printf("%-24s %10zu\n", name, value);
  };
  row("videos", report.videos.size());
  row("  done", report.count(VideoState::kDone));
  row("  damaged", report.count(VideoState::kDamaged));
  row("  failed", report.count(VideoState::kFailed));
  row("  not yet", waiting);
  row("  of an earlier run", report.earlier);
  row("frames", static_cast<std::size_t>(frames));
  row("  with a face", static_cast<std::size_t>(with_face));
  std::printf("%-24s %10s\n", "time", clockText(report.seconds).c_str());
  std::printf("%s\n", (out / "summary.csv").c_str());
  std::fflush(stdout);
}

/// Going on would fail alike.
bool wrongUse(const BatchReport& report) {
  return report.broken && report.broken->code == ErrorCode::kInvalidArgument;
}

int exitCode(const BatchReport& report) {
  if (report.broken) return wrongUse(report) ? kUsage : kFailed;
  if (report.stopped) return kInterrupted;
  const std::size_t done = report.count(VideoState::kDone);
  const std::size_t damaged = report.count(VideoState::kDamaged);
  if (done + damaged == 0) return kFailed;
  return done == report.videos.size() ? kOk : kPartial;
}

/// Paths among the options hold wherever the batch is gone on with.
std::string withAbsolutePath(const std::string& argument) {
  for (const char* name : {"--pack=", "--landmarks="}) {
    if (!argument.starts_with(name)) continue;
    const std::string value = argument.substr(std::string(name).size());
    if (value.find('/') == std::string::npos && !value.ends_with(".csv")) continue;
    std::error_code ignored;
    const std::string path = fs::absolute(value, ignored).lexically_normal().string();
    return name + path + (path.find('/') == std::string::npos ? "/" : "");
  }
  return argument;
}

int runAll(Options& options) {
  BatchRequest& request = options.request;
  request.program = executablePath();
  request.threads = options.config.threads;
  request.timeout = std::chrono::seconds(options.timeout);
  request.arguments = givenArguments(options);
  for (std::string& argument : request.arguments) argument = withAbsolutePath(argument);
  if (options.hog) request.arguments.emplace_back("--hog");
  if (options.aligned) request.arguments.emplace_back("--aligned");
  if (options.features) request.arguments.emplace_back("--features");

  for (const int signal : {SIGINT, SIGTERM, SIGHUP}) std::signal(signal, onStop);
  std::signal(SIGPIPE, SIG_IGN);  // who reads our output may go; the work stays
  BatchLine line(options.quiet);
  BatchObserver observer;
  observer.progress = [&](const BatchProgress& now) {
    line.show(now);
    return !stop_asked;
  };
  observer.ended = [&](const VideoRecord& video) {
    if (video.state != VideoState::kFailed) return;
    line.clear();
    std::fprintf(stderr, "error: %s\n", video.message.c_str());
  };
  const Result<BatchReport> done = runBatch(request, observer);
  line.clear();
  if (!done.ok()) return report(done.error());
  for (const std::string& warning : done->warnings) {
    std::fprintf(stderr, "warning: %s\n", warning.c_str());
  }
  printSummary(*done, request.out);
  if (done->broken) report(*done->broken);
  if ((done->broken || done->stopped) && !wrongUse(*done)) {
    std::fprintf(stderr, "go on with: frontalis batch --resume -o %s\n",
                 quoted(request.out.string()).c_str());
  }
  return exitCode(*done);
}

}  // namespace

void addBatch(CLI::App& app, Action& action) {
  auto options = std::make_shared<Options>();
  BatchRequest& request = options->request;
  CLI::App* command = app.add_subcommand(
      "batch", "Many videos, each in a process of its own; can be stopped and gone on with");
  command->add_option("input", request.inputs,
                      "Videos, folders searched for videos, or .txt lists of both");
  command->add_option("-o,--output", request.out, "Folder for tables, manifest.jsonl, summary.csv")
      ->required();
  command->add_option("--jobs", request.jobs, "Videos at once; 0 = one per core")
      ->check(CLI::Range(0, 1024))
      ->capture_default_str();
  command
      ->add_option("--memory", request.memory,
                   "Memory for all videos at work together, as 6G [default: 80 % of what is free]")
      ->transform(CLI::AsSizeValue(false));
  command
      ->add_option("--timeout", options->timeout,
                   "Seconds after which a video is given up; 0 = never, unless it makes no "
                   "progress for ten minutes")
      ->check(CLI::Range(0, 10'000'000))
      ->capture_default_str();
  command
      ->add_option("--retries", request.retries,
                   "Further attempts after a crash, a timeout or a read error")
      ->check(CLI::Range(0, 100))
      ->capture_default_str();
  CLI::Option* resume =
      command->add_flag("--resume", request.resume,
                        "Go on: what is done stays; inputs and options are the folder's own");
  command
      ->add_flag("--retry-failed", request.retry_failed,
                 "With --resume: try again what failed for good")
      ->needs(resume);
  command->add_flag("--redo", request.redo, "Do everything again");
  command->add_flag("--hog", options->hog, "Write the FHOG descriptors too, as .hog");
  command->add_flag("--aligned", options->aligned, "Write the aligned faces too, as a folder");
  command->add_flag("--features", options->features,
                    "Write what is measured on: .hog, aligned faces, shape and geometry");
  addExtractOptions(*command, *options);
  command->add_flag("-q,--quiet", options->quiet, "No progress, only errors and the summary");
  command->callback([options, &action] { action = [options] { return runAll(*options); }; });
}

}  // namespace frontalis::cli
