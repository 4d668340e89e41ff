#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <string_view>

namespace frontalis {

/// A path for JSON and back, whatever its bytes: as it is when UTF-8, else "hex:" and its bytes.
std::string pathText(const std::filesystem::path& path);
/// Nothing when the hexadecimal is none.
std::optional<std::filesystem::path> pathFromText(std::string_view text);

/// Well-formed UTF-8 (RFC 3629).
bool isUtf8(std::string_view bytes);

}  // namespace frontalis
