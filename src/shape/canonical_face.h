#pragma once

#include <array>
#include <cstdint>
#include <filesystem>
#include <vector>

#include "frontalis/result.h"
#include "frontalis/types.h"

namespace frontalis {

/// Vertices of MediaPipe's canonical face; vertex i is face-mesh landmark i (the irises have none).
inline constexpr std::size_t kCanonicalVertices = 468;

/// MediaPipe's face of average size, from the open pack. In mm: x to the image's right, y down,
/// z away from the camera (the image's axes, so a frontal face needs no rotation). Origin as in
/// the file: inside the head, behind the nose bridge.
struct CanonicalFace {
  std::array<Point3f, kCanonicalVertices> vertices{};
  std::vector<std::array<std::uint16_t, 3>> triangles;
};

/// Reads `canonical_face.txt` of the open pack: '#' comments; "vertices 468" and x y z in cm (y up,
/// z towards the camera); "procrustes N" (skipped); "triangles N" and three vertex numbers.
/// Errors: kNotFound, kUnreadable, kModelCorrupt.
Result<CanonicalFace> readCanonicalFace(const std::filesystem::path& path);

}  // namespace frontalis
