#include "frontalis/mirror.h"

#include <algorithm>
#include <cstdio>
#include <map>
#include <memory>

#include "cli/commands.h"
#include "cli/interrupt.h"
#include "cli/memory_limit.h"
#include "cli/progress.h"
#include "output/mirror_report.h"
#include "util/csv_table.h"
#include "util/file.h"

namespace frontalis::cli {
namespace {

namespace fs = std::filesystem;

struct Options {
  std::vector<std::string> videos;
  std::string folder = ".";
  bool software = false;
  bool videos_only = false;
  bool tables_only = false;
  bool quiet = false;
  MirrorOptions mirror;
};

/// One line of the table over all videos.
struct Outcome {
  std::string video;
  std::string state;  // done, kept, partial, failed, interrupted
  std::int64_t frames = 0, with_face = 0;
  std::string usable;  // %, empty when not known
  std::string verdict;
  std::string remark;
};

std::string quoted(const std::string& text) {
  if (text.find_first_of(",\"\n\r") == std::string::npos) return text;
  std::string out = "\"";
  for (const char c : text) {
    if (c == '"') out += '"';
    out += c;
  }
  return out + "\"";
}

std::string percent(double share) {
  char text[16];
  std::snprintf(text, sizeof(text), "%.1f", 100 * share);
  return text;
}

/// The AU whose sides differ most at their peaks, in words.
std::string strongest(const MirrorReport& report) {
  const AuAsymmetry* most = nullptr;
  for (const AuAsymmetry& au : report.aus) {
    if (au.active_frames == 0) continue;
    if (most == nullptr || std::abs(au.at_peak) > std::abs(most->at_peak)) most = &au;
  }
  if (most == nullptr) return "";
  char text[80];
  std::snprintf(text, sizeof(text), "AU%02d right %.1f, left %.1f", most->au,
                static_cast<double>(most->right_peak), static_cast<double>(most->left_peak));
  return text;
}

Outcome mirrorOne(Options& options, const std::string& video, const Interrupt& interrupt,
                  int& code) {
  Outcome outcome{video, "failed", 0, 0, "", "", ""};
  ProgressLine progress(fs::path(video).filename().string(), options.quiet);
  MirrorOptions mirror_options = options.mirror;
  mirror_options.config.notice = [&](const std::string& line) {
    progress.finish();
    std::fprintf(stderr, "%s: %s\n", video.c_str(), line.c_str());
  };
  mirror_options.progress = [&](const Progress& now) {
    progress.show(now.frames, now.expected_frames);
    return !interrupt.requested();
  };
  const Result<MirrorReport> done = mirror(video, options.folder, mirror_options);
  progress.finish();
  if (!done.ok()) {
    code = report(done.error());
    outcome.remark = done.error().message;
    if (done.error().code == ErrorCode::kCancelled) {
      outcome.state = "interrupted";
      code = kInterrupted;
    }
    return outcome;
  }
  code = kOk;
  if (done->kept) {
    outcome.state = "kept";
    if (!options.quiet) {
      std::fprintf(stderr, "%s: results are there already; --overwrite makes them anew\n",
                   video.c_str());
    }
    return outcome;
  }
  const Summary& summary = done->summary;
  if (!summary.incidents.empty()) useTheCpu(options.mirror.config);
  for (const std::string& warning : summary.warnings) {
    std::fprintf(stderr, "warning: %s: %s\n", video.c_str(), warning.c_str());
  }
  const bool damaged = summary.truncated || summary.decode_errors > 0;
  outcome.state = damaged ? "partial" : "done";
  outcome.frames = summary.frames;
  outcome.with_face = summary.frames_with_face;
  outcome.usable = percent(done->usability.usable_share);
  outcome.verdict = wordFor(done->usability.verdict);
  outcome.remark = strongest(*done);
  if (!options.quiet) {
    std::fprintf(stderr, "%s: %lld frames, %lld with a face, %s %% usable (%s)", video.c_str(),
                 static_cast<long long>(summary.frames),
                 static_cast<long long>(summary.frames_with_face), outcome.usable.c_str(),
                 outcome.verdict.c_str());
    for (const std::string& reason : done->usability.reasons) {
      std::fprintf(stderr, "; %s", reason.c_str());
    }
    std::fprintf(stderr, "\n");
    if (!done->encoder.empty()) {
      std::fprintf(stderr, "  videos by %s%s\n", done->encoder.c_str(),
                   done->audio ? ", with sound" : "");
    }
    for (const fs::path& file : done->files) std::fprintf(stderr, "  %s\n", file.c_str());
  }
  if (damaged) code = kPartial;
  return outcome;
}

void printTable(const std::vector<Outcome>& outcomes) {
  std::size_t width = 5;
  for (const Outcome& o : outcomes) width = std::max(width, o.video.size());
  std::printf("%-*s  %-11s %8s %9s %8s  %-8s %s\n", static_cast<int>(width), "video", "state",
              "frames", "with face", "usable %", "verdict", "largest difference");
  for (const Outcome& o : outcomes) {
    std::printf("%-*s  %-11s %8lld %9lld %8s  %-8s %s\n", static_cast<int>(width), o.video.c_str(),
                o.state.c_str(), static_cast<long long>(o.frames),
                static_cast<long long>(o.with_face), o.usable.c_str(), o.verdict.c_str(),
                o.remark.c_str());
  }
}

Status writeTable(const std::vector<Outcome>& outcomes, const fs::path& file) {
  std::string text = "video,state,frames,with_face,usable_percent,verdict,remark\n";
  for (const Outcome& o : outcomes) {
    text += quoted(o.video) + "," + o.state + "," + std::to_string(o.frames) + "," +
            std::to_string(o.with_face) + "," + o.usable + "," + o.verdict + "," +
            quoted(o.remark) + "\n";
  }
  return writeFile(file, text);
}

/// Results that were kept have their numbers from the table that an earlier run left.
void recall(std::vector<Outcome>& outcomes, const fs::path& file) {
  const Result<CsvTable> table = CsvTable::read(file);
  if (!table.ok() || table->header().size() != 7) return;
  for (Outcome& outcome : outcomes) {
    for (std::size_t r = 0; outcome.state == "kept" && r < table->rows(); ++r) {
      if (table->cell(r, 0) != outcome.video || table->cell(r, 1) == "failed") continue;
      outcome.frames = static_cast<std::int64_t>(table->number(r, 2).value_or(0));
      outcome.with_face = static_cast<std::int64_t>(table->number(r, 3).value_or(0));
      outcome.usable = std::string(table->cell(r, 4));
      outcome.verdict = std::string(table->cell(r, 5));
      outcome.remark = std::string(table->cell(r, 6));
    }
  }
}

int mirrorAll(Options& options) {
  std::map<std::string, std::string> stems;
  for (const std::string& video : options.videos) {
    const auto [place, fresh] = stems.emplace(fs::path(video).stem().string(), video);
    if (!fresh) {
      return report({ErrorCode::kInvalidArgument,
                     place->second + " and " + video + " would both be written to " +
                         (fs::path(options.folder) / place->first).string() + "_...",
                     "Mirror them into different folders"});
    }
  }
  const std::vector<fs::path> videos(options.videos.begin(), options.videos.end());
  for (const fs::path& video : videos) {
    for (const fs::path& file : mirrorFiles(video, options.folder, options.mirror)) {
      if (const Status own = checkOutput(file, videos); !own.ok()) return report(own.error());
    }
  }
  const Interrupt interrupt;
  std::vector<Outcome> outcomes;
  int worst = kOk;
  std::size_t failed = 0;
  for (const std::string& video : options.videos) {
    int code = kOk;
    outcomes.push_back(mirrorOne(options, video, interrupt, code));
    if (code == kFailed || code == kUsage) ++failed;
    worst = std::max(worst, code);
    if (code == kInterrupted || interrupt.requested()) break;
  }
  if (options.videos.size() > 1) {
    const fs::path table = fs::path(options.folder) / "mirror_summary.csv";
    recall(outcomes, table);
    printTable(outcomes);
    const Status written = writeTable(outcomes, table);
    if (!written.ok()) return report(written.error());
  }
  if (worst == kInterrupted || interrupt.requested()) return kInterrupted;
  return failed > 0 && failed < options.videos.size() ? static_cast<int>(kPartial) : worst;
}

}  // namespace

void addMirror(CLI::App& app, Action& action) {
  auto options = std::make_shared<Options>();
  CLI::App* command = app.add_subcommand(
      "mirror", "Both halves of a face as whole faces: two videos, their action units, asymmetry");
  command->add_option("video", options->videos, "Videos")->required();
  command->add_option("-o,--output", options->folder, "Folder for the results")
      ->capture_default_str();
  MirrorOptions& mirror_options = options->mirror;
  Config& config = mirror_options.config;
  command->add_option("--pack", config.pack, "Model pack: open, openface, or a folder")
      ->capture_default_str();
  command->add_option("--landmarks", config.landmarks,
                      "mesh (open pack); mesh68, pfld, clnf, ceclm (openface pack) "
                      "[default: the pack's own]");
  command->add_flag("--overwrite", mirror_options.overwrite,
                    "Make results anew that are there already");
  CLI::Option* videos = command->add_flag("--videos-only", options->videos_only,
                                          "The mirrored videos alone, nothing is measured");
  command->add_flag("--tables-only", options->tables_only, "Tables and report alone, no videos")
      ->excludes(videos);
  command->add_flag("!--no-debug-video", mirror_options.debug_video,
                    "Without the video that shows the midline");
  command
      ->add_option("--max-yaw", mirror_options.max_yaw,
                   "Frames whose head is turned further count as unusable, degrees")
      ->check(CLI::Range(0.0, 90.0))
      ->capture_default_str();
  command->add_option("--crf", mirror_options.crf, "Quality of libx264: 0 lossless .. 51 worst")
      ->check(CLI::Range(0, 51))
      ->capture_default_str();
  command->add_option("--preset", mirror_options.preset, "Speed of libx264: ultrafast .. veryslow")
      ->check(CLI::IsMember({"ultrafast", "superfast", "veryfast", "faster", "fast", "medium",
                             "slow", "slower", "veryslow"}))
      ->capture_default_str();
  command->add_flag("--software-encoder", options->software,
                    "libx264 even where the machine has an encoder of its own");
  addDetectorOptions(*command, config);
  addNeutralOption(*command, config);
  command->add_flag("--static", config.static_models, "Do not use the person's neutral");
  command->add_option("--threads", config.threads, "Busy threads at most; 0 = one per core")
      ->check(CLI::Range(0, 1024))
      ->capture_default_str();
  addRuntimeOptions(*command, config);
  command->add_flag("-q,--quiet", options->quiet, "No progress, only warnings and errors");
  command->callback([options, &action] {
    options->mirror.hardware_encoder = !options->software;
    if (!options->software) liftMemoryLimit();  // its driver
    options->mirror.measure = !options->videos_only;
    if (options->tables_only) options->mirror.videos = options->mirror.debug_video = false;
    action = [options] { return mirrorAll(*options); };
  });
}

}  // namespace frontalis::cli
