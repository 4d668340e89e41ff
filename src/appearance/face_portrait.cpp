#include "appearance/face_portrait.h"

namespace frontalis {

const Image& FacePortrait::make(const Frame& frame, const Eigen::VectorXf& landmarks, float tx,
                                float ty) {
  const WarpMatrix warp = aligner_.warp(landmarks, tx, ty);
  const Region region =
      converter_.toBgr(frame, aligner_.sourceRegion(warp, frame.width(), frame.height()), region_);
  if (masked_) aligner_.mask(warp, landmarks, mask_);
  aligner_.align(warp, region_, region, portrait_, masked_ ? &mask_ : nullptr);
  return portrait_;
}

const Image& FacePortrait::none() {
  portrait_.resize(size(), size(), 3);
  std::fill_n(portrait_.data(), portrait_.bytes(), std::uint8_t{0});
  return portrait_;
}

}  // namespace frontalis
