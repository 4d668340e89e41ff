#pragma once

namespace frontalis {

/// The library's version, "major.minor.patch" (semantic versioning).
const char* version();

}  // namespace frontalis
