#pragma once

#include <Eigen/Core>

#include "shape/pdm.h"

namespace frontalis {

/// One regularised Gauss-Newton step of a PDM fit, the inner loop of CalcParams (spec pipeline
/// 3.4) and CLNF (spec clnf 8, step 7), without ever forming the 2n x (6+m) Jacobian J.
///
/// J's columns for the local parameters are s R V with only two rows of R, so their block of J^T J
/// is a combination of six m x m sums over V that depend on the weights alone. They are kept until
/// the weights change: hold one object per set of weights (per view) that alternates.
/// Nothing allocates after construction. Not for use by two threads at once.
class NormalEquations {
 public:
  /// `pdm` must outlive this. All weights are 1.
  explicit NormalEquations(const Pdm& pdm);

  /// Weight of each point (n), used for its x and its y row; 0 leaves the point out.
  void setWeights(const Eigen::VectorXf& weights);

  /// Solves (J^T W J + diag(0, reg/lambda)) d = J^T W r - [0; (reg/lambda) p] by Cholesky.
  /// `shape3d` (3n) belongs to `local`; `residual` (2n, px) must be finite, also where weights are
  /// 0. `step` gets 6+m values. False, with a zero step, where the matrix is not positive definite.
  bool solve(const GlobalParams& global, const Eigen::VectorXf& local,
             const Eigen::VectorXf& shape3d, const Eigen::VectorXf& residual, float regularisation,
             Eigen::VectorXf& step);

  /// The same for the six global parameters alone: (J^T W J) d = J^T W r; `step` gets 6 values.
  bool solveRigid(const GlobalParams& global, const Eigen::VectorXf& shape3d,
                  const Eigen::VectorXf& residual, Eigen::VectorXf& step);

 private:
  static constexpr Eigen::Index kLanes = 8;
  static constexpr Eigen::Index kColumns = 5;  // of J: scale, three rotations; then the residual

  void sumOverPoints();
  void globalBlock(const GlobalParams& global, const Eigen::VectorXf& shape3d,
                   const Eigen::VectorXf& residual);
  void localBlock(float scale);

  const Pdm* pdm_;
  Eigen::Index padded_;        ///< n rounded up to whole vectors; all padding is 0
  Eigen::VectorXf weights_;    ///< padded
  Eigen::MatrixXf basis_;      ///< 3 padded x m
  Eigen::MatrixXf pair_sums_;  ///< m^2 x 6: V_a^T W V_b of xx, yy, zz, xy+yx, xz+zx, yz+zy
  Eigen::MatrixXf mode_sums_;  ///< m x 3: V_a^T W 1
  Eigen::VectorXf inverse_eigenvalues_;

  Eigen::Matrix<float, 2, 3> rotation_;  ///< the two rows of R in use
  Eigen::MatrixXf columns_;              ///< 2 padded x kColumns
  Eigen::MatrixXf weighted_;             ///< W columns
  Eigen::MatrixXf turned_back_;          ///< 3 padded x kColumns: R^T W columns
  // Rows are rounded up to whole vectors, the padding is 0.
  Eigen::Matrix<float, 8, 6> global_matrix_;
  Eigen::Matrix<float, 8, 1> global_right_;
  Eigen::MatrixXf matrix_;  ///< (6+m) x (6+m), lower triangle
  Eigen::VectorXf right_;   ///< 6+m
};

}  // namespace frontalis
