#pragma once

#include <array>
#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>

#include "frontalis/result.h"

namespace frontalis {

/// Lower-case hexadecimal SHA-256 (FIPS 180-4) of bytes.
std::string sha256(std::string_view bytes);

/// Of a file, streamed. Errors: kNotFound, kUnreadable.
Result<std::string> sha256File(const std::filesystem::path& path);

}  // namespace frontalis
