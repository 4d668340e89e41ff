#include "appearance/triangulation.h"

#include "fuzz/input.h"

using namespace frontalis;

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const Result<Triangulation> triangles = parseTriangulation(fuzz::bytes(data, size), "input", 68);
  if (!triangles.ok()) return 0;
  for (const auto& triangle : *triangles) {
    for (const int point : triangle) fuzz::require(point >= 0 && point < 68, "points that exist");
  }
  return 0;
}
