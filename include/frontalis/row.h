#pragma once

#include <array>
#include <cstdint>

#include "frontalis/types.h"

namespace frontalis {

/// OpenFace's 28-point model of one eye: 0-7 iris, 8-19 lids, 20-27 pupil.
inline constexpr std::size_t kEyePoints = 28;

/// Where a person looks (spec pipeline 9.1); only the CLNF landmarks give it.
struct Gaze {
  std::array<Point3f, 2> direction{};  ///< unit vectors, camera axes; [0] = image-left eye
  float angle_x = 0, angle_y = 0;      ///< rad, mean of both eyes
  std::array<std::array<Point2f, kEyePoints>, 2> eyes{};        ///< px
  std::array<std::array<Point3f, kEyePoints>, 2> eyes_in_3d{};  ///< mm
};

/// Parameters of the 68-point PDM (spec pipeline 3.2).
struct ShapeParameters {
  float scale = 0;               ///< px per mm
  float rx = 0, ry = 0, rz = 0;  ///< rad
  float tx = 0, ty = 0;          ///< px
  std::array<float, 34> local{};
};

/// Everything known of one face in one frame. Fields of stages that did not run stay zero;
/// Columns (columns.h) says which ones did.
struct Row {
  std::int64_t frame = 0;  ///< 1-based, OpenFace's numbering
  int face_id = 0;
  double timestamp = 0;  ///< s from the first frame, the container's presentation time
  float confidence = 0;  ///< 0..1
  bool success = false;  ///< false: no face was found, or its fit is not believed

  HeadPose pose;
  Landmarks68 landmarks{};         ///< px
  Landmarks68In3d landmarks_3d{};  ///< camera mm
  ShapeParameters shape;
  Gaze gaze;
  Blendshapes blendshapes{};

  std::array<float, kIntensityAus> intensity{};        ///< AUxx_r, 0..5
  std::array<float, kIntensityAus> intensity_right{};  ///< the person's right side; an indication
  std::array<float, kIntensityAus> intensity_left{};
  std::array<bool, kPresenceAus> presence{};  ///< AUxx_c
};

/// The groups of columns a pipeline fills, in OpenFace's order.
struct Columns {
  bool gaze = false;
  bool pose = true;
  bool landmarks_2d = false;
  bool landmarks_3d = false;
  bool shape = false;
  bool intensity = true;
  bool sides = false;
  bool presence = true;
  bool au28 = false;  ///< only the openface pack has a model of it
  bool blendshapes = false;
  /// A failed frame repeats the tracker's last state, as OpenFace's rows do; else it has no values.
  bool failed_keep_state = false;
};

}  // namespace frontalis
