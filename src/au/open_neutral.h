#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "appearance/mesh_signals.h"

namespace frontalis {

/// A face at rest: what OpenSignals shows when nothing is expressed.
struct OpenNeutral {
  std::array<float, kMeshSignals> right{};
  std::array<float, kMeshSignals> left{};
  Blendshapes blendshapes{};
};

/// The median of a few persons (spec open_pack 2), for single images and the first live frames.
const OpenNeutral& populationNeutral();

/// Holds a person's neutral to plausible values: mesh within population +- 3 max(sd, 1), upper
/// limits for coefficients that mean an expression when high, lipgap <= 2 u (spec open_pack 3).
OpenNeutral clampNeutral(const OpenNeutral& neutral);

/// The restful frames of one person, found without being told (spec open_pack 3, "rest set").
struct RestSet {
  std::vector<float> energy;        ///< per frame: how far from rest, >= 0
  std::vector<std::uint32_t> rest;  ///< indices of the restful frames, ascending
  OpenNeutral neutral{};            ///< median over them, not clamped; jawF <= median of all
};

/// Works in its own buffers, so a second call of the same or a smaller size allocates nothing.
class RestFinder {
 public:
  /// Room for so many frames.
  void reserve(std::size_t frames);
  /// Frames with a face, in any order. Empty in, empty set out (population neutral).
  const RestSet& find(std::span<const OpenSignals> frames);

  /// Median of each signal over `frames[chosen]`, or over all when none are chosen; not of nothing.
  OpenNeutral median(std::span<const OpenSignals> frames,
                     std::span<const std::uint32_t> chosen = {});

  /// Energy without the two head-pose terms, for the pose correction; valid after find().
  [[nodiscard]] const std::vector<float>& expressionEnergy() const { return expression_energy_; }

 private:
  RestSet set_;
  std::vector<float> expression_energy_;
  std::vector<float> column_;
};

/// Median (mean of the two middle values when even) and linear quantile; both reorder `values`,
/// which is not empty.
float medianOf(std::span<float> values);
float quantileOf(std::span<float> values, double q);

}  // namespace frontalis
