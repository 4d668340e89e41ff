#pragma once

#include "frontalis/models.h"
#include "support/environment.h"
#include "support/media.h"
#include "support/paths.h"

namespace frontalis::testing {

/// OpenFace's models and PFLD of ../shared, as a user has them who imported both. Needs
/// ../shared/models.
class ResearchModels {
 public:
  /// Errors: those of importModels().
  [[nodiscard]] const Result<ImportReport>& imported() const { return imported_; }

 private:
  TempFolder folder_;
  ScopedVariable openface_{"OPENFACE_MODELS_DIR",
                           (sharedDir() / "models" / "OpenFaceModels").string()};
  ScopedVariable home_{"FRONTALIS_HOME", (folder_ / "home").string()};
  Result<ImportReport> imported_ = importModels(sharedDir() / "models" / "research");
};

}  // namespace frontalis::testing
