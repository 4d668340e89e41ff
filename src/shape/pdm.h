#pragma once

#include <Eigen/Core>
#include <filesystem>
#include <string>
#include <string_view>

#include "frontalis/result.h"
#include "frontalis/types.h"

namespace frontalis {

/// Weak-perspective pose of a shape (spec pipeline 3.2).
struct GlobalParams {
  float scale = 1;               ///< px per mm
  float rx = 0, ry = 0, rz = 0;  ///< Euler XYZ, rad
  float tx = 0, ty = 0;          ///< px
};

/// Point distribution model: mean + modes * p. n points (68, 51, 28, ...), m modes (34, 32, 10).
/// Vectors are grouped: n x, then n y (then n z). Immutable, so threads may share one; no member
/// but read() and parse() allocates once the output vectors have their size.
class Pdm {
 public:
  /// The text format of spec pipeline 3.1. Errors: kNotFound, kUnreadable, kCorrupt.
  static Result<Pdm> read(const std::filesystem::path& path);
  static Result<Pdm> parse(std::string_view text, const std::string& name);
  /// `mean` 3n mm, `modes` 3n x m, `eigenvalues` m mm^2, all positive. Errors: kInvalidArgument.
  static Result<Pdm> create(Eigen::VectorXf mean, Eigen::MatrixXf modes,
                            Eigen::VectorXf eigenvalues);
  /// The text format of parse(), `comment` (one line) at the top.
  [[nodiscard]] std::string text(const std::string& comment) const;

  [[nodiscard]] int points() const { return static_cast<int>(mean_.size() / 3); }
  [[nodiscard]] int modes() const { return static_cast<int>(basis_.cols()); }
  [[nodiscard]] const Eigen::VectorXf& mean() const { return mean_; }                ///< 3n mm
  [[nodiscard]] const Eigen::MatrixXf& basis() const { return basis_; }              ///< 3n x m
  [[nodiscard]] const Eigen::VectorXf& eigenvalues() const { return eigenvalues_; }  ///< m, mm^2

  /// X(p) = M + V p, mm, unrotated (3n).
  void shape3d(const Eigen::VectorXf& local, Eigen::VectorXf& out) const;

  /// Image points (2n, px) of a 3D shape from shape3d().
  static void project(const GlobalParams& global, const Eigen::VectorXf& shape3d,
                      Eigen::VectorXf& out);
  /// Image points (2n, px) of parameters; `shape3d` (3n) is filled on the way.
  void shape2d(const GlobalParams& global, const Eigen::VectorXf& local, Eigen::VectorXf& shape3d,
               Eigen::VectorXf& out) const;

  /// Pose that puts the rotated shape's extent on a box (px); spec pipeline 3.3.
  [[nodiscard]] GlobalParams fromBox(const Box& box, float rx, float ry, float rz,
                                     const Eigen::VectorXf& local) const;

  /// Each p_k to +-3 sqrt(lambda_k). For CLNF; CalcParams does not clamp (spec pipeline 3.4).
  void clamp(Eigen::VectorXf& local) const;

  /// d(image points)/d(parameters): 2n x 6 when `rigid`, else 2n x (6+m), in the column order of
  /// spec pipeline 3.4. `shape3d` belongs to the current local parameters.
  void jacobian(const GlobalParams& global, const Eigen::VectorXf& shape3d, bool rigid,
                Eigen::MatrixXf& out) const;

  /// Adds a step (6 or 6+m) to the parameters: plain for scale, translation and p; the rotation
  /// part multiplies R from the right and is brought back to Euler angles (spec pipeline 3.4).
  static void update(const Eigen::VectorXf& step, GlobalParams& global, Eigen::VectorXf& local);

 private:
  Pdm(Eigen::VectorXf mean, Eigen::MatrixXf modes, Eigen::VectorXf eigenvalues);

  Eigen::VectorXf mean_;
  Eigen::MatrixXf basis_;
  Eigen::VectorXf eigenvalues_;
  Eigen::VectorXf limits_;  ///< 3 sqrt(lambda)
};

}  // namespace frontalis
