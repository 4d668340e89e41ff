#include "util/processor.h"

namespace frontalis {

std::string processorArchitecture() {
#if defined(__x86_64__)
  return "x86-64";
#elif defined(__aarch64__)
  return "ARM64";
#else
  return {};
#endif
}

std::vector<ProcessorFeature> processorFeatures() {
#if defined(__x86_64__)
#if defined(__AVX2__)
  constexpr bool kAvx2 = true;
#else
  constexpr bool kAvx2 = false;
#endif
#if defined(__FMA__)
  constexpr bool kFma = true;
#else
  constexpr bool kFma = false;
#endif
  __builtin_cpu_init();
  return {{"AVX2", __builtin_cpu_supports("avx2") != 0, kAvx2},
          {"FMA", __builtin_cpu_supports("fma") != 0, kFma},
          {"AVX-512F", __builtin_cpu_supports("avx512f") != 0, false},
          {"AVX-512 VNNI", __builtin_cpu_supports("avx512vnni") != 0, false}};
#else
  return {};
#endif
}

}  // namespace frontalis
