#include "util/child_process.h"

#include <fcntl.h>
#include <spawn.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <cstdio>
#include <cstring>
#include <utility>

#include "util/try.h"

#if defined(__APPLE__)
extern char** environ;  // which unistd.h does not declare there
#endif

namespace frontalis {
namespace {

constexpr int kReportDescriptor = 3;

struct Pipe {
  int reading = -1, writing = -1;

  Pipe() = default;
  Pipe(const Pipe&) = delete;
  Pipe& operator=(const Pipe&) = delete;
  ~Pipe() {
    if (reading >= 0) ::close(reading);
    if (writing >= 0) ::close(writing);
  }

  /// Both ends above the descriptors the child gets, closed in any program started.
  Status open() {
    int ends[2];
    if (::pipe(ends) != 0) {
      return Error{ErrorCode::kInternal, std::string("cannot make a pipe: ") + strerror(errno)};
    }
    reading = ::fcntl(ends[0], F_DUPFD_CLOEXEC, 16);
    writing = ::fcntl(ends[1], F_DUPFD_CLOEXEC, 16);
    ::close(ends[0]);
    ::close(ends[1]);
    if (reading < 0 || writing < 0 || ::fcntl(reading, F_SETFL, O_NONBLOCK) != 0) {
      return Error{ErrorCode::kOutOfMemory, "no descriptor is left for a pipe",
                   "Allow the process more open files (ulimit -n)"};
    }
    return {};
  }
};

}  // namespace

Result<ChildProcess> ChildProcess::start(const std::filesystem::path& program,
                                         const std::vector<std::string>& arguments) {
  Pipe report, errors;
  FRONTALIS_TRY(report.open());
  FRONTALIS_TRY(errors.open());

  std::vector<char*> argv;
  const std::string name = program.string();
  argv.push_back(const_cast<char*>(name.c_str()));
  for (const std::string& a : arguments) argv.push_back(const_cast<char*>(a.c_str()));
  argv.push_back(nullptr);

  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
  posix_spawn_file_actions_addopen(&actions, STDOUT_FILENO, "/dev/null", O_WRONLY, 0);
  posix_spawn_file_actions_adddup2(&actions, errors.writing, STDERR_FILENO);
  posix_spawn_file_actions_adddup2(&actions, report.writing, kReportDescriptor);
  posix_spawnattr_t attributes;
  posix_spawnattr_init(&attributes);
  sigset_t all, none;
  sigfillset(&all);
  sigemptyset(&none);
  posix_spawnattr_setsigdefault(&attributes, &all);
  posix_spawnattr_setsigmask(&attributes, &none);
  posix_spawnattr_setpgroup(&attributes, 0);
  posix_spawnattr_setflags(&attributes,
                           POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETPGROUP);
  pid_t pid = -1;
  const int failed = ::posix_spawn(&pid, name.c_str(), &actions, &attributes, argv.data(), environ);
  posix_spawnattr_destroy(&attributes);
  posix_spawn_file_actions_destroy(&actions);
  if (failed != 0) {
    return Error{ErrorCode::kInternal, "cannot start " + name + ": " + strerror(failed)};
  }
  ChildProcess child;
  child.pid_ = pid;
  child.report_ = std::exchange(report.reading, -1);
  child.errors_ = std::exchange(errors.reading, -1);
  return child;
}

ChildProcess::ChildProcess(ChildProcess&& other) noexcept
    : pid_(std::exchange(other.pid_, -1)),
      report_(std::exchange(other.report_, -1)),
      errors_(std::exchange(other.errors_, -1)) {}

ChildProcess& ChildProcess::operator=(ChildProcess&& other) noexcept {
  std::swap(pid_, other.pid_);
  std::swap(report_, other.report_);
  std::swap(errors_, other.errors_);
  return *this;
}

ChildProcess::~ChildProcess() {
  if (pid_ > 0) {
    kill();
    int status = 0;
    while (::waitpid(pid_, &status, 0) < 0 && errno == EINTR) {
    }
  }
  if (report_ >= 0) ::close(report_);
  if (errors_ >= 0) ::close(errors_);
}

void ChildProcess::signal(int number) const {
  if (pid_ > 0) ::kill(-pid_, number);
}

void ChildProcess::kill() const { signal(SIGKILL); }

std::optional<ProcessEnd> ChildProcess::end() {
  if (pid_ <= 0) return std::nullopt;
  int status = 0;
  rusage usage{};
  const pid_t got = ::wait4(pid_, &status, WNOHANG, &usage);
  if (got == 0 || (got < 0 && errno == EINTR)) return std::nullopt;
  ProcessEnd ended;
  if (got == pid_) {
    ended.exit_code = WIFEXITED(status) ? WEXITSTATUS(status) : -1;
    ended.signal = WIFSIGNALED(status) ? WTERMSIG(status) : 0;
  }
#if defined(__APPLE__)
  ended.peak_bytes = static_cast<std::uint64_t>(usage.ru_maxrss);
#else
  ended.peak_bytes = static_cast<std::uint64_t>(usage.ru_maxrss) * 1024;
#endif
  pid_ = -1;
  return ended;
}

std::uint64_t ChildProcess::residentBytes() const {
#if defined(__linux__)
  if (pid_ <= 0) return 0;
  std::FILE* file = std::fopen(("/proc/" + std::to_string(pid_) + "/statm").c_str(), "re");
  if (file == nullptr) return 0;
  unsigned long long total = 0, resident = 0;
  const int fields = std::fscanf(file, "%llu %llu", &total, &resident);
  std::fclose(file);
  if (fields == 2) return resident * static_cast<std::uint64_t>(::sysconf(_SC_PAGESIZE));
#endif
  return 0;
}

bool readAvailable(int descriptor, std::string& text) {
  char chunk[4096];
  while (true) {
    const ssize_t got = ::read(descriptor, chunk, sizeof(chunk));
    if (got > 0) {
      text.append(chunk, static_cast<std::size_t>(got));
    } else if (got == 0) {
      return false;
    } else if (errno != EINTR) {
      return errno == EAGAIN || errno == EWOULDBLOCK;
    }
  }
}

}  // namespace frontalis
