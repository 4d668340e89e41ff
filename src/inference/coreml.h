#pragma once

#include <filesystem>
#include <string>
#include <utility>
#include <vector>

#include "frontalis/result.h"
#include "inference/device.h"
#include "inference/network.h"

namespace frontalis {

/// Options of ONNX Runtime's Core ML provider for a network. Of the device's text: `format`
/// (MLProgram, NeuralNetwork), `units` (ALL, CPUOnly, CPUAndNeuralEngine, CPUAndGPU), `cache` (a
/// folder, or "none"). Shapes are always static. Compiled models are kept in
/// CACHE/coreml/<key>, whose key holds the file's SHA-256 and shapes: Core ML itself would not
/// notice another model under an old name.
/// Errors: kInvalidArgument, those of reading the file.
Result<std::vector<std::pair<std::string, std::string>>> coreMlOptions(const Device& device,
                                                                       const NetworkFile& file);

}  // namespace frontalis
