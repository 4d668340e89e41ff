#include "pipeline/appearance_stage.h"

#include "models/pack.h"
#include "util/try.h"

namespace frontalis {
namespace {

constexpr float kMeasuredScale = 0.7f;  // px per mm at 112 px

}  // namespace

AppearanceStage::AppearanceStage(Pdm pdm, FaceAligner measured, FaceAligner shown, bool masked)
    : pdm_(std::move(pdm)),
      describer_(pdm_, std::move(measured)),
      portrait_(std::move(shown), masked) {}

Result<std::unique_ptr<AppearanceStage>> AppearanceStage::create(Pdm pdm,
                                                                 const Triangulation& triangles,
                                                                 const Config& config) {
  if (pdm.points() != static_cast<int>(kLandmarks) || pdm.modes() != 34) {
    return Error{ErrorCode::kModelCorrupt,
                 "the face shape model has " + std::to_string(pdm.points()) + " points and " +
                     std::to_string(pdm.modes()) + " modes, expected 68 and 34"};
  }
  const float scale =
      config.aligned_scale > 0
          ? config.aligned_scale
          : kMeasuredScale * static_cast<float>(config.aligned_size) / kFhogImageSize;
  FRONTALIS_ASSIGN(FaceAligner measured,
                   FaceAligner::create(pdm, triangles, {kFhogImageSize, kMeasuredScale}));
  FRONTALIS_ASSIGN(FaceAligner shown,
                   FaceAligner::create(pdm, triangles, {config.aligned_size, scale}));
  return std::unique_ptr<AppearanceStage>(new AppearanceStage(
      std::move(pdm), std::move(measured), std::move(shown), config.aligned_mask));
}

Result<std::unique_ptr<AppearanceStage>> AppearanceStage::createFree(const Config& config) {
  FRONTALIS_ASSIGN(const auto pdm_file, dataFile("face68/pdm.txt"));
  FRONTALIS_ASSIGN(const auto triangles_file, dataFile("face68/triangles.txt"));
  FRONTALIS_ASSIGN(Pdm pdm, Pdm::read(pdm_file));
  FRONTALIS_ASSIGN(const Triangulation triangles, readTriangulation(triangles_file, kLandmarks));
  return create(std::move(pdm), triangles, config);
}

const FaceDescription& AppearanceStage::describe(const Frame& frame,
                                                 const Eigen::VectorXf* landmarks) {
  last_ = landmarks != nullptr ? &describer_.describe(frame, *landmarks) : &describer_.none();
  return *last_;
}

Status AppearanceStage::show(const AppearanceObserver& observer, const Frame& frame,
                             const Eigen::VectorXf& landmarks) {
  if (!observer) return {};
  const FaceDescription& face = *last_;
  const GlobalParams& global = face.shape.global;
  const Image& portrait =
      face.shape.valid ? portrait_.make(frame, landmarks, global.tx, global.ty) : portrait_.none();
  return observer({frame.index + 1,
                   face.shape.valid,
                   portrait_.size(),
                   {portrait.data(), portrait.bytes()},
                   face.fhog,
                   shapeParameters(global, face.shape.local),
                   face.geometry});
}

void group(const Landmarks68& points, Eigen::VectorXf& grouped) {
  grouped.resize(2 * kLandmarks);
  for (std::size_t i = 0; i < kLandmarks; ++i) {
    grouped[static_cast<Eigen::Index>(i)] = points[i].x;
    grouped[static_cast<Eigen::Index>(i + kLandmarks)] = points[i].y;
  }
}

ShapeParameters shapeParameters(const GlobalParams& global, const Eigen::VectorXf& local) {
  ShapeParameters shape{global.scale, global.rx, global.ry, global.rz, global.tx, global.ty, {}};
  std::copy_n(local.data(), std::min<std::size_t>(static_cast<std::size_t>(local.size()), 34),
              shape.local.begin());
  return shape;
}

}  // namespace frontalis
