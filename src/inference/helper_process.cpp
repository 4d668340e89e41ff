#include "inference/helper_process.h"

#include <fcntl.h>
#include <signal.h>  // NOLINT(modernize-deprecated-headers): kill() and sigset_t are POSIX
#include <spawn.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <thread>
#include <utility>
#include <vector>

#include "inference/helper.h"
#include "util/executable.h"
#include "util/try.h"

#if defined(__APPLE__)
#include <crt_externs.h>
#elif !defined(_GNU_SOURCE)
extern char** environ;
#endif

namespace frontalis {
namespace {

namespace fs = std::filesystem;
using Clock = std::chrono::steady_clock;
using std::chrono::milliseconds;

constexpr milliseconds kTimeToQuit{2000};
constexpr milliseconds kTimeToDie{500};
constexpr const char* kProgram = "frontalis-inference";

Error failure(const std::string& what, int code) {
  return {ErrorCode::kInference, what + ": " + std::strerror(code)};
}

Result<fs::path> program() {
  if (const char* set = std::getenv("FRONTALIS_INFERENCE"); set != nullptr) return fs::path(set);
  std::vector<fs::path> candidates;
  if (const fs::path folder = codeFolder(); !folder.empty()) {
    candidates.push_back(folder / kProgram);
    candidates.push_back(folder / ".." / "lib" / "frontalis" / kProgram);
  }
  candidates.emplace_back(FRONTALIS_INFERENCE_PATH);
  for (const fs::path& candidate : candidates) {
    if (::access(candidate.c_str(), X_OK) == 0) return candidate;
  }
  return Error{ErrorCode::kInference,
               std::string("the program ") + kProgram + " is not beside Frontalis",
               std::string("Install it too, or set FRONTALIS_INFERENCE to its path")};
}

char** environment() {
#if defined(__APPLE__)
  return *_NSGetEnviron();
#else
  return environ;
#endif
}

/// What the new process starts with: its socket, no other file of ours, signals as usual.
class SpawnPlan {
 public:
  SpawnPlan() {
    ::posix_spawn_file_actions_init(&actions_);
    ::posix_spawnattr_init(&attributes_);
  }
  SpawnPlan(const SpawnPlan&) = delete;
  SpawnPlan& operator=(const SpawnPlan&) = delete;
  ~SpawnPlan() {
    ::posix_spawn_file_actions_destroy(&actions_);
    ::posix_spawnattr_destroy(&attributes_);
  }

  int spawn(const fs::path& file, int socket, pid_t& pid) {
    const char* log = std::getenv("FRONTALIS_INFERENCE_LOG");
    const char* out = log != nullptr ? log : "/dev/null";
    ::posix_spawn_file_actions_addopen(&actions_, 0, "/dev/null", O_RDONLY, 0);
    ::posix_spawn_file_actions_addopen(&actions_, 1, out, O_WRONLY | O_CREAT | O_APPEND, 0644);
    ::posix_spawn_file_actions_adddup2(&actions_, 1, 2);
    ::posix_spawn_file_actions_adddup2(&actions_, socket, kHelperSocket);
    short flags = POSIX_SPAWN_SETPGROUP | POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETSIGMASK;
#if defined(__APPLE__)
    flags |= POSIX_SPAWN_CLOEXEC_DEFAULT;
#elif defined(__GLIBC__)
#if __GLIBC_PREREQ(2, 34)
    ::posix_spawn_file_actions_addclosefrom_np(&actions_, kHelperSocket + 1);
#endif
#endif
    sigset_t signals;
    ::sigemptyset(&signals);
    ::posix_spawnattr_setsigmask(&attributes_, &signals);
    for (const int number : {SIGINT, SIGTERM, SIGPIPE, SIGCHLD}) ::sigaddset(&signals, number);
    ::posix_spawnattr_setsigdefault(&attributes_, &signals);
    ::posix_spawnattr_setpgroup(&attributes_, 0);
    ::posix_spawnattr_setflags(&attributes_, flags);
    std::string name = file.filename().string();
    std::array<char*, 2> arguments = {name.data(), nullptr};
    return ::posix_spawn(&pid, file.c_str(), &actions_, &attributes_, arguments.data(),
                         environment());
  }

 private:
  posix_spawn_file_actions_t actions_;
  posix_spawnattr_t attributes_;
};

}  // namespace

Result<HelperProcess> HelperProcess::start() {
  FRONTALIS_ASSIGN(const fs::path file, program());
  int pair[2] = {-1, -1};
  if (::socketpair(AF_UNIX, SOCK_STREAM, 0, pair) != 0) return failure("no socket pair", errno);
  // Above the numbers that the new process gets, so that none is overwritten before it is used.
  std::array<int, 2> ends = {::fcntl(pair[0], F_DUPFD_CLOEXEC, 10),
                             ::fcntl(pair[1], F_DUPFD_CLOEXEC, 10)};
  for (const int end : pair) ::close(end);
  int code = ends[0] < 0 || ends[1] < 0 ? errno : 0;
#if defined(SO_NOSIGPIPE)
  const int on = 1;
  if (code == 0) ::setsockopt(ends[0], SOL_SOCKET, SO_NOSIGPIPE, &on, sizeof(on));
#endif
  pid_t pid = -1;
  if (code == 0) code = SpawnPlan().spawn(file, ends[1], pid);
  if (ends[1] >= 0) ::close(ends[1]);
  if (code != 0) {
    if (ends[0] >= 0) ::close(ends[0]);
    return failure(file.string() + " cannot be started", code);
  }
  return HelperProcess(pid, ends[0]);
}

HelperProcess::HelperProcess(HelperProcess&& other) noexcept
    : pid_(std::exchange(other.pid_, -1)), socket_(std::exchange(other.socket_, -1)) {}

HelperProcess& HelperProcess::operator=(HelperProcess&& other) noexcept {
  std::swap(pid_, other.pid_);
  std::swap(socket_, other.socket_);
  return *this;
}

HelperProcess::~HelperProcess() { finish(); }

Result<std::string> HelperProcess::ask(const Message& request, Deadline deadline) {
  return ask(request, deadline, deadline, [] {});
}

Result<std::string> HelperProcess::ask(const Message& request, Deadline deadline, Deadline patience,
                                       const std::function<void()>& waiting) {
  const Status sent = sendMessage(socket_, request);
  Result<Message> answer = sent.ok() ? receiveMessage(socket_, std::min(patience, deadline))
                                     : Result<Message>(sent.error());
  if (!answer.ok() && answer.error().code == ErrorCode::kTimeout && patience < deadline) {
    waiting();
    answer = receiveMessage(socket_, deadline);
  }
  if (!answer.ok()) {
    if (answer.error().code == ErrorCode::kTimeout) return answer.error();
    return Error{ErrorCode::kInference, reap(kTimeToDie)};
  }
  if (answer->kind == MessageKind::kDone) return std::move(answer->text);
  return Error{ErrorCode::kInference, answer->text};
}

void HelperProcess::kill() {
  if (pid_ > 0) {
    ::kill(pid_, SIGKILL);
    reap(kTimeToDie);
  }
  if (socket_ >= 0) ::close(std::exchange(socket_, -1));
}

std::string HelperProcess::reap(milliseconds limit) {
  if (pid_ <= 0) return "it had ended";
  const Clock::time_point deadline = Clock::now() + limit;
  int status = 0;
  pid_t ended = 0;
  // A process stuck in a driver does not even die by SIGKILL: it is left to the system then.
  while ((ended = ::waitpid(pid_, &status, WNOHANG)) == 0 && Clock::now() < deadline) {
    std::this_thread::sleep_for(milliseconds(1));
  }
  if (ended == 0) {
    ::kill(pid_, SIGKILL);
    return "it closed its connection";
  }
  pid_ = -1;
  if (ended < 0) return "it ended";  // somebody else waited for it
  if (WIFSIGNALED(status)) {
    return "it crashed (" + std::string(::strsignal(WTERMSIG(status))) + ")";
  }
  return "it ended with code " + std::to_string(WEXITSTATUS(status));
}

void HelperProcess::finish() {
  if (socket_ < 0) {
    if (pid_ > 0) kill();
    return;
  }
  if (pid_ > 0 && sendMessage(socket_, {MessageKind::kQuit, 0, {}, -1}).ok()) {
    // Its end of the socket closes as it ends.
    (void)receiveMessage(socket_, Clock::now() + kTimeToQuit);
    reap(milliseconds(100));
  }
  kill();
}

}  // namespace frontalis
