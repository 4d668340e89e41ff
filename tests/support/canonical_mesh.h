#pragma once

#include <gtest/gtest.h>

#include "frontalis/types.h"
#include "shape/canonical_face.h"
#include "support/paths.h"

namespace frontalis::testing {

/// The open pack's canonical face; fails the test when the pack is not there.
inline CanonicalFace canonicalFace() {
  Result<CanonicalFace> face = readCanonicalFace(openPackDir() / "canonical_face.txt");
  EXPECT_TRUE(face.ok()) << (face.ok() ? "" : face.error().text());
  return face.ok() ? *face : CanonicalFace{};
}

/// A point's twin on the other side of the canonical face (or itself on the midline), by nearness
/// to its mirror image; irises by hand, ring points opposite each other.
inline std::array<std::size_t, kMeshPoints> mirrorTwins(const CanonicalFace& face) {
  std::array<std::size_t, kMeshPoints> twin{};
  for (std::size_t i = 0; i < kCanonicalVertices; ++i) {
    float best = 1e9f;
    for (std::size_t j = 0; j < kCanonicalVertices; ++j) {
      const float dx = face.vertices[i].x + face.vertices[j].x;
      const float dy = face.vertices[i].y - face.vertices[j].y;
      const float dz = face.vertices[i].z - face.vertices[j].z;
      const float distance = dx * dx + dy * dy + dz * dz;
      if (distance < best) {
        best = distance;
        twin[i] = j;
      }
    }
  }
  constexpr std::array<std::size_t, 10> kIris = {473, 476, 475, 474, 477, 468, 471, 470, 469, 472};
  for (std::size_t i = 0; i < kIris.size(); ++i) twin[kCanonicalVertices + i] = kIris[i];
  return twin;
}

/// The canonical face in mm as a mesh, irises put midway between the eye corners.
inline FaceMesh canonicalMesh(const CanonicalFace& face) {
  FaceMesh mesh{};
  std::copy(face.vertices.begin(), face.vertices.end(), mesh.begin());
  const auto middle = [&](std::size_t a, std::size_t b) {
    return Point3f{(mesh[a].x + mesh[b].x) / 2, (mesh[a].y + mesh[b].y) / 2,
                   (mesh[a].z + mesh[b].z) / 2};
  };
  for (std::size_t i = 468; i < 473; ++i) mesh[i] = middle(33, 133);
  for (std::size_t i = 473; i < 478; ++i) mesh[i] = middle(263, 362);
  return mesh;
}

}  // namespace frontalis::testing
