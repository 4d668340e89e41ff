#pragma once

#include <array>

#include "appearance/alignment.h"
#include "appearance/fhog.h"
#include "appearance/geometry.h"
#include "image/convert.h"
#include "image/frame.h"
#include "shape/calc_params.h"

namespace frontalis {

/// What the linear AU models look at, and the steps to it (spec pipeline 3.4 to 6).
struct FaceDescription {
  CalcParams::Fit shape;  ///< the AU stage's own fit, not the tracker's
  WarpMatrix warp = WarpMatrix::Zero();
  Image aligned;                                 ///< 112 x 112, B, G, R; black outside the face
  std::array<float, kFhogSize> fhog{};           ///< 0 to 0.4
  std::array<double, kGeometrySize> geometry{};  ///< V p (204, mm), then p (34)
};

/// Frame and 68 landmarks to a face's description: CalcParams, alignment, FHOG, geometry. Holds its
/// scratch: one object a thread; nothing allocates once sizes are known.
class FaceDescriber {
 public:
  /// `pdm` must outlive this.
  FaceDescriber(const Pdm& pdm, FaceAligner aligner);

  /// `landmarks`: 136 px, all x, then all y. Overwritten by the next call. A face that cannot be
  /// fitted, or a frame without one (see none()), is all zeros.
  const FaceDescription& describe(const Frame& frame, const Eigen::VectorXf& landmarks);
  const FaceDescription& none();

 private:
  const Pdm* pdm_;
  FaceAligner aligner_;
  CalcParams calc_params_;
  FrameConverter converter_{ColorRule::kOpenCv};
  Fhog fhog_;
  Image region_;
  Image mask_;
  FaceDescription description_;
};

}  // namespace frontalis
