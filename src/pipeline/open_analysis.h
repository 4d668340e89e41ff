#pragma once

#include <memory>

#include "models/pack.h"
#include "pipeline/analysis.h"

namespace frontalis {

/// The open pack: RetinaFace and face mesh -> rigid fit -> blendshapes -> neutral -> AUs.
Result<std::unique_ptr<Analysis>> makeOpenAnalysis(const Config& config, const Pack& pack,
                                                   bool image);

}  // namespace frontalis
