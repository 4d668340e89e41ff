#pragma once

#include <Eigen/Core>

#include "shape/normal_equations.h"
#include "shape/pdm.h"

namespace frontalis {

/// Fits PDM parameters to 2D points (OpenFace's CalcParams, spec pipeline 3.4): damped Gauss-Newton
/// with OpenFace's own stopping rule, so the number of iterations agrees as well. Float32.
/// Holds its scratch: one object a thread. Nothing allocates after construction. Another set of
/// missing points than the last costs some 0.1 ms of preparation.
class CalcParams {
 public:
  struct Fit {
    GlobalParams global;
    Eigen::VectorXf local;  ///< m
    int iterations = 0;
    float error = 0;  ///< last residual norm over all coordinates, px
    /// False where there is nothing to fit: fewer than three points, no extent, or a coordinate
    /// that is not finite; all parameters are then 0.
    bool valid = false;
  };

  /// `pdm` must outlive this.
  explicit CalcParams(const Pdm& pdm);

  /// `landmarks`: 2n px, all x, then all y; a point with x == 0 is missing. `rotation`: Euler
  /// angles to start from, rad. The returned object is overwritten by the next call.
  const Fit& fit(const Eigen::VectorXf& landmarks,
                 const Eigen::Vector3f& rotation = Eigen::Vector3f::Zero());

 private:
  bool start(const Eigen::VectorXf& landmarks, const Eigen::Vector3f& rotation);
  float residual(const Eigen::VectorXf& landmarks);

  const Pdm* pdm_;
  NormalEquations equations_;
  Fit fit_;
  Eigen::VectorXf visible_;    ///< n, 1 or 0
  Eigen::VectorXf shape3d_;    ///< 3n
  Eigen::VectorXf projected_;  ///< 2n
  Eigen::VectorXf residual_;   ///< 2n, 0 for missing points
  Eigen::VectorXf step_;       ///< 6+m
};

}  // namespace frontalis
