#include "shape/canonical_face.h"

#include <cmath>

#include "fuzz/input.h"

using namespace frontalis;

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const fuzz::MemoryFile file(data, size);
  const Result<CanonicalFace> face = readCanonicalFace(file.path());
  if (!face.ok()) return 0;
  for (const Point3f& p : face->vertices) {
    fuzz::require(std::isfinite(p.x) && std::isfinite(p.y) && std::isfinite(p.z),
                  "finite vertices");
  }
  for (const auto& triangle : face->triangles) {
    for (const int vertex : triangle) {
      fuzz::require(vertex >= 0 && vertex < static_cast<int>(kCanonicalVertices),
                    "vertices that exist");
    }
  }
  return 0;
}
