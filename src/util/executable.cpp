#include "util/executable.h"

#include <dlfcn.h>

#if defined(__APPLE__)
#include <mach-o/dyld.h>

#include <cstdint>
#endif

namespace frontalis {

std::filesystem::path executablePath() {
#if defined(__APPLE__)
  char buffer[4096];
  std::uint32_t size = sizeof(buffer);
  if (_NSGetExecutablePath(buffer, &size) != 0) return {};
  return std::filesystem::path(buffer);
#else
  std::error_code error;
  const std::filesystem::path self = std::filesystem::read_symlink("/proc/self/exe", error);
  return error ? std::filesystem::path() : self;
#endif
}

std::filesystem::path executableFolder() { return executablePath().parent_path(); }

std::filesystem::path codeFolder() {
  Dl_info info{};
  if (::dladdr(reinterpret_cast<void*>(&codeFolder), &info) != 0 && info.dli_fname != nullptr) {
    const std::filesystem::path file(info.dli_fname);
    // For an executable dli_fname is only what it was called by.
    const std::string name = file.filename().string();
    if (name.find(".so") != std::string::npos || name.find(".dylib") != std::string::npos) {
      return file.parent_path();
    }
  }
  return executableFolder();
}

}  // namespace frontalis
