#pragma once

#include <array>
#include <span>

#include "appearance/mesh_signals.h"

namespace frontalis {

/// What turning the head does to one video's signals, expression aside: per mesh signal (not the
/// lip gap) and for browDown a ridge regression on yaw, pitch and their squares (spec open_pack 6).
class PoseLeak {
 public:
  /// Yaw or pitch must span more than this (1 % to 99 % quantile, degrees) for a fit to make sense;
  /// with smaller spans it would remove expression.
  static constexpr float kSmallestSpan = 35;
  static bool worthFitting(std::span<const OpenSignals> frames);

  /// Fits on the half of `frames` with the lowest `expression_energy` (same length, not empty).
  static PoseLeak fit(std::span<const OpenSignals> frames,
                      std::span<const float> expression_energy);

  /// Subtracts the leak; the fitted frames' means stay.
  void remove(OpenSignals& signals) const;

 private:
  static constexpr std::size_t kTerms = 4;
  static constexpr std::size_t kChannels = 2 * kMeshSignals + 2;
  using Terms = std::array<double, kTerms>;

  [[nodiscard]] Terms terms(const OpenSignals& signals) const;
  template <class Signals>  // OpenSignals, const or not
  static auto& channel(Signals& signals, std::size_t index);

  float yaw_ = 0, pitch_ = 0;  ///< medians, degrees
  Terms mean_{};
  std::array<Terms, kChannels> weights_{};
};

}  // namespace frontalis
