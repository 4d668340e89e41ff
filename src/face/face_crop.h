#pragma once

#include "face/face_detector.h"
#include "frontalis/types.h"
#include "image/geometry.h"

namespace frontalis {

/// The square a landmark network looks at, in px of the display frame: rotated so that the outer
/// eye corners are level.
struct FaceCrop {
  Point2f centre;
  float side = 0;   ///< px
  float angle = 0;  ///< rad, clockwise on screen: direction of the crop's x axis
};

/// From a detection: side = 1.3 x the box's longer side, level by the eye points.
FaceCrop cropFromDetection(const FaceDetection& face);

/// From the last frame's landmarks: 1.5 x the longer side of their upright box, level by the outer
/// eye corners, as MediaPipe does it. Rounded to about 1/2048 of the side: what a tracker began
/// with then dies away within some frames instead of living on in the last bits.
FaceCrop cropFromMesh(const FaceMesh& mesh);

/// From pixels of the crop, a size x size picture, to pixels of the frame; MediaPipe's convention:
/// pixel size / 2 lies on the centre.
Affine cropToFrame(const FaceCrop& crop, int size);

/// Axis-aligned box around the mesh, px.
Box meshBox(const FaceMesh& mesh);

}  // namespace frontalis
