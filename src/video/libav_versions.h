#pragma once

#include <string>
#include <vector>

namespace frontalis {

/// One of FFmpeg's libraries.
struct LibavVersion {
  std::string name;      ///< "libavformat"
  std::string running;   ///< "59.27.100", of the library that is loaded
  std::string built;     ///< of the headers this build was made with
  bool matches = false;  ///< the same major version, and not older
};

std::vector<LibavVersion> libavVersions();

}  // namespace frontalis
