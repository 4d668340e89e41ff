#pragma once

#include <memory>
#include <optional>

#include "appearance/face_describer.h"
#include "appearance/face_portrait.h"
#include "pipeline/analysis.h"

namespace frontalis {

/// From 68 landmarks to a face's description, and showing it to whoever observes.
class AppearanceStage {
 public:
  /// Errors: kInvalidArgument (size or scale out of range), kModelCorrupt (not 68 points, 34
  /// modes).
  static Result<std::unique_ptr<AppearanceStage>> create(Pdm pdm, const Triangulation& triangles,
                                                         const Config& config);
  /// With the free face model that comes with Frontalis. Errors: kModelMissing.
  static Result<std::unique_ptr<AppearanceStage>> createFree(const Config& config);

  /// `landmarks`: 136 px, all x, then all y; nothing when the frame has no face to believe in.
  const FaceDescription& describe(const Frame& frame, const Eigen::VectorXf* landmarks);
  /// Shows what describe() made of the frame, if anybody observes.
  Status show(const AppearanceObserver& observer, const Frame& frame,
              const Eigen::VectorXf& landmarks);

  [[nodiscard]] const Pdm& pdm() const { return pdm_; }

 private:
  AppearanceStage(Pdm pdm, FaceAligner measured, FaceAligner shown, bool masked);

  const Pdm pdm_;
  FaceDescriber describer_;
  FacePortrait portrait_;
  const FaceDescription* last_ = nullptr;
};

/// All x, then all y.
void group(const Landmarks68& points, Eigen::VectorXf& grouped);

/// As rows hold them.
ShapeParameters shapeParameters(const GlobalParams& global, const Eigen::VectorXf& local);

}  // namespace frontalis
