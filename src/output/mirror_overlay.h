#pragma once

#include "image/frame_pool.h"
#include "pipeline/mirror_sides.h"

namespace frontalis {

/// The frame with midline (red), landmarks and a banner that says the frame, how far the head is
/// turned (green up to 3 degrees, orange up to 5, then red; grey without a face) and which side of
/// the picture is the patient's right. Drawn on copies of the planes: nothing is converted.
Frame drawMidline(const HalvedFrame& halved, FramePool& pool);

}  // namespace frontalis
