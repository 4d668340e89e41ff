#include <execinfo.h>
#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <exception>
#include <new>
#include <string>
#include <string_view>
#include <vector>

#include "cli/commands.h"
#include "cli/memory_limit.h"
#include "frontalis/version.h"

namespace frontalis::cli {

int report(const Error& error) {
  std::fprintf(stderr, "error: %s\n", error.text().c_str());
  return error.code == ErrorCode::kInvalidArgument ? kUsage : kFailed;
}

namespace {

/// CLI11 would only say that a command is missing.
Status checkCommand(const CLI::App& app, const std::vector<std::string>& arguments) {
  const CLI::App* at = &app;
  for (const std::string& word : arguments) {
    if (at->get_require_subcommand_min() == 0 || word.empty() || word.front() == '-') return {};
    const auto named =
        at->get_subcommands([&](const CLI::App* command) { return command->get_name() == word; });
    if (named.empty()) {
      const bool python = at == &app && word == "train";
      return Error{ErrorCode::kInvalidArgument, "there is no command \"" + word + "\"",
                   python ? "It comes with the Python package, see docs/python.md"
                          : "See frontalis " + (at == &app ? "" : at->get_name() + " ") + "--help"};
    }
    at = named.front();
  }
  return {};
}

/// Libraries that are refused memory also crash. Where the user limits it, that is why; elsewhere a
/// crash stays a crash.
void onCrash(int) {
  constexpr std::string_view kText =
      "error: a library crashed, for want of memory as it seems: it is limited (ulimit -v, "
      "ulimit -d). Allow the process more, or use --threads 1\n";
  (void)!::write(STDERR_FILENO, kText.data(), kText.size());
  ::_exit(kFailed);
}

void explainCrashes() {
  const auto limits = [](auto what) {
    rlimit limit{};
    return ::getrlimit(what, &limit) == 0 && limit.rlim_cur != RLIM_INFINITY;
  };
  if (!limits(RLIMIT_AS) && !limits(RLIMIT_DATA)) return;
  for (const int signal : {SIGSEGV, SIGBUS, SIGABRT}) std::signal(signal, onCrash);
}

/// Libraries below throw where nothing can catch it when memory runs out while they load.
[[noreturn]] void onTerminate() {
  const std::exception_ptr current = std::current_exception();
  if (!current) {  // as when OpenVINO gets some of the threads it wants, but not all
    std::fputs(
        "error: a library gave up, for want of threads as it seems. Allow the process more, or use "
        "--threads 1\n",
        stderr);
    std::_Exit(kFailed);
  }
  try {
    std::rethrow_exception(current);
  } catch (const std::bad_alloc&) {
    std::fputs("error: out of memory. Allow the process more, or use --threads 1\n", stderr);
    std::_Exit(kFailed);
  } catch (const std::system_error& error) {
    if (error.code() == std::errc::resource_unavailable_try_again) {
      std::fputs(
          "error: the system gives no more threads. Allow the process more, or use --threads 1\n",
          stderr);
      std::_Exit(kFailed);
    }
    std::fprintf(stderr, "error: a bug in Frontalis: %s. Please report it\n", error.what());
  } catch (const std::exception& error) {
    std::fprintf(stderr, "error: a bug in Frontalis: %s. Please report it\n", error.what());
  } catch (...) {
    std::fputs("error: a bug in Frontalis. Please report it\n", stderr);
  }
  std::abort();
}

}  // namespace

}  // namespace frontalis::cli

int main(int argc, char** argv) {
  using namespace frontalis;
  std::set_terminate(cli::onTerminate);
  cli::explainCrashes();
  cli::limitMemory();
  std::signal(SIGXFSZ, SIG_IGN);  // a file above the limit is a write error
  // The C library loads what it unwinds threads with when it first needs it, and aborts when there
  // is no memory for it by then.
  void* frame = nullptr;
  (void)::backtrace(&frame, 1);
  CLI::App app{"Frontalis: facial action units (FACS) from face videos"};
  app.set_version_flag("--version", std::string("frontalis ") + version());
  app.require_subcommand(1);
  cli::Action action;
  cli::addExtract(app, action);
  cli::addMirror(app, action);
  cli::addRender(app, action);
  cli::addReport(app, action);
  cli::addBatch(app, action);
  cli::addCompare(app, action);
  cli::addBench(app, action);
  cli::addHog(app, action);
  cli::addLive(app, action);
  cli::addModels(app, action);
  cli::addDoctor(app, action);
  // A flag's value is joined to it, so that a flag without one does not take the next input for it.
  std::vector<std::string> arguments;
  for (int i = 1; i < argc; ++i) {
    const bool value = i > 1 && std::string_view(argv[i - 1]) == "--sides" &&
                       std::string_view(argv[i]) == "mirror";
    value ? arguments.back() += "=mirror" : arguments.emplace_back(argv[i]);
  }
  if (const Status known = cli::checkCommand(app, arguments); !known.ok()) {
    return cli::report(known.error());
  }
  std::reverse(arguments.begin(), arguments.end());  // CLI11's order
  try {
    app.parse(std::move(arguments));
  } catch (const CLI::ParseError& error) {
    return app.exit(error) == 0 ? cli::kOk : cli::kUsage;
  }
  int code = action ? action() : static_cast<int>(cli::kUsage);
  if (code == cli::kOk && std::fflush(stdout) != 0) {
    code = cli::report(
        {ErrorCode::kUnwritable, std::string("standard output: ") + std::strerror(errno)});
  }
  // A library that failed may hang or crash in its own last words.
  if (code != cli::kOk) {
    std::fflush(nullptr);
    std::_Exit(code);
  }
  return code;
}
