#pragma once

#include <memory>

#include "frontalis/result.h"
#include "inference/network.h"

namespace frontalis {

/// OpenVINO through its C interface, loaded on first use. Precision is pinned to float32: left to
/// itself OpenVINO picks bfloat16 on some processors, which moves landmarks by more than a pixel.
/// Errors: kInvalidArgument (device).
Result<std::unique_ptr<Runtime>> makeOpenVinoRuntime(const RuntimeOptions& options);

}  // namespace frontalis
