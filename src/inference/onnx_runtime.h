#pragma once

#include <memory>

#include "frontalis/result.h"
#include "inference/network.h"

namespace frontalis {

/// ONNX Runtime through its C interface, loaded on first use: providers cpu, cuda and coreml. Its
/// pool has options.threads threads that sleep between runs. Errors: kInvalidArgument (device).
Result<std::unique_ptr<Runtime>> makeOnnxRuntime(const RuntimeOptions& options);

}  // namespace frontalis
