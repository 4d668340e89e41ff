#pragma once

#include <CLI/CLI.hpp>
#include <functional>

#include "frontalis/config.h"
#include "frontalis/result.h"

namespace frontalis::cli {

/// What a chosen command does; returns the process's exit code.
using Action = std::function<int()>;

/// Exit codes, documented in the README.
enum ExitCode : int {
  kOk = 0,
  kFailed = 1,        ///< nothing useful was produced
  kUsage = 2,         ///< the command line is wrong
  kPartial = 3,       ///< an output was written, but the input was damaged or some inputs failed
  kInterrupted = 130  ///< Ctrl-C: outputs hold what was done until then
};

/// Prints "error: message. remedy" to stderr; returns kUsage for an invalid argument, else kFailed.
int report(const Error& error);

/// --runtime and --device, for every command that analyses.
void addRuntimeOptions(CLI::App& command, Config& config);
/// After a device failed: the inputs that follow do not wait for it to fail again.
void useTheCpu(Config& config);
/// --detect-every and --detect-size, likewise.
void addDetectorOptions(CLI::App& command, Config& config);

/// --neutral, likewise.
void addNeutralOption(CLI::App& command, Config& config);

// One file a command. Each adds its subcommand and, when that is chosen, sets `action`.
void addExtract(CLI::App& app, Action& action);
void addBatch(CLI::App& app, Action& action);
void addCompare(CLI::App& app, Action& action);
void addBench(CLI::App& app, Action& action);
void addHog(CLI::App& app, Action& action);
void addLive(CLI::App& app, Action& action);
void addDoctor(CLI::App& app, Action& action);
void addModels(CLI::App& app, Action& action);
void addRender(CLI::App& app, Action& action);
void addReport(CLI::App& app, Action& action);
void addMirror(CLI::App& app, Action& action);

}  // namespace frontalis::cli
