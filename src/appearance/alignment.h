#pragma once

#include <Eigen/Core>

#include "appearance/triangulation.h"
#include "frontalis/result.h"
#include "image/image.h"
#include "shape/pdm.h"

namespace frontalis {

/// Forward map, picture px -> aligned px (2x3).
using WarpMatrix = Eigen::Matrix<float, 2, 3>;

/// Turns, scales and crops a face to a small upright picture, and blacks out what is not face
/// (OpenFace's alignment, spec pipeline 4). Sampling is OpenCV 4's bilinear warp to the last bit:
/// positions rounded to 1/32 px, 15-bit weights. Const and allocation-free once the output images
/// have their size, so threads may share one.
class FaceAligner {
 public:
  struct Options {
    int size = 112;      ///< px, both sides, 1 to 4096
    float scale = 0.7f;  ///< aligned px per mm
  };

  /// `pdm` must have 68 points; only its mean is kept. Errors: kInvalidArgument.
  static Result<FaceAligner> create(const Pdm& pdm, Triangulation triangles, Options options);

  /// From landmarks (136 px, all x, then all y): rotation and scale by 24 points that expressions
  /// move little; (tx, ty), the translation of CalcParams, lands in the middle.
  [[nodiscard]] WarpMatrix warp(const Eigen::VectorXf& landmarks, float tx, float ty) const;

  /// The part of a picture that the aligned face is made from; all that align() will read.
  [[nodiscard]] Region sourceRegion(const WarpMatrix& warp, int picture_width,
                                    int picture_height) const;

  /// size x size x 1, 255 where the pixel is on or inside a triangle of the warped landmarks (brow
  /// and jaw ends raised to take in the forehead), else 0.
  void mask(const WarpMatrix& warp, const Eigen::VectorXf& landmarks, Image& out) const;

  /// size x size x 3, B, G, R. `source` shows `region` of the picture; what lies outside counts as
  /// black. With a mask from mask(), pixels where it is 0 are black and not sampled.
  void align(const WarpMatrix& warp, const ImageView& source, const Region& region, Image& out,
             const Image* mask = nullptr) const;

  [[nodiscard]] const Options& options() const { return options_; }

 private:
  FaceAligner(Eigen::VectorXf reference, Triangulation triangles, Options options);

  Eigen::VectorXf reference_;  ///< 136 aligned px around 0: the mean shape from the front
  Triangulation triangles_;
  Options options_;
};

}  // namespace frontalis
