#include "pipeline/analysis.h"

#include <algorithm>

#include "models/pack.h"
#include "pipeline/open_analysis.h"
#include "pipeline/openface_analysis.h"
#include "util/try.h"

namespace frontalis {

Result<std::unique_ptr<Analysis>> makeAnalysis(const Config& config, bool image) {
  FRONTALIS_ASSIGN(const Pack pack, findPack(config.pack));
  // What a pack holds decides how it is used, whatever its name.
  const bool linear_models = std::any_of(pack.files.begin(), pack.files.end(), [](const auto& file) {
    return file.role == "au-models" || file.role == "au-models-static";
  });
  return linear_models ? makeOpenFaceAnalysis(config, pack, image)
                       : makeOpenAnalysis(config, pack, image);
}

}  // namespace frontalis
