// Preloaded into a program by tests: lets the system fail. Of calls on regular files, counted in
// each process on its own:
//   FAULT_WRITE_AFTER=N  after N calls that need space the disk is full, and stays full for every
//                        process: the file FAULT_FULL then exists
//   FAULT_READ_AFTER=N   after N reads of files whose name ends in FAULT_READ_OF the disk is broken
//   FAULT_CLOCK=S        the wall clock jumps: so many seconds ahead, then behind, at each look
// Standard output and error are never touched, so that what is said about it can be read.

#include <dlfcn.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <ctime>
#include <string>

namespace {

template <class F>
F real(const char* name) {
  return reinterpret_cast<F>(::dlsym(RTLD_NEXT, name));
}

bool isRegular(int descriptor) {
  struct stat status {};
  return descriptor > 2 && ::fstat(descriptor, &status) == 0 && S_ISREG(status.st_mode);
}

/// Whether there is no space left for this call.
bool full() {
  static const char* after = std::getenv("FAULT_WRITE_AFTER");
  static const char* mark = std::getenv("FAULT_FULL");
  static std::atomic<long> calls{0};
  if (after == nullptr || mark == nullptr) return false;
  if (::access(mark, F_OK) == 0 || ++calls > std::atol(after)) {
    const int descriptor = ::open(mark, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
    if (descriptor >= 0) ::close(descriptor);
    errno = ENOSPC;
    return true;
  }
  return false;
}

bool broken(int descriptor) {
  static const char* after = std::getenv("FAULT_READ_AFTER");
  static const char* of = std::getenv("FAULT_READ_OF");
  static std::atomic<long> calls{0};
  if (after == nullptr || of == nullptr) return false;
  char name[4096];
  const std::string link = "/proc/self/fd/" + std::to_string(descriptor);
  const ssize_t size = ::readlink(link.c_str(), name, sizeof(name));
  const std::size_t end = std::strlen(of);
  if (size < static_cast<ssize_t>(end) || std::memcmp(name + size - end, of, end) != 0) {
    return false;
  }
  if (++calls <= std::atol(after)) return false;
  errno = EIO;
  return true;
}

/// Seconds that the wall clock is wrong by, at this look.
time_t jump() {
  static const char* seconds = std::getenv("FAULT_CLOCK");
  static std::atomic<unsigned> looks{0};
  if (seconds == nullptr) return 0;
  return looks++ % 2 == 0 ? std::atol(seconds) : -std::atol(seconds);
}

}  // namespace

extern "C" {

int clock_gettime(clockid_t clock, timespec* now) {
  static const auto next = real<int (*)(clockid_t, timespec*)>("clock_gettime");
  const int code = next(clock, now);
  if (code == 0 && (clock == CLOCK_REALTIME || clock == CLOCK_REALTIME_COARSE)) {
    now->tv_sec += jump();
  }
  return code;
}

int gettimeofday(timeval* now, void* zone) {
  static const auto next = real<int (*)(timeval*, void*)>("gettimeofday");
  const int code = next(now, zone);
  if (code == 0) now->tv_sec += jump();
  return code;
}

time_t time(time_t* now) {
  timespec exact{};
  clock_gettime(CLOCK_REALTIME, &exact);
  if (now != nullptr) *now = exact.tv_sec;
  return exact.tv_sec;
}

ssize_t write(int descriptor, const void* bytes, size_t size) {
  static const auto next = real<ssize_t (*)(int, const void*, size_t)>("write");
  return isRegular(descriptor) && full() ? -1 : next(descriptor, bytes, size);
}

ssize_t read(int descriptor, void* bytes, size_t size) {
  static const auto next = real<ssize_t (*)(int, void*, size_t)>("read");
  return broken(descriptor) ? -1 : next(descriptor, bytes, size);
}

size_t fwrite(const void* bytes, size_t size, size_t count, FILE* file) {
  static const auto next = real<size_t (*)(const void*, size_t, size_t, FILE*)>("fwrite");
  return isRegular(::fileno(file)) && full() ? 0 : next(bytes, size, count, file);
}

int fflush(FILE* file) {
  static const auto next = real<int (*)(FILE*)>("fflush");
  return file != nullptr && isRegular(::fileno(file)) && full() ? EOF : next(file);
}

int fclose(FILE* file) {
  static const auto next = real<int (*)(FILE*)>("fclose");
  struct stat status {};  // a file without a name is thrown away: nobody misses what it held
  const bool fails = ::fstat(::fileno(file), &status) == 0 && status.st_nlink > 0 &&
                     (::fcntl(::fileno(file), F_GETFL) & O_ACCMODE) != O_RDONLY &&
                     isRegular(::fileno(file)) && full();
  const int closed = next(file);
  if (fails) errno = ENOSPC;
  return fails ? EOF : closed;
}

int rename(const char* from, const char* to) {
  static const auto next = real<int (*)(const char*, const char*)>("rename");
  return full() ? -1 : next(from, to);
}

int mkdir(const char* path, mode_t mode) {
  static const auto next = real<int (*)(const char*, mode_t)>("mkdir");
  return full() ? -1 : next(path, mode);
}

int fsync(int descriptor) {
  static const auto next = real<int (*)(int)>("fsync");
  return isRegular(descriptor) && full() ? -1 : next(descriptor);
}
}
