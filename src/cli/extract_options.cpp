#include "cli/extract_options.h"

#include <algorithm>

#include "cli/commands.h"

namespace frontalis::cli {

void addExtractOptions(CLI::App& command, ExtractOptions& options) {
  const std::size_t before = command.get_options().size();
  command.add_option("--format", options.format, "csv, or jsonl: one JSON object a frame")
      ->check(CLI::IsMember({"csv", "jsonl"}))
      ->capture_default_str();
  Config& config = options.config;
  command.add_option("--pack", config.pack, "Model pack: open, openface, or a folder")
      ->capture_default_str();
  command.add_option("--landmarks", config.landmarks,
                     "mesh (open pack); mesh68, pfld, clnf, ceclm, or an OpenFace-format CSV "
                     "(openface pack) [default: the pack's own]");
  command
      .add_option("--faces", config.faces,
                  "Faces followed at a time: a row for each, face_id stays with the person")
      ->check(CLI::Range(1, 32))
      ->capture_default_str();
  Columns& columns = options.columns;
  command.add_flag("--landmarks-2d", columns.landmarks_2d, "Columns x_0..67, y_0..67 (px)");
  command.add_flag("--landmarks-3d", columns.landmarks_3d, "Columns X_0..67, Y_, Z_ (mm)");
  command.add_flag("--blendshapes", columns.blendshapes, "The 52 coefficients (open pack)");
  command
      .add_flag("--sides{face}", options.sides,
                "AUxx_r_left and AUxx_r_right. --sides mirror: measured on the mirrored halves, as "
                "by `frontalis mirror`, at three times the cost. Alone: read from the whole face "
                "(open pack), an indication only, as the landmark net makes faces symmetric")
      ->check(CLI::IsMember({"face", "mirror"}));
  command.add_option("--aligned-size", config.aligned_size, "Size of aligned faces, px")
      ->check(CLI::Range(8, 4096))
      ->capture_default_str();
  command
      .add_option("--aligned-scale", config.aligned_scale,
                  "Scale of aligned faces, px per mm [default: 0.7 at 112 px, in proportion]")
      ->check(CLI::Range(0.0, 100.0));
  // A negated flag would be recorded, and read back, the wrong way round.
  command.add_flag_callback(
      "--no-mask", [&config] { config.aligned_mask = false; },
      "Aligned faces with their surroundings");
  addDetectorOptions(command, config);
  addNeutralOption(command, config);
  command.add_flag("--static", config.static_models,
                   "Do not use the person's neutral (OpenFace's -au_static)");
  command.add_flag("--online", config.online,
                   "One pass: each row is final when written, the neutral adapts as it goes");
  command.add_option("--threads", config.threads, "Busy threads at most; 0 = one per core")
      ->check(CLI::Range(0, 1024))
      ->capture_default_str();
  addRuntimeOptions(command, config);
  const std::vector<CLI::Option*> now = command.get_options();
  options.added.assign(now.begin() + static_cast<std::ptrdiff_t>(before), now.end());
}

bool ExtractOptions::given(const std::string& name) const {
  return std::any_of(added.begin(), added.end(), [&](const CLI::Option* option) {
    return option->get_name() == name && option->count() > 0;
  });
}

std::vector<std::string> givenArguments(const ExtractOptions& options) {
  std::vector<std::string> arguments;
  for (const CLI::Option* option : options.added) {
    if (option->count() == 0 || option->get_name() == "--threads") continue;
    if (option->get_items_expected_max() == 0) {
      const std::string& value = option->results().back();
      const bool usual = value == option->get_flag_value(option->get_single_name(), "");
      arguments.push_back(option->get_name() + (usual ? "" : "=" + value));
      continue;
    }
    for (const std::string& value : option->results()) {
      arguments.push_back(option->get_name() + "=" + value);
    }
  }
  return arguments;
}

}  // namespace frontalis::cli
