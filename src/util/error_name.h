#pragma once

#include <string_view>

#include "frontalis/result.h"

namespace frontalis {

/// As files and other programs know it: "not_a_video" for kNotAVideo.
std::string_view errorName(ErrorCode code);

}  // namespace frontalis
