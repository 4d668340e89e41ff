#include "inference/shared_library.h"

#include <dlfcn.h>

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

}  // namespace frontalis
