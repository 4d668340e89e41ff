#pragma once

#include <array>
#include <filesystem>
#include <vector>

#include "frontalis/mirror.h"
#include "output/report.h"

namespace frontalis {

/// What the page about both sides shows over time, gathered row by row.
class MirrorCurves {
 public:
  void add(const MirrorRow& row);

  /// The page's sections: how usable the video is, sides compared, synkinesis hints; a strip for
  /// each AU that moves (asymmetry over time) and one for the head.
  [[nodiscard]] std::vector<ReportSection> sections(const MirrorReport& report) const;

 private:
  std::vector<double> seconds_;
  std::vector<float> yaw_, quality_;
  std::array<std::vector<float>, kIntensityAus> index_;  // NaN in frames that are not usable
};

/// "good", "fair", "poor", "unusable".
const char* wordFor(Usability::Verdict verdict);

}  // namespace frontalis
