#include "pipeline/analysis.h"

#include "pipeline/open_analysis.h"

namespace frontalis {

Result<std::unique_ptr<Analysis>> makeAnalysis(const Config& config, bool image) {
  return makeOpenAnalysis(config, image);
}

}  // namespace frontalis
