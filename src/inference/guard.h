#pragma once

#include <cstdint>
#include <memory>

#include "frontalis/result.h"
#include "inference/network.h"

namespace frontalis {

/// A runtime that may hang, crash or compute nonsense, kept in a helper process (HelperProcess) and
/// watched: deadlines for preparing and running, no value that is not finite, and results close to
/// OpenVINO's on the CPU at the first runs and ever more rarely after (`parityDue`). At the first
/// fault the process is ended, the tensors in hand are computed on the CPU, and so is everything
/// from then on; RuntimeOptions::strict makes the fault an error instead (kTimeout, kInference).
/// See docs/inference.md.
std::unique_ptr<Runtime> makeGuardedRuntime(const RuntimeOptions& options);

/// Largest difference from the CPU that counts as rounding: this part of the tensor's largest value
/// on the CPU, at least of 1. It is 1 px for landmarks in a crop of 256 px.
inline constexpr float kParityTolerance = 1.f / 256.f;

/// Whether the n-th run (from 1) is compared with the CPU: 1, 2, 3, 4, 8, 16, ...
bool parityDue(std::int64_t run);

/// Finds a runtime that becomes slow little by little. A run is late by what it takes beyond five
/// times its warm-up run (and 20 ms); earliness pays lateness back.
class LatenessMeter {
 public:
  LatenessMeter(double warm_up_s, double limit_s)
      : allowed_(allowance(warm_up_s)), limit_(limit_s) {}

  /// False when the lateness has come to the limit.
  bool add(double seconds);

 private:
  static double allowance(double warm_up_s);

  double allowed_;
  double limit_;
  double late_ = 0;  // s
};

}  // namespace frontalis
