#include "inference/shared_library.h"

#include <dlfcn.h>

#if defined(__APPLE__)
#include <mach-o/dyld.h>
#endif

namespace frontalis {

Result<SharedLibrary> SharedLibrary::open(const std::vector<std::string>& candidates,
                                          const std::string& what, const std::string& remedy) {
  std::string tried;
  for (const std::string& candidate : candidates) {
    if (void* handle = dlopen(candidate.c_str(), RTLD_NOW | RTLD_LOCAL); handle != nullptr) {
      return SharedLibrary(handle, candidate);
    }
    const char* cause = dlerror();
    tried += "\n  " + (cause != nullptr ? std::string(cause) : candidate);
  }
  return Error{ErrorCode::kUnsupported, what + " cannot be loaded; tried:" + tried, remedy};
}

void* SharedLibrary::symbol(const char* name) const { return dlsym(handle_, name); }

std::filesystem::path executableFolder() {
#if defined(__APPLE__)
  char buffer[4096];
  std::uint32_t size = sizeof(buffer);
  if (_NSGetExecutablePath(buffer, &size) != 0) return {};
  return std::filesystem::path(buffer).parent_path();
#else
  std::error_code error;
  const std::filesystem::path self = std::filesystem::read_symlink("/proc/self/exe", error);
  return error ? std::filesystem::path() : self.parent_path();
#endif
}

}  // namespace frontalis
