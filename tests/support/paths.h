#pragma once

#include <cstdlib>
#include <filesystem>
#include <string>

namespace frontalis::testing {

/// Reference data outside the checkout; tests that need it skip with a message when it is absent.
inline std::filesystem::path sharedDir() {
  const char* set = std::getenv("FRONTALIS_SHARED_DIR");
  return set != nullptr ? set : FRONTALIS_SHARED_DIR;
}

/// The private prefix filled by scripts/setup.sh: openvino/, packs/open/, samples/.
inline std::filesystem::path depsDir() { return FRONTALIS_DEPS_DIR; }
inline std::filesystem::path sample(const std::string& name) {
  return depsDir() / "samples" / name;
}
inline std::filesystem::path openPackDir() { return depsDir() / "packs" / "open"; }

}  // namespace frontalis::testing

/// Ends the test as skipped, saying what is missing, when a path under ../shared is not there.
#define FRONTALIS_NEEDS_SHARED(relative)                                                         \
  do {                                                                                           \
    if (!std::filesystem::exists(frontalis::testing::sharedDir() / (relative)))                  \
      GTEST_SKIP() << "needs ../shared/" << (relative) << ", which this checkout does not have"; \
  } while (false)
