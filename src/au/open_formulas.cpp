#include "au/open_formulas.h"

#include <algorithm>
#include <cmath>

#include "appearance/blendshape_index.h"

namespace frontalis {
namespace {

namespace bs = blendshape;

// Written so that NaN becomes 0.
float positive(float v) { return v > 0 ? v : 0.f; }
float unit(float v) { return v > 0 ? std::min(v, 1.f) : 0.f; }

/// One side's signals against the neutral, named as in spec open_pack 4.
class Difference {
 public:
  Difference(const OpenSignals& signals, const OpenNeutral& neutral, Side side)
      : signals_(signals),
        neutral_(neutral),
        mesh_(side == Side::kRight ? signals.right : signals.left),
        mesh_neutral_(side == Side::kRight ? neutral.right : neutral.left),
        right_(side == Side::kRight) {}

  [[nodiscard]] float raw(MeshSignal signal) const { return mesh_[signal]; }
  [[nodiscard]] float neutral(MeshSignal signal) const { return mesh_neutral_[signal]; }
  [[nodiscard]] float d(MeshSignal signal) const { return mesh_[signal] - mesh_neutral_[signal]; }

  [[nodiscard]] float raw(SidedIndex c) const { return signals_.blendshapes[at(c)]; }
  [[nodiscard]] float neutral(SidedIndex c) const { return neutral_.blendshapes[at(c)]; }
  [[nodiscard]] float d(SidedIndex c) const { return raw(c) - neutral(c); }
  /// Share of what was left to rise above the neutral.
  [[nodiscard]] float beta(SidedIndex c) const {
    return positive(d(c)) / std::max(1 - neutral(c), .4f);
  }

 private:
  [[nodiscard]] std::size_t at(SidedIndex c) const { return right_ ? c.right : c.left; }

  const OpenSignals& signals_;
  const OpenNeutral& neutral_;
  const std::array<float, kMeshSignals>& mesh_;
  const std::array<float, kMeshSignals>& mesh_neutral_;
  bool right_;
};

}  // namespace

std::array<float, kIntensityAus> openIntensities(const OpenSignals& signals,
                                                 const OpenNeutral& neutral, Side side) {
  const Difference x(signals, neutral, side);
  const float smile = positive((x.d(kCornX) + x.d(kCornYm)) / 2);
  const float closing = 1 - x.raw(kEyeH) / std::max(x.neutral(kEyeH), 5.f);
  const float eye_open = 1 - unit((closing - .4f) / .3f);
  const float lips_shut = 1 - unit((x.d(kLipgap) - 2) / 4);

  const float au01 = .9f * positive(x.d(bs::kBrowInnerUp)) / .5f + positive(x.d(kBrowIn) - .3f) / 8;
  const float au02 =
      .4f * positive(x.d(bs::kBrowOuterUp)) / .4f + positive(x.d(kBrowOut) - .5f) / 7;
  const float au04 = std::sqrt(unit(x.d(bs::kBrowDown) * (1 - x.neutral(bs::kBrowDown)) / .25f) *
                               unit((-x.d(kBrowMid) - .5f) / 6));
  const float au05 =
      .8f * eye_open * positive(x.d(kLidIris) - .4f) / 2.5f + .2f * unit(x.d(bs::kEyeWide) / .05f);
  const float cheek_gate = unit(std::max(smile / 5, x.beta(bs::kEyeSquint) / .4f));
  const float au06 = cheek_gate * (x.d(kInfra) - x.d(kLidCheek)) / 12;
  const float au07 =
      eye_open * (.5f * unit(x.d(bs::kEyeSquint) / .4f) + .5f * unit(x.d(kLidLo) / 2.5f));
  const float au09 = (-x.d(kWing) - .5f * smile - .5f) / 5;
  const float au10 = .5f * unit((positive(-x.d(kUlipW)) - .35f * smile) / 4) +
                     .5f * unit((x.beta(bs::kMouthUpperUp) - .8f * x.beta(bs::kMouthSmile)) / .6f);
  const float au12 = .5f * unit(x.beta(bs::kMouthSmile) / .95f) + .5f * unit(smile / 12);
  const float au14 =
      .4f * unit(x.d(bs::kMouthDimple) / .15f) + positive(x.d(kCornZ) - .55f * smile - .5f) / 4;
  const float au15 = .5f * positive(x.d(bs::kMouthFrown)) / .3f + positive(-x.d(kCornYm) - .5f) / 5;
  const float au17 =
      .6f * unit(x.d(bs::kMouthShrugLower) / .45f) + .4f * unit((x.d(kLlipF) - 1) / 15);
  const float au20 = .25f * unit(x.d(bs::kMouthStretch) / .2f) +
                     positive(x.d(kCornX) - 1.3f * positive(x.d(kCornYm)) - .5f) / 7;
  const float tight =
      std::max((positive(x.d(bs::kMouthRollLower)) + positive(x.d(bs::kMouthRollUpper))) / 2,
               positive(x.d(bs::kMouthPress)));
  const float au23 = lips_shut * (.5f * unit(tight / .3f) +
                                  .5f * unit((-x.d(kUpV) - x.d(kLoV) - .3f * smile - .5f) / 8));
  const float au25 = (x.d(kLipgap) - 1) / 20;
  const float jaw_alone = std::sqrt(positive(x.raw(bs::kJawOpen) - x.raw(bs::kMouthClose)));
  const float au26 = .5f * unit((x.d(kJawF) - .5f) / 15) + .5f * unit((jaw_alone - .08f) / .6f);
  const float au45 = .5f * unit(x.beta(bs::kEyeBlink) / .6f) + .5f * unit((closing - .3f) / .45f);

  std::array<float, kIntensityAus> intensities = {au01, au02, au04, au05, au06, au07,
                                                  au09, au10, au12, au14, au15, au17,
                                                  au20, au23, au25, au26, au45};
  for (float& value : intensities) value = 5 * unit(value);
  return intensities;
}

}  // namespace frontalis
