#pragma once

#include <filesystem>

namespace frontalis {

/// The running executable; empty if the system does not tell.
std::filesystem::path executablePath();
/// Its folder.
std::filesystem::path executableFolder();

/// Folder of the shared library that holds this code, or of the executable where it is linked in:
/// installed files lie at a fixed way from here (bin/ and lib/ of one prefix).
std::filesystem::path codeFolder();

}  // namespace frontalis
