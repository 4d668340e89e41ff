#include "appearance/face_describer.h"

namespace frontalis {

FaceDescriber::FaceDescriber(const Pdm& pdm, FaceAligner aligner)
    : pdm_(&pdm), aligner_(std::move(aligner)), calc_params_(pdm) {
  none();
}

const FaceDescription& FaceDescriber::none() {
  FaceDescription& d = description_;
  d.shape.local = Eigen::VectorXf::Zero(pdm_->modes());
  d.shape.global = GlobalParams{0, 0, 0, 0, 0, 0};
  d.shape.valid = false;
  d.warp.setZero();
  d.aligned.resize(kFhogImageSize, kFhogImageSize, 3);
  std::fill_n(d.aligned.data(), d.aligned.bytes(), std::uint8_t{0});
  d.fhog.fill(0);
  d.geometry.fill(0);
  return d;
}

const FaceDescription& FaceDescriber::describe(const Frame& frame,
                                               const Eigen::VectorXf& landmarks) {
  FaceDescription& d = description_;
  d.shape = calc_params_.fit(landmarks);
  if (!d.shape.valid) return none();
  d.warp = aligner_.warp(landmarks, d.shape.global.tx, d.shape.global.ty);
  // Only the face's neighbourhood is converted; the numbers are those of a converted frame.
  const Region region = converter_.toBgr(
      frame, aligner_.sourceRegion(d.warp, frame.width(), frame.height()), region_);
  aligner_.mask(d.warp, landmarks, mask_);
  aligner_.align(d.warp, region_, region, d.aligned, &mask_);
  fhog_.extract(d.aligned, d.fhog);
  geometryDescriptor(*pdm_, d.shape.local, d.geometry);
  return d;
}

}  // namespace frontalis
