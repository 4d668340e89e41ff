#pragma once

#include <cstddef>
#include <optional>
#include <span>

namespace frontalis {

/// How well two sets of measurements of the same moments agree. What is not defined, such as a
/// correlation with a constant, is nothing.
struct Agreement {
  std::size_t pairs = 0;
  std::optional<double> r;    ///< Pearson's
  std::optional<double> icc;  ///< ICC(3,1)
  double mae = 0;             ///< mean of |b - a|
  double bias = 0;            ///< mean of b - a
  /// Limits of agreement, bias -+ 1.96 standard deviations of b - a (Bland & Altman 1986).
  std::optional<double> low, high;
  double mean_a = 0, mean_b = 0;
  double deviation_a = 0, deviation_b = 0;  ///< standard deviations (n)
};

/// Both of the same length, finite, not empty.
Agreement agreement(std::span<const double> a, std::span<const double> b);

/// ICC(3,1): two-way mixed, single rater, consistency (Shrout & Fleiss 1979). `ratings`: target by
/// target, `raters` each. Nothing with fewer than two of either, or when all are alike.
std::optional<double> icc31(std::span<const double> ratings, std::size_t raters);

/// How well two judgements of presence agree.
struct PresenceAgreement {
  std::size_t pairs = 0;
  double equal = 0;                 ///< share of equal judgements
  std::optional<double> f1;         ///< of b, with a as the truth
  std::optional<double> kappa;      ///< Cohen's
  double share_a = 0, share_b = 0;  ///< of judgements that are "present"
};

/// Of 0 and 1, both of the same length, not empty.
PresenceAgreement presenceAgreement(std::span<const double> a, std::span<const double> b);

}  // namespace frontalis
