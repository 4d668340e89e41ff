#pragma once

#include <string>

#include "output/extract_file.h"

namespace frontalis {

/// How a table came about: input and its SHA-256, pack and model hashes, versions, options, what
/// was read and how long each stage took.
std::string metaJson(const ExtractRequest& request, const ExtractReport& report);

}  // namespace frontalis
