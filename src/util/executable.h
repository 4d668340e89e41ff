#pragma once

#include <filesystem>

namespace frontalis {

/// Folder of the running executable; empty if the system does not tell.
std::filesystem::path executableFolder();

}  // namespace frontalis
