#pragma once

#include <array>
#include <vector>

#include "frontalis/mirror.h"

namespace frontalis {

/// Gathers the usable frames of one video and says what its sides do differently. Memory: 140
/// bytes a usable frame.
class AsymmetryStudy {
 public:
  /// Rows in order; those that are not usable are counted and left out.
  void add(const MirrorRow& row, float max_yaw);

  [[nodiscard]] std::vector<AuAsymmetry> aus() const;
  /// For each AU that moves on both sides (intensity 1 and more, at least kFramesOfMovement frames,
  /// and as many below 0.5): what rises with it on one side by 1 or more, following it (r >= 0.5),
  /// but on the other side by less than half as much.
  [[nodiscard]] std::vector<SynkinesisHint> synkinesis() const;
  [[nodiscard]] Usability usability() const;

  static constexpr std::size_t kFramesOfMovement = 10;

 private:
  struct Sample {
    double seconds = 0;
    std::array<float, kIntensityAus> right{}, left{};
  };

  std::vector<Sample> samples_;
  std::size_t frames_ = 0, without_face_ = 0, turned_ = 0, half_lost_ = 0, moving_ = 0;
  float max_yaw_ = 0;
};

}  // namespace frontalis
