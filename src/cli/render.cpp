#include "output/render.h"

#include <cstdio>
#include <map>
#include <memory>

#include "cli/commands.h"
#include "cli/interrupt.h"
#include "cli/progress.h"

namespace frontalis::cli {
namespace {

namespace fs = std::filesystem;

struct Options {
  RenderRequest request;
  std::string video, table, output;
  bool quiet = false;
};

int run(const Options& options) {
  RenderRequest request = options.request;
  request.video = options.video;
  request.table = options.table;
  request.output = options.output;
  if (options.output.empty()) {
    request.output = fs::path(options.video).stem().string() + "_overlay.mp4";
  }
  const Interrupt interrupt;
  ProgressLine progress(request.video.filename().string(), options.quiet);
  request.progress = [&](std::int64_t frames, std::int64_t expected) {
    progress.show(frames, expected);
    return !interrupt.requested();
  };
  const Result<RenderReport> done = renderVideo(request);
  progress.finish();
  if (!done.ok()) return report(done.error());
  for (const std::string& warning : done->warnings) {
    std::fprintf(stderr, "warning: %s: %s\n", options.video.c_str(), warning.c_str());
  }
  if (!options.quiet) {
    std::fprintf(stderr, "%s: %lld frames, %lld with a row of the table%s -> %s\n",
                 options.video.c_str(), static_cast<long long>(done->frames),
                 static_cast<long long>(done->frames_with_row),
                 done->has_audio ? ", with sound" : "", request.output.c_str());
  }
  if (done->interrupted) return kInterrupted;
  return done->damaged ? kPartial : kOk;
}

}  // namespace

void addRender(CLI::App& app, Action& action) {
  auto options = std::make_shared<Options>();
  CLI::App* command = app.add_subcommand("render", "The video with its table drawn into it");
  command->add_option("video", options->video, "The video")->required();
  command->add_option("table", options->table, "Its table, of `extract` or OpenFace")->required();
  command->add_option("-o,--output", options->output,
                      "Video to write: .mp4, .mov, .mkv, .avi or .webm "
                      "[default: the input's name with _overlay.mp4, here]");
  OverlayOptions& overlay = options->request.overlay;
  static const std::map<std::string, OverlayPanel> kPanels = {{"beside", OverlayPanel::kBeside},
                                                              {"over", OverlayPanel::kOver},
                                                              {"none", OverlayPanel::kNone}};
  command
      ->add_option("--bars", overlay.panel,
                   "Where the action units' bars go: beside (default), over or none")
      ->transform(CLI::CheckedTransformer(kPanels).description("{beside,over,none}"))
      ->default_str("beside");
  command->add_flag("!--no-landmarks", overlay.landmarks, "Without landmarks");
  command->add_flag("!--no-axes", overlay.axes, "Without the head's axes");
  command->add_flag("!--no-box", overlay.box, "Without the face's box");
  command->add_flag("!--no-caption", overlay.caption, "Without frame, time and success");
  command->add_option("--crf", options->request.crf, "Quality of H.264: 0 (lossless, large) to 51")
      ->check(CLI::Range(0, 51))
      ->capture_default_str();
  command->add_flag("-q,--quiet", options->quiet, "No progress, only warnings and errors");
  command->callback([options, &action] { action = [options] { return run(*options); }; });
}

}  // namespace frontalis::cli
