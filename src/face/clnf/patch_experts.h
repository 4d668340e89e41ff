#pragma once

#include "face/clnf/expert_files.h"

namespace frontalis {

/// Windows and supports above these are refused when a model is loaded.
inline constexpr int kMaxResponseWindow = 31;
inline constexpr int kMaxExpertSupport = 31;
inline constexpr int kMaxResponseCells = kMaxResponseWindow * kMaxResponseWindow;

/// Working memory of PatchExperts::respond(): one a thread; it grows to what the model needs once.
struct ResponseScratch {
  std::vector<float> in;
  std::vector<float> out;
};

/// All patch experts of one scale: they turn the picture around a landmark into a response map,
/// high where the landmark probably is. Immutable after loading, so threads may share it.
class PatchExperts {
 public:
  PatchExperts(float scale, int support, ExpertViews views)
      : scale_(scale), support_(support), views_(std::move(views)) {}
  virtual ~PatchExperts() = default;
  PatchExperts(const PatchExperts&) = delete;
  PatchExperts& operator=(const PatchExperts&) = delete;

  /// Px of the reference frame per mm.
  [[nodiscard]] float scale() const { return scale_; }
  /// Side of the square an expert looks at, px of the reference frame.
  [[nodiscard]] int support() const { return support_; }
  [[nodiscard]] const ExpertViews& views() const { return views_; }

  /// Weight of a landmark where the fit weights by confidence (spec clnf 8 step 6).
  [[nodiscard]] virtual float confidence(int view, int landmark) const = 0;

  /// Response map of a landmark that is visible in the view: window x window values >= 0, row-major
  /// (row = y). `area`: (window + support - 1)² grey levels.
  virtual void respond(int view, int landmark, const float* area, int window,
                       ResponseScratch& scratch, float* response) const = 0;

 private:
  float scale_;
  int support_;
  ExpertViews views_;
};

}  // namespace frontalis
