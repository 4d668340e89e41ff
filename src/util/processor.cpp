#include "util/processor.h"

#if defined(__x86_64__)
#include <cpuid.h>
#endif

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

std::string processorSignature() {
  std::string text;
#if defined(__x86_64__)
  const auto add = [&](unsigned value) { text += std::to_string(value) + " "; };
  unsigned a = 0, b = 0, c = 0, d = 0;
  if (__get_cpuid(1, &a, &b, &c, &d) != 0) {  // b tells which core this is
    add(a);
    add(c);
    add(d);
    if ((c & bit_OSXSAVE) != 0) {  // which registers the system saves
      unsigned low = 0, high = 0;
      __asm__("xgetbv" : "=a"(low), "=d"(high) : "c"(0));
      add(low);
      add(high);
    }
  }
  for (const unsigned part : {0u, 1u}) {
    if (__get_cpuid_count(7, part, &a, &b, &c, &d) == 0) continue;
    add(a);
    add(b);
    add(c);
    add(d);
  }
#endif
  return text;
}

}  // namespace frontalis
