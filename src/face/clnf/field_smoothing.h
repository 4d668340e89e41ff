#pragma once

#include <span>
#include <vector>

#include "face/clnf/expert_files.h"
#include "frontalis/result.h"

namespace frontalis {

/// The matrices of one window size from which the smoothing of every expert is built (spec
/// clnf 7.3). They belong to a grid that looks the same when flipped, so in coordinates that are
/// even or odd under the two flips they fall into four blocks: inverting and applying them then
/// costs a fourth to a fifteenth. Where a file's matrices are not symmetric, one full block is
/// kept.
class FieldBasis {
 public:
  FieldBasis() = default;
  explicit FieldBasis(const SigmaWindow& window);

  [[nodiscard]] int window() const { return window_; }
  [[nodiscard]] bool folded() const { return folded_; }
  [[nodiscard]] std::size_t matrices() const { return count_; }

  struct Block {
    int size = 0;
    std::vector<std::vector<double>> matrices;  ///< [sigma][size * size]
  };
  [[nodiscard]] const std::vector<Block>& blocks() const { return blocks_; }

 private:
  int window_ = 0;
  bool folded_ = false;
  std::size_t count_ = 0;
  std::vector<Block> blocks_;
};

/// Smooths a response map: out = (2 (sum(alpha) I + sum(beta_b S_b)))^-1 r.
class FieldSmoothing {
 public:
  FieldSmoothing() = default;
  /// Errors: kCorrupt when the matrix is not positive definite.
  static Result<FieldSmoothing> create(const FieldBasis& basis, double alpha_sum,
                                       std::span<const double> betas);

  /// In place, window x window row-major.
  void apply(float* response) const;

 private:
  struct Block {
    int size = 0;
    int stride = 0;          // padded row length
    std::size_t offset = 0;  // into values_
  };
  int window_ = 0;
  bool folded_ = false;
  std::vector<Block> blocks_;
  std::vector<float> values_;
};

}  // namespace frontalis
