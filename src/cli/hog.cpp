#include <cinttypes>
#include <cstdio>
#include <memory>

#include "appearance/hog_file.h"
#include "cli/commands.h"

namespace frontalis::cli {
namespace {

int info(const std::string& file) {
  const Result<HogInfo> read = readHogInfo(file);
  if (!read.ok()) return report(read.error());
  std::printf("frames    %" PRId64 "\n", read->frames);
  std::printf("faces     %" PRId64 "\n", read->good_frames);
  std::printf("cells     %d columns x %d rows x %d channels\n", read->columns, read->rows,
              read->channels);
  if (read->good_frames > 0) {
    std::printf("values    %.6g to %.6g\n", static_cast<double>(read->smallest),
                static_cast<double>(read->largest));
  }
  return kOk;
}

}  // namespace

void addHog(CLI::App& app, Action& action) {
  CLI::App* hog = app.add_subcommand("hog", "Files of FHOG features (.hog)");
  hog->require_subcommand(1);
  CLI::App* command = hog->add_subcommand("info", "Check a file and say what is in it");
  auto file = std::make_shared<std::string>();
  command->add_option("file", *file, ".hog file, as OpenFace and `extract --hog` write it")
      ->required();
  command->callback([&action, file] { action = [file] { return info(*file); }; });
}

}  // namespace frontalis::cli
