#pragma once

#include <array>
#include <cstddef>

#include "au/open_neutral.h"
#include "frontalis/types.h"

namespace frontalis {

/// How far a value of the open pack may be trusted, as measured in docs/accuracy.md.
enum class Trust { kGood, kFair, kWeak };

/// In kIntensityAuNumbers order. On single images (population neutral) one level lower.
inline constexpr std::array<Trust, kIntensityAus> kOpenTrust = {
    Trust::kFair, Trust::kWeak, Trust::kWeak, Trust::kFair, Trust::kGood, Trust::kFair,
    Trust::kWeak, Trust::kFair, Trust::kGood, Trust::kWeak, Trust::kWeak, Trust::kWeak,
    Trust::kWeak, Trust::kWeak, Trust::kGood, Trust::kFair, Trust::kGood};

enum class Side { kRight, kLeft };  ///< the subject's

/// Intensities 0..5 of one side, in kIntensityAuNumbers order, from the signals' distance to the
/// neutral (spec open_pack 4). Never NaN.
std::array<float, kIntensityAus> openIntensities(const OpenSignals& signals,
                                                 const OpenNeutral& neutral, Side side);

}  // namespace frontalis
