#pragma once

#include <array>
#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "frontalis/result.h"

namespace frontalis {

/// Triangles over landmarks, 0-based indices.
using Triangulation = std::vector<std::array<int, 3>>;

/// OpenFace's text format (spec pipeline 4, item 8): rows, 3, type code 4, then the indices, each
/// below `points`. Errors: kNotFound, kUnreadable, kCorrupt.
Result<Triangulation> readTriangulation(const std::filesystem::path& path, int points);
Result<Triangulation> parseTriangulation(std::string_view text, const std::string& name,
                                         int points);

}  // namespace frontalis
