#pragma once

#include <array>
#include <vector>

#include "frontalis/types.h"
#include "image/frame.h"
#include "image/image.h"

namespace frontalis {

/// What tells one person's face from another's for a while: proportions of bone (eyes, nose, upper
/// jaw), and the look of the face in a small picture. No biometric identification: it has to tell
/// apart the few people of one video, in its light.
struct FaceSignature {
  static constexpr std::size_t kLengths = 11;
  static constexpr int kSide = 16;
  std::array<float, kLengths> shape{};      ///< logarithms of lengths, mean 0, in usual deviations
  std::array<float, kSide * kSide> look{};  ///< brightness, mean 0, norm 1
};

/// 0: the same; above 1 two faces are more likely different persons. Expression and pose move it.
float distance(const FaceSignature& a, const FaceSignature& b);

/// Takes signatures. Keeps its buffer.
class FaceSigner {
 public:
  /// `fitted`: landmarks in 3D come from a model fitted to the picture's points, and depend more on
  /// pose and expression than those of the face mesh.
  explicit FaceSigner(bool fitted) : fitted_(fitted) {}

  /// Landmarks in px of the frame and in camera mm, as rows hold them.
  FaceSignature sign(const Frame& frame, const Landmarks68& landmarks,
                     const Landmarks68In3d& landmarks_3d);

 private:
  const bool fitted_;
  Image picture_;
};

/// What is remembered of a person: a few signatures that differ, as pose and expression do.
class FaceMemory {
 public:
  /// Adds the signature where it is new.
  void add(const FaceSignature& signature);
  /// To the nearest signature known; infinite when none is.
  [[nodiscard]] float distance(const FaceSignature& signature) const;
  [[nodiscard]] bool empty() const { return known_.empty(); }

 private:
  std::vector<FaceSignature> known_;
  std::size_t oldest_ = 0;
};

}  // namespace frontalis
