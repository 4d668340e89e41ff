#pragma once

#include <cstddef>
#include <cstdlib>

// Counts heap allocations of one thread. Including this header replaces malloc in that program, so
// it counts what Eigen, operator new and C libraries ask for alike. Only with glibc and without
// sanitizers, which have a malloc of their own; elsewhere kCountsAllocations is false.
#if defined(__GLIBC__) && !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__) && \
    !defined(__clang__)
#define FRONTALIS_COUNTS_ALLOCATIONS 1
#endif

namespace frontalis::testing {

struct AllocationTally {
  bool armed = false;
  std::size_t count = 0;
};
inline thread_local AllocationTally allocation_tally;

#if defined(FRONTALIS_COUNTS_ALLOCATIONS)
inline constexpr bool kCountsAllocations = true;
#else
inline constexpr bool kCountsAllocations = false;
#endif

/// Number of allocations while `work` runs on this thread.
template <class Work>
std::size_t countAllocations(Work&& work) {
  allocation_tally = {true, 0};
  work();
  allocation_tally.armed = false;
  return allocation_tally.count;
}

}  // namespace frontalis::testing

#if defined(FRONTALIS_COUNTS_ALLOCATIONS)
extern "C" {
void* __libc_malloc(std::size_t size);
void* __libc_calloc(std::size_t count, std::size_t size);
void* __libc_realloc(void* old, std::size_t size);

__attribute__((used, weak)) void* malloc(std::size_t size) {
  frontalis::testing::AllocationTally& tally = frontalis::testing::allocation_tally;
  if (tally.armed) ++tally.count;
  return __libc_malloc(size);
}
__attribute__((used, weak)) void* calloc(std::size_t count, std::size_t size) {
  frontalis::testing::AllocationTally& tally = frontalis::testing::allocation_tally;
  if (tally.armed) ++tally.count;
  return __libc_calloc(count, size);
}
__attribute__((used, weak)) void* realloc(void* old, std::size_t size) {
  frontalis::testing::AllocationTally& tally = frontalis::testing::allocation_tally;
  if (tally.armed) ++tally.count;
  return __libc_realloc(old, size);
}
}
#endif
