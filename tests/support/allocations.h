#pragma once

#include <array>
#include <cstddef>
#include <cstdlib>
#include <cstring>
#include <sstream>
#include <string>

#include "support/sanitized.h"

// Counts heap allocations of one thread. Including this header replaces malloc in that program, so
// it counts what Eigen, operator new and C libraries ask for alike. Only with glibc and without
// sanitizers, which have a malloc of their own; elsewhere kCountsAllocations is false.
#if defined(__GLIBC__) && !defined(FRONTALIS_ADDRESS_SANITIZER) && \
    !defined(FRONTALIS_THREAD_SANITIZER) && !defined(__clang__)
#define FRONTALIS_COUNTS_ALLOCATIONS 1
#include <dlfcn.h>
#include <execinfo.h>
#endif

namespace frontalis::testing {

struct AllocationTally {
  bool armed = false;
  std::size_t count = 0;
  const char* foreign = nullptr;
  std::array<void*, 64> stack{};  // of the first allocation counted, with `foreign`
  int depth = 0;
};
inline thread_local AllocationTally allocation_tally;

#if defined(FRONTALIS_COUNTS_ALLOCATIONS)
inline constexpr bool kCountsAllocations = true;
#else
inline constexpr bool kCountsAllocations = false;
#endif

/// Number of allocations while `work` runs on this thread. `foreign`: part of the file names of
/// libraries; what is asked for while code of one of them is on the stack is theirs, not counted.
template <class Work>
std::size_t countAllocations(Work&& work, const char* foreign = nullptr) {
  allocation_tally = {};
  allocation_tally.foreign = foreign;
  allocation_tally.armed = true;
  work();
  allocation_tally.armed = false;
  return allocation_tally.count;
}

/// The stack of the first allocation that countAllocations() counted with `foreign`, as addresses
/// for addr2line; empty when there was none.
inline std::string firstAllocation() {
  std::ostringstream text;
#if defined(FRONTALIS_COUNTS_ALLOCATIONS)
  const AllocationTally tally = allocation_tally;
  for (int i = 0; i < tally.depth; ++i) {
    void* address = tally.stack[static_cast<std::size_t>(i)];
    Dl_info place{};
    if (::dladdr(address, &place) == 0) continue;
    text << place.dli_fname << " "
         << static_cast<const void*>(reinterpret_cast<const char*>(
                static_cast<char*>(address) - static_cast<char*>(place.dli_fbase)))
         << "\n";
  }
#endif
  return text.str();
}

}  // namespace frontalis::testing

#if defined(FRONTALIS_COUNTS_ALLOCATIONS)
namespace frontalis::testing {

inline bool isOf(const char* library, void* address) {
  Dl_info place{};
  if (::dladdr(address, &place) == 0 || place.dli_fname == nullptr) return false;
  const char* slash = std::strrchr(place.dli_fname, '/');
  return std::strstr(slash != nullptr ? slash : place.dli_fname, library) != nullptr;
}

inline void noteAllocation() {
  AllocationTally& tally = allocation_tally;
  if (!tally.armed) return;
  tally.armed = false;  // looking at the stack may allocate
  bool counts = true;
  if (tally.foreign != nullptr) {
    std::array<void*, 64> stack;
    const int depth = ::backtrace(stack.data(), static_cast<int>(stack.size()));
    for (int i = 0; i < depth && counts; ++i) {
      counts = !isOf(tally.foreign, stack[static_cast<std::size_t>(i)]);
    }
    if (counts && tally.count == 0) {
      tally.stack = stack;
      tally.depth = depth;
    }
  }
  tally.count += counts ? 1 : 0;
  tally.armed = true;
}

}  // namespace frontalis::testing

extern "C" {
void* __libc_malloc(std::size_t size);
void* __libc_calloc(std::size_t count, std::size_t size);
void* __libc_realloc(void* old, std::size_t size);

__attribute__((used, weak)) void* malloc(std::size_t size) {
  frontalis::testing::noteAllocation();
  return __libc_malloc(size);
}
__attribute__((used, weak)) void* calloc(std::size_t count, std::size_t size) {
  frontalis::testing::noteAllocation();
  return __libc_calloc(count, size);
}
__attribute__((used, weak)) void* realloc(void* old, std::size_t size) {
  frontalis::testing::noteAllocation();
  return __libc_realloc(old, size);
}
}
#endif
