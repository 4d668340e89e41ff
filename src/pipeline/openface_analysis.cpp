#include "pipeline/openface_analysis.h"

#include "au/openface_aus.h"
#include "au/openface_models.h"
#include "pipeline/appearance_stage.h"
#include "pipeline/landmark_sources.h"
#include "shape/head_pose.h"
#include "util/try.h"

namespace frontalis {
namespace {

/// Landmarks -> CalcParams -> alignment -> FHOG and geometry, and head pose.
class OpenFaceMeter final : public FaceMeter {
 public:
  OpenFaceMeter(std::unique_ptr<AppearanceStage> appearance,
                std::unique_ptr<LandmarkSource> landmarks, bool image)
      : appearance_(std::move(appearance)), landmarks_(std::move(landmarks)), image_(image) {}

  Status measure(const Frame& frame, Measurement& out) override {
    if (image_) landmarks_->reset();  // every picture is its own
    Row& row = out.record.row;
    row = {};
    row.frame = frame.index + 1;
    row.timestamp = frame.timestamp_seconds;

    LandmarkObservation seen;
    {
      const auto scope = times_.time(kLandmarkStage);
      FRONTALIS_ASSIGN(seen, landmarks_->locate(frame));
    }
    row.success = seen.success;
    row.confidence = seen.confidence;
    group(seen.landmarks, points_);

    const FaceDescription* face = nullptr;
    {
      const auto scope = times_.time(kDescribe);
      face = &appearance_->describe(frame, seen.believed ? &points_ : nullptr);
      out.fhog.assign(face->fhog.begin(), face->fhog.end());
      out.geometry.assign(face->geometry.begin(), face->geometry.end());
    }
    out.believed = seen.believed && face->shape.valid;
    out.fitted = seen.model || face->shape.valid;
    if (out.fitted) {
      const auto scope = times_.time(kPose);
      fillShape(row, seen, *face, Camera::forImageSize(frame.width(), frame.height()));
    }
    // Landmarks that no head before the camera explains, as of a face upside down, are no face.
    if (!seen.model && !(out.fitted && row.pose.tz > 0)) {
      row.success = out.believed = out.fitted = false;
    }
    return appearance_->show(observer_, frame, points_);
  }

  [[nodiscard]] std::optional<std::uint64_t> fingerprint() const override {
    return landmarks_->fingerprint();
  }
  void reset() override { landmarks_->reset(); }

 private:
  /// Pose, 3D points and parameters: of the tracker's own face model where it has one, else of the
  /// AU stage's fit.
  void fillShape(Row& row, const LandmarkObservation& seen, const FaceDescription& face,
                 const Camera& camera) {
    row.landmarks = seen.landmarks;
    const GlobalParams global = seen.model ? seen.model->global : face.shape.global;
    if (seen.model) {
      local_ = Eigen::Map<const Eigen::VectorXf>(seen.model->local.data(), 34);
      row.gaze = seen.model->gaze;
    } else {
      local_ = face.shape.local;
    }
    appearance_->pdm().shape3d(local_, shape3d_);
    row.pose = headPose(global, shape3d_, points_, camera);
    landmarksInCamera(global, shape3d_, points_, camera, camera_points_);
    constexpr auto n = static_cast<Eigen::Index>(kLandmarks);
    for (Eigen::Index i = 0; i < n; ++i) {
      row.landmarks_3d[static_cast<std::size_t>(i)] = {camera_points_[i], camera_points_[i + n],
                                                       camera_points_[i + 2 * n]};
    }
    row.shape = shapeParameters(global, local_);
  }

  const std::unique_ptr<AppearanceStage> appearance_;
  const std::unique_ptr<LandmarkSource> landmarks_;
  const bool image_;
  Eigen::VectorXf points_, local_, shape3d_, camera_points_;

  const std::size_t kLandmarkStage = times_.stage("landmarks");
  const std::size_t kDescribe = times_.stage("describe");
  const std::size_t kPose = times_.stage("pose");
};

/// Neutral -> 35 linear models -> correction; and what failed frames repeat.
class OpenFaceInterpreter final : public FaceInterpreter {
 public:
  OpenFaceInterpreter(std::shared_ptr<const AuPredictor> predictor, AuMode mode)
      : aus_(std::move(predictor), mode), mode_(mode) {}

  FrameRecord interpret(const Measurement& measurement) override {
    FrameRecord record = measurement.record;
    Row& row = record.row;
    if (!measurement.fitted) {  // a failed frame repeats the last state, as OpenFace's does
      row.landmarks = last_.landmarks;
      row.landmarks_3d = last_.landmarks_3d;
      row.pose = last_.pose;
      row.shape = last_.shape;
    }
    {
      const auto scope = times_.time(kAus);
      const DescriptorView descriptor{std::span<const float, kFhogSize>(measurement.fhog),
                                      std::span<const double, kGeometrySize>(measurement.geometry)};
      const OpenFaceAuRow aus = aus_.process(descriptor, measurement.believed);
      row.intensity = aus.intensity;
      row.presence = aus.presence;
    }
    last_ = row;
    return record;
  }

  void finish() override {
    if (mode_ == AuMode::kVideo) final_ = aus_.finish();
  }

  void complete(FrameRecord& record) override {
    if (mode_ != AuMode::kVideo) return;
    const OpenFaceAuRow aus = final_.row(record.row.frame - 1);
    record.row.intensity = aus.intensity;
    record.row.presence = aus.presence;
  }

  void reset() override {
    aus_.reset();
    final_ = {};
    last_ = {};
  }

  [[nodiscard]] std::vector<std::string> warnings() const override { return {}; }

 private:
  OpenFaceAus aus_;
  FinalAus final_;
  const AuMode mode_;
  Row last_;

  const std::size_t kAus = times_.stage("aus");
};

class OpenFaceAnalysis final : public Analysis {
 public:
  static Result<std::unique_ptr<Analysis>> create(const Config& config, const Pack& pack,
                                                  bool image) {
    const bool without_neutral = image || config.static_models;
    FRONTALIS_ASSIGN(OpenFaceModels models, readOpenFaceModels(pack, without_neutral));
    FRONTALIS_ASSIGN(Pdm pdm, Pdm::read(models.pdm));
    FRONTALIS_ASSIGN(Triangulation triangles, readTriangulation(models.triangulation, kLandmarks));
    FRONTALIS_ASSIGN(auto runtime, runtimeFor(config));
    Provenance provenance{pack.name, pack.version, {}};
    for (const PackFile& file : models.used) provenance.models.push_back({file.path, file.sha256});
    std::unique_ptr<OpenFaceAnalysis> analysis(new OpenFaceAnalysis(
        config, pack, image, std::move(pdm), std::move(triangles), std::move(models.predictor),
        std::move(provenance), std::move(runtime)));
    FRONTALIS_TRY(analysis->makeFirstMeter());
    return std::unique_ptr<Analysis>(std::move(analysis));
  }

  [[nodiscard]] Columns columns() const override {
    Columns columns;
    columns.landmarks_2d = columns.landmarks_3d = columns.shape = true;
    columns.presence = columns.au28 = predictor_->hasPresences();
    columns.failed_keep_state = true;
    columns.gaze = gaze_;
    return columns;
  }
  [[nodiscard]] Result<std::unique_ptr<FaceDetector>> detector() const override {
    return makeLandmarkDetector(config_, runtime_);
  }
  [[nodiscard]] bool hasAppearance() const override { return true; }
  [[nodiscard]] std::unique_ptr<FaceInterpreter> interpreter() const override {
    const AuMode mode = image_           ? AuMode::kImages
                        : config_.online ? AuMode::kStream
                                         : AuMode::kVideo;
    return std::make_unique<OpenFaceInterpreter>(predictor_, mode);
  }

 private:
  OpenFaceAnalysis(const Config& config, const Pack& pack, bool image, Pdm pdm,
                   Triangulation triangles, std::shared_ptr<const AuPredictor> predictor,
                   Provenance provenance, std::shared_ptr<Runtime> runtime)
      : Analysis(std::move(provenance), std::move(runtime)),
        config_(config),
        pack_(pack),
        image_(image),
        pdm_(std::move(pdm)),
        triangles_(std::move(triangles)),
        predictor_(std::move(predictor)) {}

  Result<std::unique_ptr<FaceMeter>> makeMeter(Provenance& provenance,
                                               std::unique_ptr<FaceDetector> detector) override {
    FRONTALIS_ASSIGN(auto appearance, AppearanceStage::create(pdm_, triangles_, config_));
    FRONTALIS_ASSIGN(auto landmarks,
                     makeLandmarkSource(config_, pack_, runtime_, provenance, std::move(detector)));
    gaze_ = landmarks->hasFaceModel();
    return std::unique_ptr<FaceMeter>(
        std::make_unique<OpenFaceMeter>(std::move(appearance), std::move(landmarks), image_));
  }

  const Config config_;
  const Pack pack_;
  const bool image_;
  const Pdm pdm_;
  const Triangulation triangles_;
  const std::shared_ptr<const AuPredictor> predictor_;
  bool gaze_ = false;
};

}  // namespace

Result<std::unique_ptr<Analysis>> makeOpenFaceAnalysis(const Config& config, const Pack& pack,
                                                       bool image) {
  if (config.neutral) {
    return Error{ErrorCode::kInvalidArgument,
                 "the models of \"" + pack.name + "\" take a running median for the neutral",
                 "Leave --neutral out, or use the open pack"};
  }
  return OpenFaceAnalysis::create(config, pack, image);
}

}  // namespace frontalis
