#include "inference/network.h"
#include "inference/openvino_runtime.h"

namespace frontalis {

Result<std::unique_ptr<Runtime>> makeRuntime(const RuntimeOptions& options) {
  if (options.threads < 1) {
    return Error{ErrorCode::kInvalidArgument, "a runtime needs at least one thread"};
  }
  if (options.runtime == "openvino") return makeOpenVinoRuntime(options);
  return Error{ErrorCode::kUnsupported, "runtime \"" + options.runtime + "\" is not in this build",
               "Choose openvino"};
}

}  // namespace frontalis
