#include "appearance/mesh_signals.h"

#include <cmath>
#include <initializer_list>

namespace frontalis {
namespace {

/// Landmarks of one side, named by what they sit on; "inner" is towards the nose.
struct SideLandmarks {
  int eye_outer, eye_inner, iris;
  std::array<int, 4> brow_inner, brow_middle, brow_outer;
  std::array<int, 3> lid_upper_iris, lid_lower;
  std::array<std::array<int, 2>, 3> lid_pairs;
  std::array<int, 4> infraorbital;
  std::array<int, 3> cheek;
  std::array<int, 4> nostril_wing;
  std::array<int, 3> lip_upper;
  std::array<int, 2> nostril_base;
  int mouth_corner;
  std::array<std::array<int, 2>, 3> upper_red, lower_red;
};

constexpr SideLandmarks kRight = {
    .eye_outer = 33,
    .eye_inner = 133,
    .iris = 468,
    .brow_inner = {107, 66, 55, 65},
    .brow_middle = {105, 66, 52, 65},
    .brow_outer = {70, 63, 46, 53},
    .lid_upper_iris = {160, 159, 158},
    .lid_lower = {144, 145, 153},
    .lid_pairs = {{{160, 144}, {159, 145}, {158, 153}}},
    .infraorbital = {101, 118, 117, 50},
    .cheek = {101, 118, 50},
    .nostril_wing = {48, 64, 98, 129},
    .lip_upper = {37, 39, 40},
    .nostril_base = {98, 97},
    .mouth_corner = 61,
    .upper_red = {{{0, 13}, {37, 82}, {39, 81}}},
    .lower_red = {{{17, 14}, {84, 87}, {181, 178}}},
};

constexpr SideLandmarks kLeft = {
    .eye_outer = 263,
    .eye_inner = 362,
    .iris = 473,
    .brow_inner = {336, 296, 285, 295},
    .brow_middle = {334, 296, 282, 295},
    .brow_outer = {300, 293, 276, 283},
    .lid_upper_iris = {387, 386, 385},
    .lid_lower = {373, 374, 380},
    .lid_pairs = {{{387, 373}, {386, 374}, {385, 380}}},
    .infraorbital = {330, 347, 346, 280},
    .cheek = {330, 347, 280},
    .nostril_wing = {278, 294, 327, 358},
    .lip_upper = {267, 269, 270},
    .nostril_base = {327, 326},
    .mouth_corner = 291,
    .upper_red = {{{0, 13}, {267, 312}, {269, 311}}},
    .lower_red = {{{17, 14}, {314, 317}, {405, 402}}},
};

constexpr int kForehead = 168, kBridge = 6, kNoseTip = 2;  // the midline, for kCornX
constexpr int kUpperLipTop = 0, kUpperLipInner = 13, kLowerLipInner = 14, kLowerLipBottom = 17;
constexpr int kChin = 152;

float distance(const Point3f& a, const Point3f& b) {
  const float dx = a.x - b.x;
  const float dy = a.y - b.y;
  const float dz = a.z - b.z;
  return std::sqrt(dx * dx + dy * dy + dz * dz);
}

class SideMeter {
 public:
  SideMeter(const FaceMesh& mesh, const SideLandmarks& side) : mesh_(mesh), side_(side) {}

  std::array<float, kMeshSignals> measure() const {
    std::array<float, kMeshSignals> out{};
    const float eye_corners = meanY(std::array{side_.eye_outer, side_.eye_inner});
    const float lid_lower = meanY(side_.lid_lower);
    const Point3f corner = at(side_.mouth_corner);
    out[kBrowIn] = at(side_.eye_inner).y - meanY(side_.brow_inner);
    out[kBrowMid] = eye_corners - meanY(side_.brow_middle);
    out[kBrowOut] = at(side_.eye_outer).y - meanY(side_.brow_outer);
    out[kLidIris] = at(side_.iris).y - meanY(side_.lid_upper_iris);
    out[kLidLo] = eye_corners - lid_lower;
    out[kEyeH] = meanDistance(side_.lid_pairs);
    out[kInfra] = eye_corners - meanY(side_.infraorbital);
    out[kLidCheek] = meanY(side_.cheek) - lid_lower;
    float wing = 0;
    for (const int point : side_.nostril_wing) wing += distance(at(point), at(side_.eye_inner));
    out[kWing] = wing / static_cast<float>(side_.nostril_wing.size());
    out[kUlipW] = meanY(side_.lip_upper) - meanY(side_.nostril_base);
    out[kCornX] = std::abs(corner.x - meanX(std::array{kForehead, kBridge, kNoseTip}));
    out[kCornYm] = meanY(std::array{kUpperLipInner, kLowerLipInner}) - corner.y;
    out[kCornZ] = corner.z - meanZ(std::array{kUpperLipTop, kLowerLipBottom});
    out[kLlipF] = -at(kLowerLipBottom).y;
    out[kLipgap] = distance(at(kUpperLipInner), at(kLowerLipInner));
    out[kUpV] = meanDistance(side_.upper_red);
    out[kLoV] = meanDistance(side_.lower_red);
    out[kJawF] = at(kChin).y;
    return out;
  }

 private:
  const Point3f& at(int landmark) const { return mesh_[static_cast<std::size_t>(landmark)]; }

  template <std::size_t N>
  float mean(const std::array<int, N>& points, float Point3f::*axis) const {
    float sum = 0;
    for (const int point : points) sum += at(point).*axis;
    return sum / static_cast<float>(N);
  }
  template <std::size_t N>
  float meanX(const std::array<int, N>& points) const {
    return mean(points, &Point3f::x);
  }
  template <std::size_t N>
  float meanY(const std::array<int, N>& points) const {
    return mean(points, &Point3f::y);
  }
  template <std::size_t N>
  float meanZ(const std::array<int, N>& points) const {
    return mean(points, &Point3f::z);
  }
  template <std::size_t N>
  float meanDistance(const std::array<std::array<int, 2>, N>& pairs) const {
    float sum = 0;
    for (const auto& [a, b] : pairs) sum += distance(at(a), at(b));
    return sum / static_cast<float>(N);
  }

  const FaceMesh& mesh_;
  const SideLandmarks& side_;
};

}  // namespace

void measureMeshSignals(const FaceMesh& aligned, OpenSignals& out) {
  out.right = SideMeter(aligned, kRight).measure();
  out.left = SideMeter(aligned, kLeft).measure();
}

OpenSignals SignalMeter::measure(const FaceMesh& mesh, const Blendshapes& blendshapes,
                                 float score) const {
  OpenSignals out;
  const std::optional<AlignedMesh> aligned = aligner_.align(mesh);
  if (!aligned) return out;
  measureMeshSignals(aligned->points, out);
  for (std::size_t i = 0; i < kBlendshapes; ++i) {
    out.blendshapes[i] = std::isfinite(blendshapes[i]) ? blendshapes[i] : 0.f;
  }
  out.yaw = aligned->yaw;
  out.pitch = aligned->pitch;
  out.roll = aligned->roll;
  out.score = std::isfinite(score) ? score : 0.f;
  return out;
}

}  // namespace frontalis
