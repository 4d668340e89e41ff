#include "au/agreement.h"

#include <gtest/gtest.h>

#include <array>
#include <cmath>
#include <vector>

namespace frontalis {
namespace {

TEST(Icc31, IsShroutAndFleissTable) {
  // Six targets, four judges: Shrout & Fleiss 1979, table 2; ICC(3,1) = .71 in table 4.
  constexpr std::array<double, 24> kRatings = {9, 2, 5, 8, 6,  1, 3, 2, 8, 4, 6, 8,
                                               7, 1, 2, 6, 10, 5, 6, 9, 6, 2, 4, 7};
  // By hand: BMS 11.2417, EMS 1.0194.
  EXPECT_NEAR(*icc31(kRatings, 4), (11.241667 - 1.019444) / (11.241667 + 3 * 1.019444), 1e-5);
  EXPECT_NEAR(*icc31(kRatings, 4), 0.71, 0.005);
}

TEST(Agreement, IsWhatAHandGets) {
  constexpr std::array<double, 4> kA = {1, 2, 3, 4};
  constexpr std::array<double, 4> kB = {1, 3, 3, 5};
  const Agreement found = agreement(kA, kB);
  // Sums of squares 5 and 8, of products 6; differences 0 1 0 1.
  EXPECT_NEAR(*found.r, 6 / std::sqrt(40.0), 1e-12);
  EXPECT_DOUBLE_EQ(found.mae, 0.5);
  EXPECT_DOUBLE_EQ(found.bias, 0.5);
  EXPECT_NEAR(*found.high - *found.low, 2 * 1.96 * std::sqrt(1.0 / 3), 1e-12);
  // Between targets 2 (1 + .25^2 ...): means 1, 2.5, 3, 4.5 -> SS 12.5, MS 25/6; residual MS 1/6.
  EXPECT_NEAR(*found.icc, (25.0 / 6 - 1.0 / 6) / (25.0 / 6 + 1.0 / 6), 1e-12);
  EXPECT_NEAR(found.deviation_a, std::sqrt(1.25), 1e-12);
}

TEST(Agreement, AShiftChangesBiasOnly) {
  const std::vector<double> a = {0.1, 0.4, 0.2, 0.9};
  const std::vector<double> b = {1.1, 1.4, 1.2, 1.9};
  const Agreement found = agreement(a, b);
  EXPECT_NEAR(*found.r, 1, 1e-12);
  EXPECT_NEAR(*found.icc, 1, 1e-12);
  EXPECT_NEAR(found.bias, 1, 1e-12);
  EXPECT_NEAR(*found.low, *found.high, 1e-9);
}

TEST(Agreement, RoundingLeadsNotBeyondOne) {
  for (int i = 1; i < 400; ++i) {
    const std::vector<double> a = {0.1 * i, 0.7, 1.0 / i, 3};
    std::vector<double> b;
    for (const double x : a) b.push_back(3 * x);
    EXPECT_LE(agreement(a, b).r.value_or(2), 1) << i;
  }
}

TEST(Agreement, WhatIsNotDefinedIsNothing) {
  constexpr std::array<double, 3> kSame = {0.3, 0.3, 0.3}, kRising = {1, 2, 3};
  const Agreement constant = agreement(kSame, kRising);
  EXPECT_FALSE(constant.r.has_value());
  EXPECT_TRUE(constant.icc.has_value());
  EXPECT_FALSE(agreement(kSame, kSame).icc.has_value());
  EXPECT_FALSE(agreement(std::span(kSame).first(1), std::span(kRising).first(1)).low.has_value());
}

TEST(PresenceAgreement, IsWhatAHandGets) {
  // 4 both, 1 only a, 2 only b, 3 neither.
  constexpr std::array<double, 10> kA = {1, 1, 1, 1, 1, 0, 0, 0, 0, 0};
  constexpr std::array<double, 10> kB = {1, 1, 1, 1, 0, 1, 1, 0, 0, 0};
  const PresenceAgreement found = presenceAgreement(kA, kB);
  EXPECT_DOUBLE_EQ(found.equal, 0.7);
  EXPECT_DOUBLE_EQ(*found.f1, 8.0 / 11);
  EXPECT_DOUBLE_EQ(*found.kappa, (0.7 - 0.5) / 0.5);
  constexpr std::array<double, 2> kNever = {0, 0};
  EXPECT_FALSE(presenceAgreement(kNever, kNever).f1.has_value());
  EXPECT_FALSE(presenceAgreement(kNever, kNever).kappa.has_value());
}

}  // namespace
}  // namespace frontalis
