#pragma once

#include <memory>
#include <string>
#include <vector>

#include "face/clnf/patch_experts.h"
#include "frontalis/result.h"

namespace frontalis {

/// Convolutional experts network (Zadeh et al. 2017; spec clnf 7.5): a small dense network on each
/// normalised patch. As in OpenFace only every other position of the window is computed, in a
/// checkerboard; the rest are means of their neighbours.
class CenExperts final : public PatchExperts {
 public:
  /// Takes the file's weights over. Errors: kUnsupported (sizes).
  static Result<std::unique_ptr<CenExperts>> create(CenFile file, const std::string& name);

  [[nodiscard]] float confidence(int view, int landmark) const override;
  /// `window` must be odd.
  void respond(int view, int landmark, const float* area, int window, ResponseScratch& scratch,
               float* response) const override;

 private:
  CenExperts(CenFile file, int support);
  /// Whose network a landmark uses, and whether the picture must be mirrored for it.
  struct Choice {
    const CenExpert* expert = nullptr;
    bool mirrored = false;
  };
  [[nodiscard]] Choice choose(int view, int landmark) const;

  std::vector<int> mirror_landmarks_;
  std::vector<int> mirror_views_;
  std::vector<CenExpert> experts_;
  std::size_t widest_ = 0;  // values between layers for one position
};

}  // namespace frontalis
