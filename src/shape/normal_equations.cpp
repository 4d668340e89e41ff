#include "shape/normal_equations.h"

#include <algorithm>
#include <array>
#include <cmath>

#include "shape/rotation.h"
#include "util/simd.h"

namespace frontalis {

namespace {

/// Columns 8 block .. 8 block + 7 of the Cholesky factor; kVectors vectors of rows are left from
/// the block's diagonal down. Sums run over two chains to hide the latency of a multiply-add.
template <int kVectors>
bool factorBlock(float* a, Eigen::Index stride, Eigen::Index n, Eigen::Index block) {
  const Eigen::Index top = 8 * block;
  const F8 minus = F8::all(-1);
  for (Eigen::Index j = top; j < std::min(top + 8, n); ++j) {
    float* column = a + j * stride + top;
    std::array<F8, kVectors> even;
    std::array<F8, kVectors> odd;
    for (int v = 0; v < kVectors; ++v) even[v] = F8::load(column + 8 * v);
    odd.fill(F8::zero());
    Eigen::Index k = 0;
    for (; k + 2 <= j; k += 2) {
      const float* left = a + k * stride;
      const F8 first = F8::all(left[j]) * minus;
      const F8 second = F8::all(left[stride + j]) * minus;
      for (int v = 0; v < kVectors; ++v) {
        even[v] = multiplyAdd(first, F8::load(left + top + 8 * v), even[v]);
        odd[v] = multiplyAdd(second, F8::load(left + stride + top + 8 * v), odd[v]);
      }
    }
    if (k < j) {
      const float* left = a + k * stride;
      const F8 first = F8::all(left[j]) * minus;
      for (int v = 0; v < kVectors; ++v) {
        even[v] = multiplyAdd(first, F8::load(left + top + 8 * v), even[v]);
      }
    }
    for (int v = 0; v < kVectors; ++v) {
      even[v] = even[v] + odd[v];
      even[v].store(column + 8 * v);
    }
    const float pivot = column[j - top];
    if (!(pivot > 0) || !std::isfinite(pivot)) return false;
    const float root = std::sqrt(pivot);
    const F8 factor = F8::all(1 / root);
    for (int v = 0; v < kVectors; ++v) (even[v] * factor).store(column + 8 * v);
    for (Eigen::Index r = top; r < j; ++r) a[j * stride + r] = 0;
    column[j - top] = root;
  }
  return true;
}

/// The same where more rows are left than registers.
bool factorLarge(float* a, Eigen::Index stride, Eigen::Index n, Eigen::Index block) {
  const Eigen::Index top = 8 * block;
  for (Eigen::Index j = top; j < std::min(top + 8, n); ++j) {
    Eigen::Map<Eigen::VectorXf> column(a + j * stride + j, stride - j);
    for (Eigen::Index k = 0; k < j; ++k) {
      const float* left = a + k * stride + j;
      column -= left[0] * Eigen::Map<const Eigen::VectorXf>(left, stride - j);
    }
    if (!(column[0] > 0) || !std::isfinite(column[0])) return false;
    column /= std::sqrt(column[0]);
    for (Eigen::Index r = top; r < j; ++r) a[j * stride + r] = 0;
  }
  return true;
}

/// Solves A x = b, A positive definite, by Cholesky. `a`: n columns of `stride` values, a multiple
/// of eight, of which the lower triangle counts and rows from n on are 0; it is overwritten. `x`:
/// stride values, b and then zeros, replaced by the solution.
bool choleskySolve(float* a, Eigen::Index stride, Eigen::Index n, float* x) {
  const Eigen::Index vectors = stride / 8;
  for (Eigen::Index block = 0; 8 * block < n; ++block) {
    bool positive = false;
    switch (vectors - block) {
      case 1:
        positive = factorBlock<1>(a, stride, n, block);
        break;
      case 2:
        positive = factorBlock<2>(a, stride, n, block);
        break;
      case 3:
        positive = factorBlock<3>(a, stride, n, block);
        break;
      case 4:
        positive = factorBlock<4>(a, stride, n, block);
        break;
      case 5:
        positive = factorBlock<5>(a, stride, n, block);
        break;
      case 6:
        positive = factorBlock<6>(a, stride, n, block);
        break;
      default:
        positive = factorLarge(a, stride, n, block);
        break;
    }
    if (!positive) return false;
  }
  // Rows above a column's diagonal are 0 within its first vector, so whole vectors may be used.
  for (Eigen::Index j = 0; j < n; ++j) {
    const float* column = a + j * stride;
    const float y = x[j] / column[j];
    const F8 factor = F8::all(-y);
    for (Eigen::Index r = j / 8 * 8; r < stride; r += 8) {
      multiplyAdd(factor, F8::load(column + r), F8::load(x + r)).store(x + r);
    }
    x[j] = y;
  }
  for (Eigen::Index j = n - 1; j >= 0; --j) {
    const float* column = a + j * stride;
    const float y = x[j];
    x[j] = 0;
    F8 dot = F8::zero();
    for (Eigen::Index r = j / 8 * 8; r < stride; r += 8) {
      dot = multiplyAdd(F8::load(column + r), F8::load(x + r), dot);
    }
    x[j] = (y - sum(dot)) / column[j];
  }
  return true;
}

}  // namespace

NormalEquations::NormalEquations(const Pdm& pdm)
    : pdm_(&pdm),
      padded_((pdm.points() + kLanes - 1) / kLanes * kLanes),
      weights_(Eigen::VectorXf::Zero(padded_)),
      basis_(Eigen::MatrixXf::Zero(3 * padded_, pdm.modes())),
      pair_sums_(pdm.modes() * pdm.modes(), 6),
      mode_sums_(pdm.modes(), 3),
      inverse_eigenvalues_(pdm.eigenvalues().cwiseInverse()),
      rotation_(Eigen::Matrix<float, 2, 3>::Zero()),
      columns_(Eigen::MatrixXf::Zero(2 * padded_, kColumns)),
      weighted_(Eigen::MatrixXf::Zero(2 * padded_, kColumns)),
      turned_back_(Eigen::MatrixXf::Zero(3 * padded_, kColumns)),
      global_matrix_(Eigen::Matrix<float, 8, 6>::Zero()),
      global_right_(Eigen::Matrix<float, 8, 1>::Zero()),
      matrix_(Eigen::MatrixXf::Zero(paddedToVector(6 + pdm.modes()), 6 + pdm.modes())),
      right_(Eigen::VectorXf::Zero(matrix_.rows())) {
  const Eigen::Index n = pdm.points();
  weights_.head(n).setOnes();
  for (Eigen::Index axis = 0; axis < 3; ++axis) {
    basis_.middleRows(axis * padded_, n) = pdm.basis().middleRows(axis * n, n);
  }
  sumOverPoints();
}

void NormalEquations::setWeights(const Eigen::VectorXf& weights) {
  const Eigen::Index n = pdm_->points();
  if (weights == weights_.head(n)) return;
  weights_.head(n) = weights;
  sumOverPoints();
}

void NormalEquations::sumOverPoints() {
  // Done once per set of weights, so in double.
  const Eigen::Index m = pdm_->modes();
  const auto pairSum = [&](Eigen::Index a, Eigen::Index k, Eigen::Index b, Eigen::Index l) {
    const float* first = basis_.col(k).data() + a * padded_;
    const float* second = basis_.col(l).data() + b * padded_;
    double sum = 0;
    for (Eigen::Index i = 0; i < pdm_->points(); ++i) {
      sum += static_cast<double>(weights_[i]) * static_cast<double>(first[i]) *
             static_cast<double>(second[i]);
    }
    return sum;
  };
  constexpr std::array<std::array<Eigen::Index, 2>, 6> kPairs = {
      {{0, 0}, {1, 1}, {2, 2}, {0, 1}, {0, 2}, {1, 2}}};
  for (Eigen::Index pair = 0; pair < 6; ++pair) {
    const auto [a, b] = kPairs[static_cast<std::size_t>(pair)];
    for (Eigen::Index l = 0; l < m; ++l) {
      for (Eigen::Index k = l; k < m; ++k) {
        const double sum = pairSum(a, k, b, l) + (a == b ? 0 : pairSum(b, k, a, l));
        pair_sums_(l * m + k, pair) = static_cast<float>(sum);
        pair_sums_(k * m + l, pair) = static_cast<float>(sum);
      }
    }
  }
  for (Eigen::Index axis = 0; axis < 3; ++axis) {
    mode_sums_.col(axis).noalias() =
        basis_.middleRows(axis * padded_, padded_).transpose() * weights_;
  }
}

void NormalEquations::globalBlock(const GlobalParams& global, const Eigen::VectorXf& shape3d,
                                  const Eigen::VectorXf& residual) {
  const Eigen::Index n = pdm_->points();
  const float s = global.scale;
  rotation_ = rotationFromEuler(global.rx, global.ry, global.rz).topRows<2>();
  const auto x = shape3d.head(n).array();
  const auto y = shape3d.segment(n, n).array();
  const auto z = shape3d.tail(n).array();
  for (Eigen::Index half = 0; half < 2; ++half) {
    const Eigen::RowVector3f r = rotation_.row(half);
    auto rows = columns_.middleRows(half * padded_, n).array();
    rows.col(0) = r[0] * x + r[1] * y + r[2] * z;
    rows.col(1) = s * r[2] * y - s * r[1] * z;
    rows.col(2) = s * r[0] * z - s * r[2] * x;
    rows.col(3) = s * r[1] * x - s * r[0] * y;
    rows.col(4) = residual.segment(half * n, n).array();
  }
  for (Eigen::Index c = 0; c < kColumns; ++c) {
    const auto top = columns_.col(c).head(padded_).array();
    const auto bottom = columns_.col(c).tail(padded_).array();
    weighted_.col(c).head(padded_).array() = weights_.array() * top;
    weighted_.col(c).tail(padded_).array() = weights_.array() * bottom;
  }
  for (Eigen::Index c = 0; c < 4; ++c) {
    for (Eigen::Index row = c; row < 4; ++row) {
      global_matrix_(row, c) = weighted_.col(row).dot(columns_.col(c));
    }
    global_matrix_(4, c) = weighted_.col(c).head(padded_).sum();
    global_matrix_(5, c) = weighted_.col(c).tail(padded_).sum();
    global_right_[c] = weighted_.col(c).dot(columns_.col(4));
  }
  global_matrix_(4, 4) = global_matrix_(5, 5) = weights_.sum();
  global_matrix_(5, 4) = 0;
  global_right_[4] = weighted_.col(4).head(padded_).sum();
  global_right_[5] = weighted_.col(4).tail(padded_).sum();
}

void NormalEquations::localBlock(float scale) {
  const Eigen::Index m = pdm_->modes();
  for (Eigen::Index c = 0; c < kColumns; ++c) {
    const auto gx = weighted_.col(c).head(padded_);
    const auto gy = weighted_.col(c).tail(padded_);
    for (Eigen::Index axis = 0; axis < 3; ++axis) {
      turned_back_.col(c).segment(axis * padded_, padded_) =
          scale * rotation_(0, axis) * gx + scale * rotation_(1, axis) * gy;
    }
  }
  // V^T times all five columns in one pass over V: the columns stay in the first-level cache.
  using Lanes = Eigen::Array<float, kLanes, 1>;
  const float* columns = turned_back_.data();
  const Eigen::Index stride = 3 * padded_;
  for (Eigen::Index k = 0; k < m; ++k) {
    const float* mode = basis_.col(k).data();
    std::array<Lanes, kColumns> sums;
    sums.fill(Lanes::Zero());
    for (Eigen::Index i = 0; i < stride; i += kLanes) {
      const Lanes v = Eigen::Map<const Lanes>(mode + i);
      for (Eigen::Index c = 0; c < kColumns; ++c) {
        sums[static_cast<std::size_t>(c)] += v * Eigen::Map<const Lanes>(columns + c * stride + i);
      }
    }
    for (Eigen::Index c = 0; c < 4; ++c)
      matrix_(6 + k, c) = sums[static_cast<std::size_t>(c)].sum();
    right_[6 + k] = sums[4].sum();
  }
  matrix_.block(6, 4, m, 2).noalias() =
      mode_sums_.lazyProduct((scale * rotation_).transpose().eval());
  const Eigen::Matrix3f q = (scale * scale) * rotation_.transpose() * rotation_;
  for (Eigen::Index l = 0; l < m; ++l) {
    const auto sums = pair_sums_.middleRows(l * m + l, m - l);
    matrix_.col(6 + l).segment(6 + l, m - l) = q(0, 0) * sums.col(0) + q(1, 1) * sums.col(1) +
                                               q(2, 2) * sums.col(2) + q(1, 0) * sums.col(3) +
                                               q(2, 0) * sums.col(4) + q(2, 1) * sums.col(5);
  }
}

bool NormalEquations::solve(const GlobalParams& global, const Eigen::VectorXf& local,
                            const Eigen::VectorXf& shape3d, const Eigen::VectorXf& residual,
                            float regularisation, Eigen::VectorXf& step) {
  const Eigen::Index m = pdm_->modes();
  globalBlock(global, shape3d, residual);
  right_.setZero();
  localBlock(global.scale);
  matrix_.topLeftCorner<6, 6>() = global_matrix_.topRows<6>();
  right_.head<6>() = global_right_.head<6>();
  const auto prior = regularisation * inverse_eigenvalues_;
  matrix_.diagonal().tail(m) += prior;
  right_.segment(6, m) -= prior.cwiseProduct(local);
  if (choleskySolve(matrix_.data(), matrix_.rows(), 6 + m, right_.data())) {
    step = right_.head(6 + m);
    return true;
  }
  step.setZero(6 + m);
  return false;
}

bool NormalEquations::solveRigid(const GlobalParams& global, const Eigen::VectorXf& shape3d,
                                 const Eigen::VectorXf& residual, Eigen::VectorXf& step) {
  globalBlock(global, shape3d, residual);
  global_right_.tail<2>().setZero();
  if (choleskySolve(global_matrix_.data(), 8, 6, global_right_.data())) {
    step = global_right_.head<6>();
    return true;
  }
  step.setZero(6);
  return false;
}

}  // namespace frontalis
