#pragma once

#include <memory>

#include "models/pack.h"
#include "pipeline/analysis.h"

namespace frontalis {

/// The openface pack, or any pack with a PDM and linear AU models: landmarks -> CalcParams ->
/// alignment -> FHOG and geometry -> neutral -> 35 linear models -> end-of-video correction.
Result<std::unique_ptr<Analysis>> makeOpenFaceAnalysis(const Config& config, const Pack& pack,
                                                       bool image);

}  // namespace frontalis
