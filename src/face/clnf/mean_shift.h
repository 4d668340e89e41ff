#pragma once

#include <vector>

namespace frontalis {

/// The response maps of one scale: `landmarks` maps of window x window, row = y.
class ResponseMaps {
 public:
  /// Reserves room for any window up to `window`.
  void reserve(int landmarks, int window);
  void setWindow(int window) { window_ = window; }

  [[nodiscard]] int window() const { return window_; }
  [[nodiscard]] float* map(int landmark) { return values_.data() + landmark * stride_; }
  [[nodiscard]] const float* map(int landmark) const { return values_.data() + landmark * stride_; }

 private:
  int window_ = 0;
  std::ptrdiff_t stride_ = 0;
  std::vector<float> values_;
};

/// Kernel density mean shift inside one response map (Saragih et al. 2011; spec clnf 8 step 3, 9).
/// Constant, so it may be shared.
class MeanShift {
 public:
  /// `window` cells, Gaussian kernel of `sigma` cells.
  MeanShift(int window, float sigma);

  [[nodiscard]] int window() const { return window_; }

  struct Shift {
    float x = 0;
    float y = 0;
  };
  /// From a position in the map (cells; clamped to it) to the kernel-weighted mean of the
  /// responses. `map` may be read 32 values beyond its end.
  [[nodiscard]] Shift shift(const float* map, float x, float y) const;

  /// Sum of the responses under the kernel at an unclamped position.
  [[nodiscard]] float likelihood(const float* map, float x, float y) const;

 private:
  int window_;
  int stride_;
  float sigma_;
  std::vector<float> kernels_;  // one row for every tenth of a cell
};

}  // namespace frontalis
