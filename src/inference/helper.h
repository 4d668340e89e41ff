#pragma once

#include <functional>
#include <memory>

#include "frontalis/result.h"
#include "inference/network.h"

namespace frontalis {

using RuntimeMaker = std::function<Result<std::unique_ptr<Runtime>>(const RuntimeOptions&)>;

/// Where a helper process finds its end of the socket pair.
inline constexpr int kHelperSocket = 3;

/// The helper process: does what `socket` asks for with a runtime of `make`, until told to quit.
/// The calling thread alone creates, warms up, runs and destroys what the runtime prepares. When
/// the other end goes away the process ends, whatever it is doing. Returns the exit code.
int serveInference(int socket, const RuntimeMaker& make);

}  // namespace frontalis
