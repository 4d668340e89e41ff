#include "cli/memory_limit.h"

#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <cstdint>
#include <fstream>

namespace frontalis::cli {
namespace {

constexpr std::uint64_t kThreadsAtMost = 256;

bool limit_is_ours = false;

}  // namespace

void limitMemory() {
#ifdef __linux__
  rlimit limit{};
  if (::getrlimit(RLIMIT_DATA, &limit) != 0 || limit.rlim_cur != RLIM_INFINITY) return;
  // The sixth number: pages of data and stack.
  std::ifstream statm("/proc/self/statm");
  std::uint64_t pages = 0;
  for (int field = 0; field < 6; ++field) statm >> pages;
  const std::int64_t all_pages = ::sysconf(_SC_PHYS_PAGES);
  if (!statm || all_pages <= 0) return;
  const std::uint64_t page = ::sysconf(_SC_PAGESIZE);
  const std::uint64_t memory =
      std::max(static_cast<std::uint64_t>(all_pages) * page / 2, std::uint64_t{4} << 30);
  // Stacks count in full, whatever is used of them, and clusters like them large.
  rlimit stack{};
  (void)::getrlimit(RLIMIT_STACK, &stack);
  const std::uint64_t stacks =
      stack.rlim_cur == RLIM_INFINITY ? 0 : stack.rlim_cur * kThreadsAtMost;
  limit.rlim_cur = pages * page + memory + stacks;
  limit_is_ours = ::setrlimit(RLIMIT_DATA, &limit) == 0;
#endif
}

void liftMemoryLimit() {
  rlimit limit{};
  if (!limit_is_ours || ::getrlimit(RLIMIT_DATA, &limit) != 0) return;
  limit.rlim_cur = limit.rlim_max;
  limit_is_ours = ::setrlimit(RLIMIT_DATA, &limit) != 0;
}

}  // namespace frontalis::cli
