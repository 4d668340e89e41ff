#include <cstdio>

#include "cli/commands.h"
#include "frontalis/version.h"

namespace frontalis::cli {

int report(const Error& error) {
  std::fprintf(stderr, "error: %s\n", error.text().c_str());
  return kFailed;
}

}  // namespace frontalis::cli

int main(int argc, char** argv) {
  using namespace frontalis;
  CLI::App app{"Frontalis: facial action units (FACS) from face videos"};
  app.set_version_flag("--version", std::string("frontalis ") + version());
  app.require_subcommand(1);
  cli::Action action;
  cli::addExtract(app, action);
  cli::addReport(app, action);
  cli::addBatch(app, action);
  cli::addHog(app, action);
  cli::addLive(app, action);
  cli::addModels(app, action);
  cli::addDoctor(app, action);
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    return app.exit(error) == 0 ? cli::kOk : cli::kUsage;
  }
  return action ? action() : cli::kUsage;
}
