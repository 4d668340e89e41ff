#include "au/agreement.h"

#include <algorithm>
#include <cmath>
#include <vector>

namespace frontalis {
namespace {

// Below this share of the values' own size a spread is rounding.
constexpr double kRounding = 1e-12;

double mean(std::span<const double> values) {
  double sum = 0;
  for (const double v : values) sum += v;
  return sum / static_cast<double>(values.size());
}

double squares(std::span<const double> values, double middle) {
  double sum = 0;
  for (const double v : values) sum += (v - middle) * (v - middle);
  return sum;
}

bool varies(double sum_of_squares, double middle, std::size_t count) {
  const double scale = kRounding * (1 + std::abs(middle));
  return sum_of_squares > scale * scale * static_cast<double>(count);
}

}  // namespace

std::optional<double> icc31(std::span<const double> ratings, std::size_t raters) {
  if (raters < 2 || ratings.size() < 2 * raters) return std::nullopt;
  const std::size_t targets = ratings.size() / raters;
  const auto n = static_cast<double>(targets);
  const auto k = static_cast<double>(raters);
  const double all = mean(ratings);
  if (!varies(squares(ratings, all), all, ratings.size())) return std::nullopt;
  std::vector<double> of_rater(raters, 0);
  double between = 0;
  for (std::size_t t = 0; t < targets; ++t) {
    const std::span<const double> row = ratings.subspan(t * raters, raters);
    for (std::size_t j = 0; j < raters; ++j) of_rater[j] += row[j] / n;
    between += k * (mean(row) - all) * (mean(row) - all);
  }
  double residual = 0;
  for (std::size_t t = 0; t < targets; ++t) {
    const std::span<const double> row = ratings.subspan(t * raters, raters);
    const double of_target = mean(row);
    for (std::size_t j = 0; j < raters; ++j) {
      const double rest = row[j] - of_target - of_rater[j] + all;
      residual += rest * rest;
    }
  }
  const double between_mean = between / (n - 1);
  const double residual_mean = residual / ((n - 1) * (k - 1));
  const double whole = between_mean + (k - 1) * residual_mean;
  if (!varies(whole * (n - 1), all, targets)) return std::nullopt;
  return (between_mean - residual_mean) / whole;
}

Agreement agreement(std::span<const double> a, std::span<const double> b) {
  Agreement found;
  const std::size_t count = a.size();
  const auto n = static_cast<double>(count);
  found.pairs = count;
  found.mean_a = mean(a);
  found.mean_b = mean(b);
  const double squares_a = squares(a, found.mean_a);
  const double squares_b = squares(b, found.mean_b);
  found.deviation_a = std::sqrt(squares_a / n);
  found.deviation_b = std::sqrt(squares_b / n);
  double products = 0, absolute = 0;
  std::vector<double> differences(count), both(2 * count);
  for (std::size_t i = 0; i < count; ++i) {
    products += (a[i] - found.mean_a) * (b[i] - found.mean_b);
    differences[i] = b[i] - a[i];
    absolute += std::abs(differences[i]);
    both[2 * i] = a[i];
    both[2 * i + 1] = b[i];
  }
  if (varies(squares_a, found.mean_a, count) && varies(squares_b, found.mean_b, count)) {
    // Rounding may lead beyond one.
    found.r = std::clamp(products / std::sqrt(squares_a * squares_b), -1.0, 1.0);
  }
  found.icc = icc31(both, 2);
  found.mae = absolute / n;
  found.bias = mean(differences);
  if (count > 1) {
    const double spread = 1.96 * std::sqrt(squares(differences, found.bias) / (n - 1));
    found.low = found.bias - spread;
    found.high = found.bias + spread;
  }
  return found;
}

PresenceAgreement presenceAgreement(std::span<const double> a, std::span<const double> b) {
  PresenceAgreement found;
  found.pairs = a.size();
  double both = 0, only_a = 0, only_b = 0, neither = 0;
  for (std::size_t i = 0; i < a.size(); ++i) {
    const bool in_a = a[i] >= 0.5, in_b = b[i] >= 0.5;
    (in_a ? (in_b ? both : only_a) : (in_b ? only_b : neither)) += 1;
  }
  const auto n = static_cast<double>(a.size());
  found.equal = (both + neither) / n;
  found.share_a = (both + only_a) / n;
  found.share_b = (both + only_b) / n;
  if (const double any = 2 * both + only_a + only_b; any > 0) found.f1 = 2 * both / any;
  const double chance = found.share_a * found.share_b + (1 - found.share_a) * (1 - found.share_b);
  if (chance < 1 - kRounding) found.kappa = (found.equal - chance) / (1 - chance);
  return found;
}

}  // namespace frontalis
