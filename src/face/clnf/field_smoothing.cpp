#include "face/clnf/field_smoothing.h"

#include <Eigen/Cholesky>
#include <Eigen/Core>
#include <array>
#include <cmath>

#include "face/clnf/matrix_kernels.h"
#include "face/clnf/patch_experts.h"
#include "util/simd.h"

namespace frontalis {

namespace {

using Matrix = Eigen::Matrix<double, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>;

constexpr double kHalfRoot = 0.70710678118654752440;

/// Rows: first the coordinates even under the flip of a line of `window` cells, then the odd ones.
Matrix flipCoordinates(int window) {
  const int half = window / 2;
  Matrix q = Matrix::Zero(window, window);
  for (int k = 0; k < half; ++k) {
    q(k, k) = q(k, window - 1 - k) = kHalfRoot;
    q(half + 1 + k, k) = kHalfRoot;
    q(half + 1 + k, window - 1 - k) = -kHalfRoot;
  }
  q(half, half) = 1;
  return q;
}

/// Cells of a line's coordinates that are even (part 0) or odd (part 1).
std::array<int, 2> range(int window, int part) {
  const int evens = window / 2 + 1;
  return part == 0 ? std::array<int, 2>{0, evens} : std::array<int, 2>{evens, window};
}

/// Even and odd coordinates of every row or column of a square map. Its own inverse's transpose, so
/// unfold() below only swaps the roles.
void foldLines(const float* in, int window, int line_step, int cell_step, float* out) {
  constexpr float kRoot = static_cast<float>(kHalfRoot);
  const int half = window / 2;
  for (int l = 0; l < window; ++l) {
    const float* a = in + l * line_step;
    float* b = out + l * line_step;
    for (int k = 0; k < half; ++k) {
      const float x = a[k * cell_step];
      const float y = a[(window - 1 - k) * cell_step];
      b[k * cell_step] = (x + y) * kRoot;
      b[(half + 1 + k) * cell_step] = (x - y) * kRoot;
    }
    b[half * cell_step] = a[half * cell_step];
  }
}

void unfoldLines(const float* in, int window, int line_step, int cell_step, float* out) {
  constexpr float kRoot = static_cast<float>(kHalfRoot);
  const int half = window / 2;
  for (int l = 0; l < window; ++l) {
    const float* a = in + l * line_step;
    float* b = out + l * line_step;
    for (int k = 0; k < half; ++k) {
      const float even = a[k * cell_step];
      const float odd = a[(half + 1 + k) * cell_step];
      b[k * cell_step] = (even + odd) * kRoot;
      b[(window - 1 - k) * cell_step] = (even - odd) * kRoot;
    }
    b[half * cell_step] = a[half * cell_step];
  }
}

}  // namespace

FieldBasis::FieldBasis(const SigmaWindow& window)
    : window_(window.window), count_(window.matrices.size()) {
  const int cells = window_ * window_;
  std::vector<Matrix> full;
  full.reserve(count_);
  for (const RawMatrix<float>& m : window.matrices) {
    full.push_back(
        Eigen::Map<const Eigen::Matrix<float, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>>(
            m.values.data(), m.rows, m.cols)
            .cast<double>());
  }

  // Block of a cell in folded coordinates: 0..3 = (row part, column part).
  std::vector<std::vector<int>> members(4);
  if (window_ % 2 == 1 && window_ > 1) {
    const Matrix line = flipCoordinates(window_);
    Matrix q(cells, cells);
    for (int r = 0; r < window_; ++r) {
      for (int c = 0; c < window_; ++c) {
        for (int i = 0; i < window_; ++i) {
          for (int j = 0; j < window_; ++j) {
            q(r * window_ + c, i * window_ + j) = line(r, i) * line(c, j);
          }
        }
      }
    }
    for (int part = 0; part < 4; ++part) {
      const auto rows = range(window_, part / 2);
      const auto cols = range(window_, part % 2);
      for (int r = rows[0]; r < rows[1]; ++r) {
        for (int c = cols[0]; c < cols[1]; ++c) members[part].push_back(r * window_ + c);
      }
    }
    folded_ = true;
    std::vector<Matrix> turned;
    for (const Matrix& m : full) {
      Matrix t = q * m * q.transpose();
      const double limit = 1e-9 * std::max(1.0, t.cwiseAbs().maxCoeff());
      for (int a = 0; a < 4; ++a) {
        for (int b = 0; b < 4; ++b) {
          if (a == b) continue;
          for (const int i : members[a]) {
            for (const int j : members[b]) folded_ = folded_ && std::abs(t(i, j)) < limit;
          }
        }
      }
      turned.push_back(std::move(t));
    }
    if (folded_) full = std::move(turned);
  }
  if (!folded_) {
    members.assign(1, {});
    for (int i = 0; i < cells; ++i) members[0].push_back(i);
  }
  for (const std::vector<int>& part : members) {
    Block block;
    block.size = static_cast<int>(part.size());
    for (const Matrix& m : full) {
      std::vector<double> values;
      values.reserve(part.size() * part.size());
      for (const int i : part) {
        for (const int j : part) values.push_back(m(i, j));
      }
      block.matrices.push_back(std::move(values));
    }
    blocks_.push_back(std::move(block));
  }
}

Result<FieldSmoothing> FieldSmoothing::create(const FieldBasis& basis, double alpha_sum,
                                              std::span<const double> betas) {
  FieldSmoothing field;
  field.window_ = basis.window();
  field.folded_ = basis.folded();
  for (const FieldBasis::Block& part : basis.blocks()) {
    const Eigen::Index n = part.size;
    Matrix m = Matrix::Identity(n, n) * (2 * alpha_sum);
    for (std::size_t b = 0; b < part.matrices.size(); ++b) {
      m += 2 * betas[b] * Eigen::Map<const Matrix>(part.matrices[b].data(), n, n);
    }
    const Eigen::LLT<Matrix> factor(m);
    if (factor.info() != Eigen::Success) {
      return Error{ErrorCode::kCorrupt, "the smoothing matrix for window " +
                                            std::to_string(basis.window()) +
                                            " is not positive definite"};
    }
    const Matrix inverse = factor.solve(Matrix::Identity(n, n));
    Block block;
    block.size = part.size;
    block.stride = paddedToVector(part.size);
    block.offset = field.values_.size();
    field.values_.resize(block.offset + static_cast<std::size_t>(block.size) * block.stride, 0.f);
    for (int i = 0; i < block.size; ++i) {
      for (int j = 0; j < block.size; ++j) {
        field.values_[block.offset + static_cast<std::size_t>(i) * block.stride + j] =
            static_cast<float>(inverse(i, j));
      }
    }
    field.blocks_.push_back(block);
  }
  return field;
}

void FieldSmoothing::apply(float* response) const {
  std::array<float, kMaxResponseCells + 8> a;
  std::array<float, kMaxResponseCells + 8> b;
  if (!folded_) {
    const Block& block = blocks_.front();
    vectorTimesMatrix(response, values_.data(), block.size, block.stride, a.data());
    for (int i = 0; i < block.size; ++i) response[i] = a[i];
    return;
  }
  foldLines(response, window_, 1, window_, a.data());
  foldLines(a.data(), window_, window_, 1, b.data());
  std::array<float, kMaxResponseCells + 8> in;
  for (std::size_t part = 0; part < blocks_.size(); ++part) {
    const Block& block = blocks_[part];
    const auto rows = range(window_, static_cast<int>(part) / 2);
    const auto cols = range(window_, static_cast<int>(part) % 2);
    int n = 0;
    for (int r = rows[0]; r < rows[1]; ++r) {
      for (int c = cols[0]; c < cols[1]; ++c) in[n++] = b[r * window_ + c];
    }
    vectorTimesMatrix(in.data(), values_.data() + block.offset, block.size, block.stride, a.data());
    n = 0;
    for (int r = rows[0]; r < rows[1]; ++r) {
      for (int c = cols[0]; c < cols[1]; ++c) b[r * window_ + c] = a[n++];
    }
  }
  unfoldLines(b.data(), window_, window_, 1, a.data());
  unfoldLines(a.data(), window_, 1, window_, response);
}

}  // namespace frontalis
