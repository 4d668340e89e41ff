#pragma once

// GCC and clang say in different ways what they were told to watch.
#if defined(__SANITIZE_ADDRESS__)
#define FRONTALIS_ADDRESS_SANITIZER 1
#elif defined(__SANITIZE_THREAD__)
#define FRONTALIS_THREAD_SANITIZER 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define FRONTALIS_ADDRESS_SANITIZER 1
#elif __has_feature(thread_sanitizer)
#define FRONTALIS_THREAD_SANITIZER 1
#endif
#endif

namespace frontalis::testing {

#if defined(FRONTALIS_ADDRESS_SANITIZER)
inline constexpr bool kAddressSanitizer = true;
#else
inline constexpr bool kAddressSanitizer = false;
#endif
#if defined(FRONTALIS_THREAD_SANITIZER)
inline constexpr bool kThreadSanitizer = true;
#else
inline constexpr bool kThreadSanitizer = false;
#endif
/// Programs start and work many times slower, keep what is freed, and reserve terabytes of address
/// space.
inline constexpr bool kSanitized = kAddressSanitizer || kThreadSanitizer;

}  // namespace frontalis::testing
