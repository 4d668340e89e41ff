#pragma once

#include <cstdlib>
#include <filesystem>
#include <optional>
#include <string>
#include <utility>

namespace frontalis::testing {

/// Sets an environment variable for a scope.
class ScopedVariable {
 public:
  ScopedVariable(std::string name, const std::string& value) : name_(std::move(name)) {
    if (const char* old = std::getenv(name_.c_str()); old != nullptr) old_ = old;
    ::setenv(name_.c_str(), value.c_str(), 1);
  }
  ScopedVariable(const ScopedVariable&) = delete;
  ScopedVariable& operator=(const ScopedVariable&) = delete;
  ~ScopedVariable() {
    if (old_) {
      ::setenv(name_.c_str(), old_->c_str(), 1);
    } else {
      ::unsetenv(name_.c_str());
    }
  }

 private:
  std::string name_;
  std::optional<std::string> old_;
};

/// Empty model folders of one test: FRONTALIS_HOME and OPENFACE_MODELS_DIR point into `folder`.
struct ModelFolders {
  explicit ModelFolders(const std::filesystem::path& folder)
      : home(folder / "home"),
        openface_root(folder / "OpenFaceModels"),
        home_variable("FRONTALIS_HOME", home.string()),
        openface_variable("OPENFACE_MODELS_DIR", openface_root.string()) {}

  [[nodiscard]] std::filesystem::path originals() const {
    return openface_root / "2.2.0" / "originals";
  }

  std::filesystem::path home;
  std::filesystem::path openface_root;
  ScopedVariable home_variable;
  ScopedVariable openface_variable;
};

}  // namespace frontalis::testing
