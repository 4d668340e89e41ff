#include "face/clnf/patch_norms.h"

#include <array>
#include <cmath>

#include "face/clnf/patch_area.h"
#include "face/clnf/patch_experts.h"

namespace frontalis {

void inversePatchNorms(const float* area, int support, int window, float* inverse_norms) {
  const int side = window + support - 1;
  // Sums over `support` rows slide down; then sums over `support` columns.
  std::array<double, kMaxAreaSide> sum{};
  std::array<double, kMaxAreaSide> square{};
  for (int r = 0; r < support - 1; ++r) {
    for (int c = 0; c < side; ++c) {
      const double v = area[r * side + c];
      sum[c] += v;
      square[c] += v * v;
    }
  }
  const double count = static_cast<double>(support) * support;
  for (int r = 0; r < window; ++r) {
    const float* incoming = area + (r + support - 1) * side;
    for (int c = 0; c < side; ++c) {
      const double v = incoming[c];
      sum[c] += v;
      square[c] += v * v;
    }
    std::array<double, kMaxResponseWindow> s{};
    std::array<double, kMaxResponseWindow> q{};
    for (int k = 0; k < support; ++k) {
      for (int c = 0; c < window; ++c) {
        s[c] += sum[c + k];
        q[c] += square[c + k];
      }
    }
    for (int c = 0; c < window; ++c) {
      const double energy = q[c] - s[c] * s[c] / count;
      inverse_norms[r * window + c] =
          energy > 1e-7 ? 1.f / std::sqrt(static_cast<float>(energy)) : 1.f;
    }
    const float* leaving = area + r * side;
    for (int c = 0; c < side; ++c) {
      const double v = leaving[c];
      sum[c] -= v;
      square[c] -= v * v;
    }
  }
}

void removeOffset(const float* area, int count, float* centred) {
  float total = 0;
  for (int i = 0; i < count; ++i) total += area[i];
  const float offset = std::nearbyint(total / static_cast<float>(count));
  for (int i = 0; i < count; ++i) centred[i] = area[i] - offset;
}

}  // namespace frontalis
