#include "pipeline/open_analysis.h"

#include "appearance/blendshapes.h"
#include "appearance/mesh_signals.h"
#include "au/open_aus.h"
#include "face/mesh_tracker.h"
#include "face/retinaface.h"
#include "models/pack.h"
#include "pipeline/appearance_stage.h"
#include "shape/mesh68.h"
#include "shape/mesh_pose.h"
#include "util/try.h"

namespace frontalis {
namespace {

/// Face mesh -> rigid fit -> blendshapes.
class OpenMeter final : public FaceMeter {
 public:
  OpenMeter(MeshTracker tracker, BlendshapeNetwork blendshapes, const CanonicalFace& canonical,
            std::unique_ptr<AppearanceStage> appearance, bool image)
      : tracker_(std::move(tracker)),
        blendshapes_(std::move(blendshapes)),
        meter_(canonical),
        pose_(canonical),
        appearance_(std::move(appearance)),
        image_(image) {}

  Status measure(const Frame& frame, Measurement& out) override {
    if (image_) tracker_.reset();  // every picture is its own
    FrameRecord& record = out.record;
    Row& row = record.row;
    record = {};
    row.frame = frame.index + 1;
    row.timestamp = frame.timestamp_seconds;

    TrackedFace face;
    {
      const auto scope = times_.time(kTrack);
      FRONTALIS_ASSIGN(face, tracker_.track(frame));
    }
    row.confidence = face.confidence;
    row.success = out.fitted = face.found;
    if (appearance_) {
      const auto scope = times_.time(kDescribe);
      FRONTALIS_TRY(describe(frame, face, row));
    }
    if (!face.found) return {};
    {
      const auto scope = times_.time(kBlendshapes);
      FRONTALIS_ASSIGN(row.blendshapes, blendshapes_.estimate(face.mesh));
    }
    {
      const auto scope = times_.time(kShape);
      const MeshPose pose =
          pose_.estimate(face.mesh, Camera::forImageSize(frame.width(), frame.height()));
      row.pose = pose.head;
      row.landmarks = mesh68(face.mesh);
      row.landmarks_3d = pose.landmarks(face.mesh);
      record.signals = meter_.measure(face.mesh, row.blendshapes, face.confidence);
    }
    return {};
  }

  [[nodiscard]] std::optional<std::uint64_t> fingerprint() const override {
    return tracker_.fingerprint();
  }
  void reset() override { tracker_.reset(); }

 private:
  Status describe(const Frame& frame, const TrackedFace& face, Row& row) {
    group(face.found ? mesh68(face.mesh) : Landmarks68{}, points_);
    const FaceDescription& described =
        appearance_->describe(frame, face.found ? &points_ : nullptr);
    row.shape = shapeParameters(described.shape.global, described.shape.local);
    return appearance_->show(observer_, frame, points_);
  }

  MeshTracker tracker_;
  BlendshapeNetwork blendshapes_;
  SignalMeter meter_;
  MeshPoseEstimator pose_;
  const std::unique_ptr<AppearanceStage> appearance_;  // null unless features are asked for
  const bool image_;
  Eigen::VectorXf points_;  // of the frame in hand

  const std::size_t kTrack = times_.stage("track");
  const std::size_t kBlendshapes = times_.stage("blendshapes");
  const std::size_t kShape = times_.stage("shape");
  const std::size_t kDescribe = times_.stage("describe");
};

/// Neutral -> formulas.
class OpenInterpreter final : public FaceInterpreter {
 public:
  OpenInterpreter(const OpenAuOptions& options, bool online, const std::optional<TimeSpan>& neutral)
      : aus_(options), online_(online), neutral_(neutral) {}

  FrameRecord interpret(const Measurement& measurement) override {
    const auto scope = times_.time(kAus);
    FrameRecord record = measurement.record;
    if (online_) {
      complete(record);
    } else if (record.row.success) {
      aus_.add(record.signals, marks(record.row));
    }
    return record;
  }

  void finish() override {
    if (!online_) report_ = aus_.finish();
  }

  void complete(FrameRecord& record) override {
    if (!record.row.success) return aus_.lost();
    const OpenAuRow aus =
        online_ ? aus_.process(record.signals, marks(record.row)) : aus_.row(record.signals);
    record.row.intensity = aus.intensity;
    record.row.intensity_right = aus.right;
    record.row.intensity_left = aus.left;
    record.row.presence = aus.presence;
  }

  void reset() override {
    aus_.reset();
    report_ = {};
    marked_frames_ = 0;
  }

  [[nodiscard]] std::vector<std::string> warnings() const override {
    std::vector<std::string> warnings = report_.warnings;
    if (neutral_ && marked_frames_ == 0) {
      warnings.push_back("The seconds given as neutral show no face: they count for nothing");
    }
    return warnings;
  }

 private:
  /// Whether the user says that this frame shows the neutral face.
  bool marks(const Row& row) {
    const bool marked = neutral_ && neutral_->holds(row.timestamp);
    if (marked) ++marked_frames_;
    return marked;
  }

  OpenAus aus_;
  OpenNeutralReport report_;
  const bool online_;
  const std::optional<TimeSpan> neutral_;
  std::int64_t marked_frames_ = 0;

  const std::size_t kAus = times_.stage("aus");
};

class OpenAnalysis final : public Analysis {
 public:
  static Result<std::unique_ptr<Analysis>> create(const Config& config, const Pack& pack,
                                                  bool image) {
    FRONTALIS_ASSIGN(const auto canonical_file, pack.file("canonical-face"));
    FRONTALIS_ASSIGN(CanonicalFace canonical, readCanonicalFace(canonical_file));
    FRONTALIS_ASSIGN(auto runtime, runtimeFor(config));
    Provenance provenance{pack.name, pack.version, {}};
    for (const PackFile& file : pack.files) provenance.models.push_back({file.path, file.sha256});
    std::unique_ptr<OpenAnalysis> analysis(new OpenAnalysis(
        config, pack, image, std::move(canonical), std::move(provenance), std::move(runtime)));
    FRONTALIS_TRY(analysis->makeFirstMeter());
    return std::unique_ptr<Analysis>(std::move(analysis));
  }

  [[nodiscard]] Columns columns() const override {
    Columns columns;
    columns.landmarks_2d = columns.landmarks_3d = columns.sides = columns.blendshapes = true;
    columns.au28 = kOpenHasAu28;
    columns.shape = hasAppearance();
    return columns;
  }
  [[nodiscard]] Result<std::unique_ptr<FaceDetector>> detector() const override {
    FRONTALIS_ASSIGN(auto file, pack_.file("face-detector"));
    return std::unique_ptr<FaceDetector>(std::make_unique<RetinaFace>(
        runtime_, std::move(file), RetinaFaceOptions{.long_side = config_.detect_size}));
  }
  [[nodiscard]] bool hasAppearance() const override { return config_.features; }
  [[nodiscard]] std::unique_ptr<FaceInterpreter> interpreter() const override {
    OpenAuOptions options;
    options.population_neutral = image_ || config_.static_models;
    return std::make_unique<OpenInterpreter>(options, config_.online, config_.neutral);
  }

 private:
  OpenAnalysis(const Config& config, const Pack& pack, bool image, CanonicalFace canonical,
               Provenance provenance, std::shared_ptr<Runtime> runtime)
      : Analysis(std::move(provenance), std::move(runtime)),
        config_(config),
        pack_(pack),
        image_(image),
        canonical_(std::move(canonical)) {}

  Result<std::unique_ptr<FaceMeter>> makeMeter(Provenance&,
                                               std::unique_ptr<FaceDetector> detector) override {
    FRONTALIS_ASSIGN(const auto landmarks, pack_.file("landmarks"));
    FRONTALIS_ASSIGN(const auto blendshapes, pack_.file("blendshapes"));
    if (readsOnnx(config_)) {
      FRONTALIS_TRY(pack_.file("landmarks-onnx"));
      FRONTALIS_TRY(pack_.file("blendshapes-onnx"));
    }
    if (!detector) {
      FRONTALIS_ASSIGN(detector, this->detector());
    }
    MeshTracker tracker(std::move(detector), FaceMeshNetwork(runtime_, landmarks),
                        {.detect_every = config_.detect_every});
    std::unique_ptr<AppearanceStage> appearance;
    if (config_.features) {
      FRONTALIS_ASSIGN(appearance, AppearanceStage::createFree(config_));
    }
    return std::unique_ptr<FaceMeter>(
        std::make_unique<OpenMeter>(std::move(tracker), BlendshapeNetwork(runtime_, blendshapes),
                                    canonical_, std::move(appearance), image_));
  }

  const Config config_;
  const Pack pack_;
  const bool image_;
  const CanonicalFace canonical_;
};

Status checkNeutral(const Config& config, bool image) {
  if (!config.neutral) return {};
  if (!config.neutral->valid()) {
    return Error{ErrorCode::kInvalidArgument, "the neutral is no span of time",
                 "Give the seconds from and to which the face is neutral, 0 or more"};
  }
  if (image || config.static_models) {
    return Error{ErrorCode::kInvalidArgument,
                 image ? "images are compared with an average face, not with a neutral of their own"
                       : "--static does without the neutral that is given",
                 "Leave one of them out"};
  }
  return {};
}

}  // namespace

Result<std::unique_ptr<Analysis>> makeOpenAnalysis(const Config& config, const Pack& pack,
                                                   bool image) {
  if (!config.landmarks.empty() && config.landmarks != "mesh") {
    return Error{
        ErrorCode::kInvalidArgument,
        "the open pack measures on its own mesh, not on landmarks \"" + config.landmarks + "\"",
        "Leave --landmarks out, or add --pack openface"};
  }
  FRONTALIS_TRY(checkNeutral(config, image));
  return OpenAnalysis::create(config, pack, image);
}

}  // namespace frontalis
