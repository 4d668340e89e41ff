#include "face/clnf/mean_shift.h"

#include <algorithm>
#include <array>
#include <cmath>

#include "face/clnf/patch_experts.h"
#include "util/simd.h"

namespace frontalis {

namespace {

constexpr int kMaxVectors = (kMaxResponseWindow + 7) / 8;
constexpr float kGrid = 0.1f;  // the kernel's centre is rounded to this, in cells
constexpr int kSlack = 8 * kMaxVectors;

struct Moments {
  float mass = 0;
  float x = 0;
  float y = 0;
};

/// Sums of map * kx * ky, and of these times column and row.
template <int kVectors>
Moments moments(const float* map, int window, const float* kx, const float* ky) {
  std::array<F8, kVectors> mass;
  std::array<F8, kVectors> down;
  mass.fill(F8::zero());
  down.fill(F8::zero());
  for (int r = 0; r < window; ++r) {
    const F8 k = F8::all(ky[r]);
    const F8 kr = F8::all(ky[r] * static_cast<float>(r));
    for (int v = 0; v < kVectors; ++v) {
      const F8 row = F8::load(map + r * window + 8 * v);
      mass[v] = multiplyAdd(k, row, mass[v]);
      down[v] = multiplyAdd(kr, row, down[v]);
    }
  }
  constexpr std::array<float, 8> kLane = {0, 1, 2, 3, 4, 5, 6, 7};
  F8 column = F8::load(kLane.data());
  F8 total = F8::zero();
  F8 total_x = F8::zero();
  F8 total_y = F8::zero();
  for (int v = 0; v < kVectors; ++v) {
    const F8 k = F8::load(kx + 8 * v);
    const F8 weighted = mass[v] * k;
    total = total + weighted;
    total_x = multiplyAdd(weighted, column, total_x);
    total_y = multiplyAdd(down[v], k, total_y);
    column = column + F8::all(8);
  }
  return {sum(total), sum(total_x), sum(total_y)};
}

Moments momentsOf(const float* map, int window, const float* kx, const float* ky) {
  switch ((window + 7) / 8) {
    case 1:
      return moments<1>(map, window, kx, ky);
    case 2:
      return moments<2>(map, window, kx, ky);
    case 3:
      return moments<3>(map, window, kx, ky);
    default:
      return moments<kMaxVectors>(map, window, kx, ky);
  }
}

int gridIndex(float position) { return static_cast<int>(position / 0.1 + 0.5); }

}  // namespace

void ResponseMaps::reserve(int landmarks, int window) {
  window_ = window;
  stride_ = paddedToVector(window * window) + kSlack;
  values_.assign(static_cast<std::size_t>(stride_) * landmarks, 0.f);
}

MeanShift::MeanShift(int window, float sigma)
    : window_(window), stride_(paddedToVector(window)), sigma_(sigma) {
  const int rows = gridIndex(static_cast<float>(window) - kGrid) + 1;
  kernels_.assign(static_cast<std::size_t>(rows) * stride_, 0.f);
  const double a = -0.5 / (static_cast<double>(sigma) * sigma);
  for (int q = 0; q < rows; ++q) {
    for (int c = 0; c < window; ++c) {
      const double d = 0.1 * q - c;
      kernels_[static_cast<std::size_t>(q) * stride_ + c] = static_cast<float>(std::exp(a * d * d));
    }
  }
}

MeanShift::Shift MeanShift::shift(const float* map, float x, float y) const {
  const float end = static_cast<float>(window_) - kGrid;
  x = std::clamp(x, 0.f, end);
  y = std::clamp(y, 0.f, end);
  const float* kx = kernels_.data() + static_cast<std::ptrdiff_t>(gridIndex(x)) * stride_;
  const float* ky = kernels_.data() + static_cast<std::ptrdiff_t>(gridIndex(y)) * stride_;
  const Moments m = momentsOf(map, window_, kx, ky);
  if (!(m.mass > 0)) return {0, 0};
  return {m.x / m.mass - x, m.y / m.mass - y};
}

float MeanShift::likelihood(const float* map, float x, float y) const {
  std::array<float, kSlack> kx{};
  std::array<float, kSlack> ky{};
  const float a = -0.5f / (sigma_ * sigma_);
  for (int c = 0; c < window_; ++c) {
    const float dx = x - static_cast<float>(c);
    const float dy = y - static_cast<float>(c);
    kx[c] = std::exp(a * dx * dx);
    ky[c] = std::exp(a * dy * dy);
  }
  return momentsOf(map, window_, kx.data(), ky.data()).mass;
}

}  // namespace frontalis
