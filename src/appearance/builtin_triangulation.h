#pragma once

#include "appearance/triangulation.h"

namespace frontalis {

/// Triangles over the points of builtinPdm() (data/face68/README.md).
Result<Triangulation> builtinTriangulation();

}  // namespace frontalis
