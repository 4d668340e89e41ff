#pragma once

#include "appearance/alignment.h"
#include "image/convert.h"
#include "image/frame.h"

namespace frontalis {

/// An aligned face for people to look at, of any size and scale, with or without what lies around
/// it; FaceDescriber makes the one that is measured.
class FacePortrait {
 public:
  FacePortrait(FaceAligner aligner, bool masked) : aligner_(std::move(aligner)), masked_(masked) {}

  /// size x size x 3, B, G, R. `landmarks` 136 px, all x, then all y; tx, ty as FaceAligner::warp.
  const Image& make(const Frame& frame, const Eigen::VectorXf& landmarks, float tx, float ty);
  /// Of a frame without a face: black.
  const Image& none();

  [[nodiscard]] int size() const { return aligner_.options().size; }

 private:
  FaceAligner aligner_;
  bool masked_;
  FrameConverter converter_{ColorRule::kOpenCv};
  Image region_;
  Image mask_;
  Image portrait_;
};

}  // namespace frontalis
