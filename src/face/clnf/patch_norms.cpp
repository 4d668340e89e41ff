#include "face/clnf/patch_norms.h"

#include <array>
#include <cmath>

#include "face/clnf/patch_area.h"
#include "face/clnf/patch_experts.h"
#include "util/simd.h"

namespace frontalis {

namespace {

/// kColumns: the window rounded up to four doubles, so that the compiler unrolls into vectors.
template <int kColumns>
void inverseNorms(const float* area, int support, int window, float* inverse_norms) {
  const int side = window + support - 1;
  // Sums over `support` rows slide down; then sums over `support` columns.
  constexpr int kRoom = (kMaxAreaSide + kMaxExpertSupport + 3) / 4 * 4;
  std::array<double, kRoom> sum{};
  std::array<double, kRoom> square{};
  const auto slide = [&](const float* row, double sign) {
    for (int c = 0; c < side; ++c) {
      const double v = row[c];
      sum[c] += sign * v;
      square[c] += sign * (v * v);
    }
  };
  for (int r = 0; r < support - 1; ++r) slide(area + r * side, 1);
  const double per_cell = 1 / (static_cast<double>(support) * support);
  for (int r = 0; r < window; ++r) {
    slide(area + (r + support - 1) * side, 1);
    std::array<double, kColumns> s{};
    std::array<double, kColumns> q{};
    for (int k = 0; k < support; ++k) {
      for (int c = 0; c < kColumns; ++c) {
        s[c] += sum[c + k];
        q[c] += square[c + k];
      }
    }
    std::array<float, kColumns> inverse;
    for (int c = 0; c < kColumns; ++c) {
      const double energy = q[c] - s[c] * s[c] * per_cell;
      inverse[c] = energy > 1e-7 ? 1.f / std::sqrt(static_cast<float>(energy)) : 1.f;
    }
    for (int c = 0; c < window; ++c) inverse_norms[r * window + c] = inverse[c];
    slide(area + r * side, -1);
  }
}

}  // namespace

void inversePatchNorms(const float* area, int support, int window, float* inverse_norms) {
  switch ((window + 3) / 4) {
    case 1:
      return inverseNorms<4>(area, support, window, inverse_norms);
    case 2:
      return inverseNorms<8>(area, support, window, inverse_norms);
    case 3:
      return inverseNorms<12>(area, support, window, inverse_norms);
    case 4:
      return inverseNorms<16>(area, support, window, inverse_norms);
    default:
      return inverseNorms<32>(area, support, window, inverse_norms);
  }
}

void removeOffset(const float* area, int count, float* centred) {
  F8 total = F8::zero();
  for (int i = 0; i + 8 <= count; i += 8) total = total + F8::load(area + i);
  const float offset = std::nearbyint(sum(total) / static_cast<float>(count));
  for (int i = 0; i < count; ++i) centred[i] = area[i] - offset;
}

}  // namespace frontalis
