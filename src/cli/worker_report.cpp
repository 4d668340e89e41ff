#include "cli/worker_report.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <nlohmann/json.hpp>
#if defined(__linux__)
#include <sys/prctl.h>
#endif

#include "util/error_name.h"

namespace frontalis::cli {
namespace {

using Json = nlohmann::ordered_json;

std::string text(const Json& json) {
  return json.dump(-1, ' ', false, Json::error_handler_t::replace) + "\n";
}

}  // namespace

Result<WorkerReport> WorkerReport::create(int descriptor) {
  if (descriptor < 0) return WorkerReport(-1);
  if (::fcntl(descriptor, F_SETFD, FD_CLOEXEC) != 0) {
    return Error{ErrorCode::kInvalidArgument,
                 "--report-fd " + std::to_string(descriptor) + " is not an open descriptor"};
  }
  // The pipe's end ends a worker that writes; one that computes for long is ended by the kernel.
  std::signal(SIGPIPE, SIG_DFL);
#if defined(__linux__)
  ::prctl(PR_SET_PDEATHSIG, SIGKILL);
#endif
  WorkerReport report(descriptor);
  report.send(text({{"event", "started"}}));  // and if the reader went before the line above
  return report;
}

void WorkerReport::send(const std::string& line) const {
  if (descriptor_ < 0) return;
  std::size_t sent = 0;
  while (sent < line.size()) {
    const ssize_t wrote = ::write(descriptor_, line.data() + sent, line.size() - sent);
    if (wrote < 0 && errno == EINTR) continue;
    if (wrote <= 0) return;  // the batch sees the missing line
    sent += static_cast<std::size_t>(wrote);
  }
}

void WorkerReport::opened(const InputInfo& input) {
  send(text({{"event", "opened"},
             {"width", input.width},
             {"height", input.height},
             {"expected_frames", input.expected_frames}}));
}

void WorkerReport::progress(const Progress& now) {
  const auto time = std::chrono::steady_clock::now();
  if (descriptor_ < 0 || time - last_ < std::chrono::milliseconds(500)) return;
  last_ = time;
  send(text({{"event", "progress"}, {"frames", now.frames}}));
}

void WorkerReport::done(const ExtractReport& report) {
  const Summary& summary = report.summary;
  const bool damaged = summary.truncated || summary.decode_errors > 0;
  if (summary.interrupted) {
    failed({ErrorCode::kCancelled, "the worker was told to stop"});
    return;
  }
  send(text({{"event", "done"},
             {"state", damaged ? "damaged" : "done"},
             {"sha256", report.input_sha256},
             {"frames", summary.frames},
             {"frames_with_face", summary.frames_with_face},
             {"warnings", summary.warnings}}));
}

void WorkerReport::failed(const Error& error) {
  send(text({{"event", "failed"}, {"code", errorName(error.code)}, {"message", error.text()}}));
}

}  // namespace frontalis::cli
