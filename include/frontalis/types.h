#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>

namespace frontalis {

/// Image coordinates in px: origin top left, x right, y down, pixel centres on integers.
struct Point2f {
  float x = 0;
  float y = 0;
};

/// Image px with depth, or camera mm (x right, y down, z away from the camera); the name says
/// which.
struct Point3f {
  float x = 0;
  float y = 0;
  float z = 0;
};

/// Axis-aligned box in px.
struct Box {
  float x = 0;
  float y = 0;
  float width = 0;
  float height = 0;

  [[nodiscard]] float right() const { return x + width; }
  [[nodiscard]] float bottom() const { return y + height; }
  [[nodiscard]] float area() const { return std::max(width, 0.f) * std::max(height, 0.f); }
  [[nodiscard]] Point2f center() const { return {x + width / 2, y + height / 2}; }
};

/// 68 points in iBUG order: 0-16 jaw, 17-26 brows, 27-35 nose, 36-47 eyes, 48-67 lips.
inline constexpr std::size_t kLandmarks = 68;
using Landmarks68 = std::array<Point2f, kLandmarks>;
using Landmarks68In3d = std::array<Point3f, kLandmarks>;

/// MediaPipe's face mesh with irises; x, y in image px, z in px away from the camera.
inline constexpr std::size_t kMeshPoints = 478;
using FaceMesh = std::array<Point3f, kMeshPoints>;

/// MediaPipe's 52 expression coefficients, 0..1, in the network's order.
inline constexpr std::size_t kBlendshapes = 52;
using Blendshapes = std::array<float, kBlendshapes>;

/// Head pose in OpenFace's convention (spec pipeline 3.5): camera mm; Euler XYZ rad.
struct HeadPose {
  float tx = 0, ty = 0, tz = 0;
  float rx = 0, ry = 0, rz = 0;
};

/// Pinhole camera without distortion, px.
struct Camera {
  float fx = 0, fy = 0, cx = 0, cy = 0;

  /// OpenFace's default when nothing is known (spec pipeline 3.5).
  static Camera forImageSize(int width, int height) {
    const float f =
        (500.f * static_cast<float>(width) / 640.f + 500.f * static_cast<float>(height) / 480.f) /
        2.f;
    return {f, f, static_cast<float>(width) / 2.f, static_cast<float>(height) / 2.f};
  }
};

/// The action units with an intensity, in column order, and those with a presence.
inline constexpr std::size_t kIntensityAus = 17;
inline constexpr std::array<int, kIntensityAus> kIntensityAuNumbers = {
    1, 2, 4, 5, 6, 7, 9, 10, 12, 14, 15, 17, 20, 23, 25, 26, 45};
inline constexpr std::size_t kPresenceAus = 18;
inline constexpr std::array<int, kPresenceAus> kPresenceAuNumbers = {
    1, 2, 4, 5, 6, 7, 9, 10, 12, 14, 15, 17, 20, 23, 25, 26, 28, 45};

}  // namespace frontalis
