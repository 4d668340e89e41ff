#pragma once

#include <array>
#include <cstdint>
#include <string_view>

#include "frontalis/types.h"

namespace frontalis {

/// The network's 52 outputs in order (MediaPipe face blendshapes; ARKit's names). Left and right
/// are the subject's.
inline constexpr std::array<std::string_view, kBlendshapes> kBlendshapeNames = {
    "_neutral",         "browDownLeft",      "browDownRight",      "browInnerUp",
    "browOuterUpLeft",  "browOuterUpRight",  "cheekPuff",          "cheekSquintLeft",
    "cheekSquintRight", "eyeBlinkLeft",      "eyeBlinkRight",      "eyeLookDownLeft",
    "eyeLookDownRight", "eyeLookInLeft",     "eyeLookInRight",     "eyeLookOutLeft",
    "eyeLookOutRight",  "eyeLookUpLeft",     "eyeLookUpRight",     "eyeSquintLeft",
    "eyeSquintRight",   "eyeWideLeft",       "eyeWideRight",       "jawForward",
    "jawLeft",          "jawOpen",           "jawRight",           "mouthClose",
    "mouthDimpleLeft",  "mouthDimpleRight",  "mouthFrownLeft",     "mouthFrownRight",
    "mouthFunnel",      "mouthLeft",         "mouthLowerDownLeft", "mouthLowerDownRight",
    "mouthPressLeft",   "mouthPressRight",   "mouthPucker",        "mouthRight",
    "mouthRollLower",   "mouthRollUpper",    "mouthShrugLower",    "mouthShrugUpper",
    "mouthSmileLeft",   "mouthSmileRight",   "mouthStretchLeft",   "mouthStretchRight",
    "mouthUpperUpLeft", "mouthUpperUpRight", "noseSneerLeft",      "noseSneerRight"};

/// Where one coefficient's right and left values lie; equal where one value serves both sides.
struct SidedIndex {
  std::uint8_t right;
  std::uint8_t left;
};

/// Indices into Blendshapes of the coefficients that the open pack's formulas read.
namespace blendshape {
inline constexpr SidedIndex kBrowDown{2, 1};
inline constexpr SidedIndex kBrowInnerUp{3, 3};
inline constexpr SidedIndex kBrowOuterUp{5, 4};
inline constexpr SidedIndex kEyeBlink{10, 9};
inline constexpr SidedIndex kEyeLookDown{12, 11};
inline constexpr SidedIndex kEyeSquint{20, 19};
inline constexpr SidedIndex kEyeWide{22, 21};
inline constexpr SidedIndex kJawOpen{25, 25};
inline constexpr SidedIndex kMouthClose{27, 27};
inline constexpr SidedIndex kMouthDimple{29, 28};
inline constexpr SidedIndex kMouthFrown{31, 30};
inline constexpr SidedIndex kMouthLowerDown{35, 34};
inline constexpr SidedIndex kMouthPress{37, 36};
inline constexpr SidedIndex kMouthPucker{38, 38};
inline constexpr SidedIndex kMouthRollLower{40, 40};
inline constexpr SidedIndex kMouthRollUpper{41, 41};
inline constexpr SidedIndex kMouthShrugLower{42, 42};
inline constexpr SidedIndex kMouthSmile{45, 44};
inline constexpr SidedIndex kMouthStretch{47, 46};
inline constexpr SidedIndex kMouthUpperUp{49, 48};
}  // namespace blendshape

}  // namespace frontalis
