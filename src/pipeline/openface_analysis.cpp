#include "pipeline/openface_analysis.h"

#include "au/openface_aus.h"
#include "au/openface_models.h"
#include "pipeline/appearance_stage.h"
#include "pipeline/landmark_sources.h"
#include "shape/head_pose.h"
#include "util/try.h"

namespace frontalis {
namespace {

class OpenFaceAnalysis final : public Analysis {
 public:
  OpenFaceAnalysis(std::unique_ptr<AppearanceStage> appearance,
                   std::shared_ptr<const AuPredictor> predictor,
                   std::unique_ptr<LandmarkSource> landmarks, AuMode mode, Provenance provenance)
      : appearance_(std::move(appearance)),
        landmarks_(std::move(landmarks)),
        has_presences_(predictor->hasPresences()),
        aus_(std::move(predictor), mode),
        mode_(mode),
        provenance_(std::move(provenance)) {}

  [[nodiscard]] Columns columns() const override {
    Columns columns;
    columns.landmarks_2d = columns.landmarks_3d = columns.shape = true;
    columns.presence = columns.au28 = has_presences_;
    columns.failed_keep_state = true;
    columns.gaze = landmarks_->hasFaceModel();
    return columns;
  }

  Result<FrameRecord> process(const Frame& frame) override {
    if (mode_ == AuMode::kImages) landmarks_->reset();  // every picture is its own
    FrameRecord record{state_, {}};
    Row& row = record.row;
    row.frame = frame.index + 1;
    row.timestamp = frame.timestamp_seconds;

    LandmarkObservation seen;
    {
      const auto scope = times_.time(kLandmarkStage);
      FRONTALIS_ASSIGN(seen, landmarks_->locate(frame));
    }
    row.success = seen.success;
    row.confidence = seen.confidence;
    const Eigen::VectorXf points = grouped(seen.landmarks);

    const FaceDescription* face = nullptr;
    {
      const auto scope = times_.time(kDescribe);
      face = &appearance_->describe(frame, seen.believed ? &points : nullptr);
    }
    const bool measured = seen.believed && face->shape.valid;
    {
      const auto scope = times_.time(kPose);
      fillShape(row, seen, points, *face, Camera::forImageSize(frame.width(), frame.height()));
    }
    OpenFaceAuRow aus;
    {
      const auto scope = times_.time(kAus);
      aus = aus_.process({face->fhog, face->geometry}, measured);
    }
    row.intensity = aus.intensity;
    row.presence = aus.presence;
    state_ = row;
    FRONTALIS_TRY(appearance_->show(observer_, frame, points));
    return record;
  }

  Status finish() override {
    if (mode_ == AuMode::kVideo) final_ = aus_.finish();
    return {};
  }

  Status complete(FrameRecord& record) override {
    if (mode_ != AuMode::kVideo) return {};
    const OpenFaceAuRow aus = final_.row(record.row.frame - 1);
    record.row.intensity = aus.intensity;
    record.row.presence = aus.presence;
    return {};
  }

  void reset() override {
    landmarks_->reset();
    aus_.reset();
    final_ = {};
    state_ = {};
  }

  [[nodiscard]] bool hasAppearance() const override { return true; }
  [[nodiscard]] std::vector<std::string> warnings() const override { return {}; }
  [[nodiscard]] const StageTimer& times() const override { return times_; }
  [[nodiscard]] const Provenance& provenance() const override { return provenance_; }

 private:
  /// Pose, 3D points and parameters: of the tracker's own face model where it has one, else of the
  /// AU stage's fit. A failed frame keeps the last ones, as OpenFace's does.
  void fillShape(Row& row, const LandmarkObservation& seen, const Eigen::VectorXf& points,
                 const FaceDescription& face, const Camera& camera) {
    row.gaze = {};
    if (!seen.model && !face.shape.valid) return;
    row.landmarks = seen.landmarks;
    const GlobalParams global = seen.model ? seen.model->global : face.shape.global;
    if (seen.model) {
      local_ = Eigen::Map<const Eigen::VectorXf>(seen.model->local.data(), 34);
      row.gaze = seen.model->gaze;
    } else {
      local_ = face.shape.local;
    }
    appearance_->pdm().shape3d(local_, shape3d_);
    row.pose = headPose(global, shape3d_, points, camera);
    landmarksInCamera(global, shape3d_, points, camera, camera_points_);
    constexpr auto n = static_cast<Eigen::Index>(kLandmarks);
    for (Eigen::Index i = 0; i < n; ++i) {
      row.landmarks_3d[static_cast<std::size_t>(i)] = {camera_points_[i], camera_points_[i + n],
                                                       camera_points_[i + 2 * n]};
    }
    row.shape = shapeParameters(global, local_);
  }

  const std::unique_ptr<AppearanceStage> appearance_;
  std::unique_ptr<LandmarkSource> landmarks_;
  const bool has_presences_;
  OpenFaceAus aus_;
  FinalAus final_;
  const AuMode mode_;
  const Provenance provenance_;

  Row state_;  // the last row: what a failed frame repeats
  Eigen::VectorXf local_, shape3d_, camera_points_;

  StageTimer times_;
  const std::size_t kLandmarkStage = times_.stage("landmarks");
  const std::size_t kDescribe = times_.stage("describe");
  const std::size_t kPose = times_.stage("pose");
  const std::size_t kAus = times_.stage("aus");
};

}  // namespace

Result<std::unique_ptr<Analysis>> makeOpenFaceAnalysis(const Config& config, const Pack& pack,
                                                       bool image) {
  const bool without_neutral = image || config.static_models;
  FRONTALIS_ASSIGN(OpenFaceModels models, readOpenFaceModels(pack, without_neutral));
  FRONTALIS_ASSIGN(Pdm pdm, Pdm::read(models.pdm));
  FRONTALIS_ASSIGN(const Triangulation triangles,
                   readTriangulation(models.triangulation, kLandmarks));
  FRONTALIS_ASSIGN(auto appearance, AppearanceStage::create(std::move(pdm), triangles, config));

  Provenance provenance{pack.name, pack.version, {}, {}};
  for (const PackFile& file : models.used) provenance.models.push_back({file.path, file.sha256});
  FRONTALIS_ASSIGN(std::unique_ptr<LandmarkSource> landmarks,
                   makeLandmarkSource(config, pack, provenance));
  const AuMode mode = image ? AuMode::kImages : config.online ? AuMode::kStream : AuMode::kVideo;
  return std::unique_ptr<Analysis>(
      std::make_unique<OpenFaceAnalysis>(std::move(appearance), std::move(models.predictor),
                                         std::move(landmarks), mode, std::move(provenance)));
}

}  // namespace frontalis
