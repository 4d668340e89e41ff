#pragma once

#include "frontalis/result.h"
#include "shape/pdm.h"

namespace frontalis {

/// The project's own 68-point, 34-mode shape model (data/face68/README.md): free to use, learned
/// from the open pack's face mesh. Not interchangeable with OpenFace's.
Result<Pdm> builtinPdm();

}  // namespace frontalis
