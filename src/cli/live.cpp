#include <poll.h>
#include <termios.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <csignal>
#include <cstdio>
#include <memory>
#include <nlohmann/json.hpp>
#include <optional>

#include "cli/commands.h"
#include "cli/interrupt.h"
#include "cli/live_server.h"
#include "cli/progress.h"
#include "frontalis/version.h"
#include "output/csv.h"
#include "output/json_lines.h"
#include "output/row_values.h"
#include "pipeline/live_stream.h"

namespace frontalis::cli {
namespace {

using Json = nlohmann::ordered_json;
using Clock = std::chrono::steady_clock;

// How long a stop or a key may wait when no picture comes.
constexpr auto kPatience = std::chrono::milliseconds(100);
// For clients to take the last message.
constexpr auto kFarewell = std::chrono::milliseconds(1000);

struct Options {
  std::string source;
  std::string size;
  int port = -1;
  int timeout = 10;
  bool quiet = false;
  Columns columns;
  Config config;
  LiveOptions live;
};

/// Single keys from the terminal, if standard input is one and we are in its foreground.
class Keys {
 public:
  Keys() {
    if (::isatty(STDIN_FILENO) == 0 || ::tcgetpgrp(STDIN_FILENO) != ::getpgrp() ||
        ::tcgetattr(STDIN_FILENO, &before_) != 0) {
      return;
    }
    termios raw = before_;
    raw.c_lflag &= ~static_cast<tcflag_t>(ICANON | ECHO);
    on_ = ::tcsetattr(STDIN_FILENO, TCSANOW, &raw) == 0;
  }
  Keys(const Keys&) = delete;
  Keys& operator=(const Keys&) = delete;
  ~Keys() {
    if (on_) (void)::tcsetattr(STDIN_FILENO, TCSANOW, &before_);
  }

  [[nodiscard]] bool on() const { return on_; }
  /// The key pressed last; nothing when none was.
  [[nodiscard]] std::optional<char> pressed() const {
    pollfd wait{STDIN_FILENO, POLLIN, 0};
    char key = 0;
    if (!on_ || ::poll(&wait, 1, 0) <= 0 || ::read(STDIN_FILENO, &key, 1) != 1) return std::nullopt;
    return key;
  }

 private:
  termios before_{};
  bool on_ = false;
};

/// Rate, age and losses.
class LiveLine {
 public:
  LiveLine(bool quiet, bool keys)
      : line_(quiet, std::chrono::milliseconds(500), std::chrono::seconds(10)), keys_(keys) {}

  void show(const LiveRows& rows) {
    ++frames_;
    if (!line_.due()) return;
    const Clock::time_point now = Clock::now();
    const double rate =
        static_cast<double>(frames_) / std::chrono::duration<double>(now - last_).count();
    frames_ = 0;
    last_ = now;
    int faces = 0;
    for (const Row& row : rows.rows) faces += row.success ? 1 : 0;
    char line[256];
    std::snprintf(line, sizeof(line),
                  "%5.1f frames/s  age %.0f ms  dropped %lld  %s  neutral: %lld frames%s", rate,
                  rows.age_ms, static_cast<long long>(rows.dropped),
                  faces == 0   ? "no face"
                  : faces == 1 ? "1 face"
                               : (std::to_string(faces) + " faces").c_str(),
                  static_cast<long long>(rows.neutral_frames.front()),
                  keys_ ? "  [r] new neutral  [q] quit" : "");
    line_.show(line);
  }
  void clear() { line_.clear(); }

 private:
  StatusLine line_;
  bool keys_;
  std::int64_t frames_ = 0;
  Clock::time_point last_ = Clock::now();
};

/// Only what was asked for and is there.
Columns chosen(const Columns& wanted, const Columns& filled) {
  Columns columns = filled;
  columns.landmarks_2d &= wanted.landmarks_2d;
  columns.landmarks_3d &= wanted.landmarks_3d;
  columns.blendshapes &= wanted.blendshapes;
  columns.sides &= wanted.sides;
  return columns;
}

std::string hello(const LiveSourceInfo& source, const Columns& columns, const Summary& summary) {
  Json names = Json::array();
  for (const int au : kIntensityAuNumbers) names.push_back("AU" + auName(au));
  const Json json = {{"frontalis", version()},
                     {"source", source.name},
                     {"width", source.width},
                     {"height", source.height},
                     {"frame_rate", source.frame_rate},
                     {"pack", summary.pack},
                     {"aus", names},
                     {"sides", columns.sides}};
  return json.dump(-1, ' ', false, Json::error_handler_t::replace);
}

std::string state(const char* name, const std::string& message) {
  return Json({{"state", name}, {"message", message}})
      .dump(-1, ' ', false, Json::error_handler_t::replace);
}

LiveState liveState(const LiveRows& rows, std::size_t row) {
  return {rows.age_ms, rows.dropped, rows.neutral_frames[row]};
}

/// All that the page shows of one picture.
void pageMessage(const JsonLinesFormat& format, const LiveRows& rows, std::string& out) {
  out = "{\"width\":" + std::to_string(rows.frame.width()) +
        ",\"height\":" + std::to_string(rows.frame.height()) + ",\"faces\":[";
  for (std::size_t i = 0; i < rows.rows.size(); ++i) {
    if (out.back() == '\n') out.back() = ',';
    const LiveState live = liveState(rows, i);
    format.append(rows.rows[i], "", out, &live);
  }
  if (out.back() == '\n') out.pop_back();
  out += "]}";
}

/// Writes rows out; false when standard output takes no more.
bool writeRows(const std::string& text) {
  return std::fwrite(text.data(), 1, text.size(), stdout) == text.size() &&
         std::fflush(stdout) == 0;
}

int finish(const LiveStream& stream, const Options& options, bool interrupted, const Status& how) {
  const Summary summary = stream.summary();
  if (!options.quiet) {
    std::fprintf(stderr,
                 "%s: %lld frames, %lld with a face, %lld dropped; age of a row: median %.1f ms, "
                 "95 %% below %.1f ms\n",
                 stream.source().name.c_str(), static_cast<long long>(summary.frames),
                 static_cast<long long>(summary.frames_with_face),
                 static_cast<long long>(stream.dropped()), stream.ages().quantileMs(0.5),
                 stream.ages().quantileMs(0.95));
  }
  if (!how.ok() && how.error().code != ErrorCode::kCancelled) {
    report(how.error());
    return summary.frames > 0 ? static_cast<int>(kPartial) : static_cast<int>(kFailed);
  }
  return interrupted ? kInterrupted : kOk;
}

int live(const Options& options) {
  const Interrupt interrupt;
  std::signal(SIGPIPE, SIG_IGN);
  // Held by the source too: the thread of a stuck one outlives this function.
  const auto stop = std::make_shared<std::atomic<bool>>(false);
  LiveOptions chosen_options = options.live;
  chosen_options.source.stopped = [stop] { return *stop || Interrupt::requested(); };
  chosen_options.source.timeout = std::chrono::seconds(options.timeout);
  Config config = options.config;
  config.notice = [](const std::string& line) { std::fprintf(stderr, "%s\n", line.c_str()); };
  Result<LiveStream> opened = LiveStream::open(options.source, config, chosen_options);
  if (!opened.ok()) {
    if (opened.error().code == ErrorCode::kCancelled) return kInterrupted;
    return report(opened.error());
  }
  LiveStream& stream = *opened;

  Columns page_columns = stream.columns();
  page_columns.landmarks_3d = page_columns.blendshapes = false;
  const JsonLinesFormat page_format(page_columns);
  if (const Status fits = checkWanted(options.columns, stream.columns(), options.config.pack);
      !fits.ok()) {
    return report(fits.error());
  }
  const JsonLinesFormat format(chosen(options.columns, stream.columns()));
  std::unique_ptr<LiveServer> server;
  if (options.port >= 0) {
    auto started = LiveServer::start({.port = options.port},
                                     hello(stream.source(), page_columns, stream.summary()));
    if (!started.ok()) return report(started.error());
    server = std::move(started).value();
    std::fprintf(stderr, "live at http://127.0.0.1:%d/ (this machine only)\n", server->port());
    server->say("state", state("running", ""));
  }
  // Who looks at the page on a terminal does not want rows there as well.
  const bool print = !(server && ::isatty(STDOUT_FILENO) != 0);

  const Keys keys;
  LiveLine status(options.quiet || (print && ::isatty(STDOUT_FILENO) != 0), keys.on());
  LiveRows rows;
  std::string text, message;
  Status how;
  bool by_user = false;
  while (!interrupt.requested()) {
    const std::optional<char> key = keys.pressed();
    if (key == 'q') {
      by_user = true;
      break;
    }
    if (key == 'r' || (server && server->takeReset())) {
      stream.resetNeutral();
      if (server) server->say("neutral", "{}");
    }
    const Result<LiveStream::Step> step = stream.next(kPatience, rows);
    if (!step.ok()) {
      how = step.error();
      break;
    }
    if (*step == LiveStream::Step::kEnd) break;
    if (*step == LiveStream::Step::kNothing) continue;
    if (print) {
      text.clear();
      for (std::size_t i = 0; i < rows.rows.size(); ++i) {
        const LiveState now = liveState(rows, i);
        format.append(rows.rows[i], "", text, &now);
      }
      if (!writeRows(text)) {
        by_user = errno == EPIPE;  // as `| head` does
        if (!by_user) how = Error{ErrorCode::kUnwritable, "standard output cannot be written"};
        break;
      }
    }
    if (server && server->watched()) {
      pageMessage(page_format, rows, message);
      server->publish(message, rows.frame);
    }
    status.show(rows);
  }
  *stop = true;
  by_user = by_user || interrupt.requested();
  status.clear();
  if (server) {
    const bool failed = !how.ok() && how.error().code != ErrorCode::kCancelled;
    server->end(failed ? state("failed", how.error().text())
                       : state("ended", by_user ? "Stopped." : "The source has ended."),
                kFarewell);
  }
  return finish(stream, options, interrupt.requested(), how);
}

}  // namespace

void addLive(CLI::App& app, Action& action) {
  auto options = std::make_shared<Options>();
  CLI::App* command =
      app.add_subcommand("live", "Action units of a camera or stream as they happen (JSON lines)");
  command->add_option("source", options->source,
                      "Camera (/dev/video0), URL (rtsp, http, udp, ..), \"-\", FIFO, or a file, "
                      "played at its own pace [default: the first camera]");
  command
      ->add_option("--serve", options->port,
                   "Serve a page with picture, bars and traces on 127.0.0.1; 0 = any free port")
      ->check(CLI::Range(0, 65535));
  LiveSourceOptions& source = options->live.source;
  command->add_option(
      "--capture", source.device,
      "What FFmpeg calls the kind of device: v4l2, avfoundation, x11grab, lavfi, ..");
  command->add_option("--size", options->size, "Picture size asked of the camera, e.g. 1280x720")
      ->check([](const std::string& text) {
        int width = 0, height = 0, end = 0;
        const int read = std::sscanf(text.c_str(), "%5dx%5d%n", &width, &height, &end);
        return read == 2 && static_cast<std::size_t>(end) == text.size() && width > 0 && height > 0
                   ? std::string()
                   : "\"" + text + "\" is no size such as 1280x720";
      });
  command->add_option("--rate", source.frame_rate, "Frames/s asked of the camera")
      ->check(CLI::Range(0.1, 1000.0));
  command->add_flag("!--no-realtime", source.paced,
                    "A file as fast as it is analysed; nothing is dropped");
  command->add_option("--timeout", options->timeout, "Seconds without a picture until giving up")
      ->check(CLI::Range(1, 86400))
      ->capture_default_str();
  Config& config = options->config;
  command->add_option("--pack", config.pack, "Model pack: open, openface, or a folder")
      ->capture_default_str();
  command->add_option("--landmarks", config.landmarks,
                      "mesh (open pack); mesh68, pfld, clnf, ceclm (openface pack)");
  command->add_option("--faces", config.faces, "Faces followed at a time; each has its own rows")
      ->check(CLI::Range(1, 32))
      ->capture_default_str();
  Columns& columns = options->columns;
  command->add_flag("--landmarks-2d", columns.landmarks_2d, "68 points, px");
  command->add_flag("--landmarks-3d", columns.landmarks_3d, "68 points, mm");
  command->add_flag("--blendshapes", columns.blendshapes, "The 52 coefficients (open pack)");
  command->add_flag("--sides", columns.sides, "Left and right (open pack): an indication only");
  addDetectorOptions(*command, config);
  command->add_flag("--static", config.static_models, "Do not use the person's neutral");
  addRuntimeOptions(*command, config);
  command->add_flag("-q,--quiet", options->quiet, "Only warnings and errors");
  command->callback([options, &action] {
    LiveOptions& live_options = options->live;
    live_options.drop_late = live_options.source.paced;
    if (!options->size.empty()) {
      (void)std::sscanf(options->size.c_str(), "%5dx%5d", &live_options.source.width,
                        &live_options.source.height);
    }
    action = [options] { return live(*options); };
  });
}

}  // namespace frontalis::cli
