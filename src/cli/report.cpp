#include "output/report.h"

#include <cstdio>
#include <memory>

#include "cli/commands.h"
#include "cli/interrupt.h"
#include "cli/progress.h"

namespace frontalis::cli {
namespace {

namespace fs = std::filesystem;

struct Options {
  std::vector<std::string> tables;
  std::vector<std::string> videos;
  std::vector<std::string> names;
  std::string output;
  std::string title;
  bool embed_video = false;
  bool quiet = false;
};

int run(const Options& options) {
  if (options.videos.size() > options.tables.size() ||
      options.names.size() > options.tables.size()) {
    return report({ErrorCode::kInvalidArgument, "there are more videos or names than tables",
                   "Give at most one --video and one --name a table, in the tables' order"});
  }
  std::vector<ReportSeries> series;
  for (std::size_t i = 0; i < options.tables.size(); ++i) {
    ReportSeries one;
    one.table = options.tables[i];
    if (i < options.videos.size()) one.video = options.videos[i];
    if (i < options.names.size()) one.name = options.names[i];
    series.push_back(std::move(one));
  }
  fs::path output = options.output;
  if (output.empty()) output = fs::path(options.tables.front()).stem().string() + ".html";

  const Interrupt interrupt;
  ProgressLine progress("pictures of the peaks", options.quiet);
  ReportOptions wanted;
  wanted.title = options.title;
  wanted.embed_video = options.embed_video;
  wanted.progress = [&](std::int64_t frames, std::int64_t expected) {
    progress.show(frames, expected);
    return !interrupt.requested();
  };
  wanted.notice = [&](const std::string& line) {
    progress.finish();
    std::fprintf(stderr, "warning: %s\n", line.c_str());
  };
  const Status written = writeReport(series, wanted, output);
  progress.finish();
  if (!written.ok()) {
    const int code = report(written.error());
    return written.error().code == ErrorCode::kCancelled ? static_cast<int>(kInterrupted) : code;
  }
  if (!options.quiet) std::fprintf(stderr, "report: %s\n", output.c_str());
  return kOk;
}

}  // namespace

void addReport(CLI::App& app, Action& action) {
  auto options = std::make_shared<Options>();
  CLI::App* command =
      app.add_subcommand("report", "Charts of one or more tables, as one HTML file");
  command->add_option("table", options->tables, "Tables of `extract` or OpenFace, to be compared")
      ->required();
  command->add_option("--video", options->videos,
                      "The table's video: pictures of the peaks, and the video beside the charts. "
                      "One a table, in their order");
  command->add_option("--name", options->names,
                      "What to call a table, e.g. before, after [default: its file name]");
  command->add_option("-o,--output", options->output,
                      "HTML file to write [default: the first table's name with .html, here]");
  command->add_option("--title", options->title, "Heading of the report");
  command->add_flag("--embed-video", options->embed_video,
                    "The video within the page (up to 64 MiB), not a link to its place");
  command->add_flag("-q,--quiet", options->quiet, "No progress, only warnings and errors");
  command->callback([options, &action] { action = [options] { return run(*options); }; });
}

}  // namespace frontalis::cli
