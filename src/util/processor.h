#pragma once

#include <string>
#include <vector>

namespace frontalis {

/// An instruction set extension.
struct ProcessorFeature {
  std::string name;      ///< e.g. "AVX2"
  bool present = false;  ///< in this processor
  bool needed = false;   ///< this build was made for processors that have it
};

/// "x86-64", "ARM64", or empty for others.
std::string processorArchitecture();
/// Those that matter to the speed of Frontalis; none where the system is not asked (not x86-64).
std::vector<ProcessorFeature> processorFeatures();

/// All that this processor and system say they can execute, as text: where it differs, code made
/// here may not run. Empty where the system is not asked (not x86-64).
std::string processorSignature();

}  // namespace frontalis
