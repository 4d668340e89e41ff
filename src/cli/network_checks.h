#pragma once

#include <span>

#include "frontalis/config.h"
#include "inference/network.h"

namespace frontalis::cli {

/// A network of the open pack with the input it gets in use.
struct NetworkCheck {
  const char* role;
  TensorShape input;
  float low, high;  ///< range of its input values
};

std::span<const NetworkCheck> networkChecks();

/// A picture with soft shapes of several sizes, the same everywhere.
void fillInput(Network& network, const NetworkCheck& check);

/// `doctor --providers`: a table of every runtime and device, on standard output. Returns the exit
/// code: a failure only when the CPU itself fails.
int tryProviders(const Config& config);

}  // namespace frontalis::cli
