#pragma once

#include <memory>

#include "face/face_detector.h"
#include "face/landmark_source.h"
#include "models/pack.h"
#include "pipeline/analysis.h"

namespace frontalis {

/// The source that Config::landmarks names, for packs measured on 68 landmarks; adds the models it
/// uses to `provenance`. Without a detector it makes its own. Errors: kInvalidArgument for an
/// unknown name, those of its models.
Result<std::unique_ptr<LandmarkSource>> makeLandmarkSource(const Config& config, const Pack& pack,
                                                           const std::shared_ptr<Runtime>& runtime,
                                                           Provenance& provenance,
                                                           std::unique_ptr<FaceDetector> detector);

/// The detector that such sources have of their own.
Result<std::unique_ptr<FaceDetector>> makeLandmarkDetector(const Config& config,
                                                           std::shared_ptr<Runtime> runtime);

}  // namespace frontalis
