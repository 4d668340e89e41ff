#pragma once

#include <string>
#include <vector>

#include "frontalis/result.h"

namespace frontalis {

/// A library opened when it is first needed, so that commands without inference never load it.
/// Never closed: runtimes keep threads and do not survive unloading.
class SharedLibrary {
 public:
  /// Tries the candidates in order (paths, or plain names for the system's search).
  /// Errors: kUnsupported naming what was tried.
  static Result<SharedLibrary> open(const std::vector<std::string>& candidates,
                                    const std::string& what, const std::string& remedy);

  /// nullptr when the library lacks it.
  [[nodiscard]] void* symbol(const char* name) const;
  [[nodiscard]] const std::string& path() const { return path_; }

 private:
  SharedLibrary(void* handle, std::string path) : handle_(handle), path_(std::move(path)) {}
  void* handle_;
  std::string path_;
};

}  // namespace frontalis
