#pragma once

#include <Eigen/Core>

#include "frontalis/row.h"
#include "frontalis/types.h"
#include "shape/pdm.h"

namespace frontalis {

/// One eye as the 28-point eye model fits it.
struct EyeFit {
  const Pdm* pdm = nullptr;  ///< 28 points
  GlobalParams global;
  const Eigen::VectorXf* local = nullptr;
  const Eigen::VectorXf* landmarks = nullptr;  ///< 56 px, all x, then all y
};

/// Where a person looks, from the fitted eyes and the head's pose (spec clnf 13): each eyeball is a
/// sphere of 12 mm behind the lids, the ray from the camera through the pupil meets it.
class GazeEstimator {
 public:
  /// `eyes`: image-left (points 36 to 41), image-right. `face`: the 68 landmarks in camera mm, all
  /// x, all y, all z. A fit without extent (scale 0) gives zeros.
  Gaze estimate(const std::array<EyeFit, 2>& eyes, const Eigen::VectorXf& face,
                const HeadPose& head, const Camera& camera);

 private:
  Eigen::VectorXf shape_;
  Eigen::VectorXf points_;
};

}  // namespace frontalis
