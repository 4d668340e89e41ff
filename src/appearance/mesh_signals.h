#pragma once

#include <array>
#include <cstddef>
#include <string_view>

#include "frontalis/types.h"
#include "shape/rigid_fit.h"

namespace frontalis {

/// Distances on the aligned face mesh, in u (1 % of the outer-canthus distance); spec open_pack 2.
enum MeshSignal : std::size_t {
  kBrowIn,    ///< inner brow above the inner eye corner
  kBrowMid,   ///< brow above the eye corners
  kBrowOut,   ///< outer brow above the outer eye corner
  kLidIris,   ///< upper lid above the iris centre
  kLidLo,     ///< lower lid above the eye corners (negative)
  kEyeH,      ///< eye opening
  kInfra,     ///< infraorbital point above the eye corners (negative)
  kLidCheek,  ///< cheek below the lower lid
  kWing,      ///< nostril wing to inner eye corner
  kUlipW,     ///< upper lip below the nostrils
  kCornX,     ///< mouth corner off the midline
  kCornYm,    ///< mouth corner above the lips' inner edge
  kCornZ,     ///< mouth corner behind the lips
  kLlipF,     ///< lower lip's lower edge, upwards (negative); one value for both sides
  kLipgap,    ///< gap between the lips; one value for both sides
  kUpV,       ///< upper lip's red
  kLoV,       ///< lower lip's red
  kJawF,      ///< chin below the eyes; one value for both sides
  kMeshSignals
};

inline constexpr std::array<std::string_view, kMeshSignals> kMeshSignalNames = {
    "browIn", "browMid", "browOut", "lidIris", "lidLo", "eyeH",   "infra", "lidCheek", "wing",
    "ulipW",  "cornX",   "cornYm",  "cornZ",   "llipF", "lipgap", "upV",   "loV",      "jawF"};

/// All that the open pack's action units need of one frame; right and left are the subject's.
struct OpenSignals {
  std::array<float, kMeshSignals> right{};
  std::array<float, kMeshSignals> left{};
  Blendshapes blendshapes{};
  float yaw = 0, pitch = 0, roll = 0;  ///< degrees, see AlignedMesh
  float score = 0;                     ///< face presence, 0..1
};

/// Measures the signals on a mesh already aligned.
void measureMeshSignals(const FaceMesh& aligned, OpenSignals& out);

/// Face mesh and coefficients -> OpenSignals.
class SignalMeter {
 public:
  explicit SignalMeter(const CanonicalFace& face) : aligner_(face) {}

  /// A degenerate or non-finite mesh gives zeros and score 0; non-finite coefficients count as 0.
  [[nodiscard]] OpenSignals measure(const FaceMesh& mesh, const Blendshapes& blendshapes,
                                    float score) const;

 private:
  MeshAligner aligner_;
};

}  // namespace frontalis
