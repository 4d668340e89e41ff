#include "appearance/builtin_triangulation.h"

#include <string_view>

#include "frontalis/types.h"

namespace frontalis {

std::string_view builtinTriangulationText();  // generated from data/face68/triangles.txt

Result<Triangulation> builtinTriangulation() {
  return parseTriangulation(builtinTriangulationText(), "built-in triangulation",
                            static_cast<int>(kLandmarks));
}

}  // namespace frontalis
