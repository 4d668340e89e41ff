#pragma once

#include <memory>
#include <string>
#include <vector>

#include "face/clnf/patch_experts.h"
#include "frontalis/result.h"

namespace frontalis {

/// Support vector regression experts of the older CLM models (spec clnf 7.4): a normalised cross
/// correlation with one template a modality, through a logistic.
class SvrExperts final : public PatchExperts {
 public:
  /// Errors: kUnsupported (sizes).
  static Result<std::unique_ptr<SvrExperts>> create(const SvrFile& file, const std::string& name);

  [[nodiscard]] float confidence(int view, int landmark) const override;
  void respond(int view, int landmark, const float* area, int window, ResponseScratch& scratch,
               float* response) const override;

 private:
  struct Template {
    bool gradient = false;
    float scaling = 0;
    float bias = 0;
    float confidence = 0;
    float deviation = 0;         // std(T) * sqrt(cells)
    std::vector<float> weights;  // T - mean(T), row-major
  };

  SvrExperts(float scale, int support, const ExpertViews& views)
      : PatchExperts(scale, support, views) {}
  [[nodiscard]] const std::vector<Template>& expert(int view, int landmark) const {
    return experts_[static_cast<std::size_t>(view) * views().landmarks() + landmark];
  }

  std::vector<std::vector<Template>> experts_;
};

}  // namespace frontalis
