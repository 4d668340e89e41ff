#pragma once

#include <memory>
#include <span>
#include <string>

#include "face/clnf/field_smoothing.h"
#include "face/clnf/patch_experts.h"
#include "frontalis/result.h"

namespace frontalis {

/// Continuous conditional neural field experts (Baltrusaitis et al. 2013; spec clnf 7.3).
class CcnfExperts final : public PatchExperts {
 public:
  /// Prepares the experts for these window sizes. `name` is what errors call the file.
  /// Errors: kUnsupported (sizes), kCorrupt (smoothing matrices).
  static Result<std::unique_ptr<CcnfExperts>> create(const CcnfFile& file,
                                                     std::span<const int> windows,
                                                     const std::string& name);

  [[nodiscard]] float confidence(int view, int landmark) const override;
  void respond(int view, int landmark, const float* area, int window, ResponseScratch& scratch,
               float* response) const override;

  /// The neurons' sum before smoothing, window x window.
  void neuronSum(int view, int landmark, const float* area, int window, float* response) const;

 private:
  struct Expert {
    std::size_t weights = 0;  // into weights_: per group of eight neurons, support² vectors
    std::size_t neurons = 0;  // into neurons_: per group, eight biases and eight 2 alpha
    int groups = 0;
    float alpha_sum = 0;
    float confidence = 0;
    std::vector<FieldSmoothing> fields;  // one for each of field_windows_
  };

  CcnfExperts(float scale, int support, const ExpertViews& views)
      : PatchExperts(scale, support, views) {}
  [[nodiscard]] const Expert& expert(int view, int landmark) const {
    return experts_[static_cast<std::size_t>(view) * views().landmarks() + landmark];
  }

  std::vector<Expert> experts_;
  std::vector<int> field_windows_;
  std::vector<float> weights_;
  std::vector<float> neurons_;
};

}  // namespace frontalis
