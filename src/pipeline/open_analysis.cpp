#include "pipeline/open_analysis.h"

#include "appearance/blendshapes.h"
#include "appearance/mesh_signals.h"
#include "au/open_aus.h"
#include "face/mesh_tracker.h"
#include "models/pack.h"
#include "pipeline/appearance_stage.h"
#include "shape/mesh68.h"
#include "shape/mesh_pose.h"
#include "util/try.h"

namespace frontalis {
namespace {

class OpenAnalysis final : public Analysis {
 public:
  OpenAnalysis(MeshTracker tracker, BlendshapeNetwork blendshapes, const CanonicalFace& canonical,
               const OpenAuOptions& au_options, std::unique_ptr<AppearanceStage> appearance,
               bool online, bool image, Provenance provenance)
      : tracker_(std::move(tracker)),
        blendshapes_(std::move(blendshapes)),
        meter_(canonical),
        pose_(canonical),
        aus_(au_options),
        appearance_(std::move(appearance)),
        online_(online),
        image_(image),
        provenance_(std::move(provenance)) {}

  [[nodiscard]] Columns columns() const override {
    Columns columns;
    columns.landmarks_2d = columns.landmarks_3d = columns.sides = columns.blendshapes = true;
    columns.au28 = kOpenHasAu28;
    columns.shape = appearance_ != nullptr;
    return columns;
  }

  Result<FrameRecord> process(const Frame& frame) override {
    if (image_) tracker_.reset();  // every picture is its own
    FrameRecord record;
    Row& row = record.row;
    row.frame = frame.index + 1;
    row.timestamp = frame.timestamp_seconds;

    TrackedFace face;
    {
      const auto scope = times_.time(kTrack);
      FRONTALIS_ASSIGN(face, tracker_.track(frame));
    }
    row.confidence = face.confidence;
    row.success = face.found;
    if (appearance_) {
      const auto scope = times_.time(kDescribe);
      FRONTALIS_TRY(describe(frame, face, row));
    }
    if (!face.found) {
      if (online_) aus_.lost();
      return record;
    }
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
    {
      const auto scope = times_.time(kAus);
      if (online_) {
        fill(row, aus_.process(record.signals));
      } else {
        aus_.add(record.signals);
      }
    }
    return record;
  }

  Status finish() override {
    report_ = aus_.finish();
    return {};
  }

  Status complete(FrameRecord& record) override {
    if (record.row.success) {
      fill(record.row, aus_.row(record.signals));
    } else {
      aus_.lost();
    }
    return {};
  }

  void reset() override {
    tracker_.reset();
    aus_.reset();
    report_ = {};
  }

  [[nodiscard]] bool hasAppearance() const override { return appearance_ != nullptr; }
  [[nodiscard]] std::vector<std::string> warnings() const override { return report_.warnings; }
  [[nodiscard]] const StageTimer& times() const override { return times_; }
  [[nodiscard]] const Provenance& provenance() const override { return provenance_; }

 private:
  Status describe(const Frame& frame, const TrackedFace& face, Row& row) {
    const Eigen::VectorXf points = grouped(face.found ? mesh68(face.mesh) : Landmarks68{});
    const FaceDescription& described = appearance_->describe(frame, face.found ? &points : nullptr);
    row.shape = shapeParameters(described.shape.global, described.shape.local);
    return appearance_->show(observer_, frame, points);
  }

  static void fill(Row& row, const OpenAuRow& aus) {
    row.intensity = aus.intensity;
    row.intensity_right = aus.right;
    row.intensity_left = aus.left;
    row.presence = aus.presence;
  }

  MeshTracker tracker_;
  BlendshapeNetwork blendshapes_;
  SignalMeter meter_;
  MeshPoseEstimator pose_;
  OpenAus aus_;
  const std::unique_ptr<AppearanceStage> appearance_;  // null unless features are asked for
  OpenNeutralReport report_;
  const bool online_;
  const bool image_;
  const Provenance provenance_;

  StageTimer times_;
  const std::size_t kTrack = times_.stage("track");
  const std::size_t kBlendshapes = times_.stage("blendshapes");
  const std::size_t kShape = times_.stage("shape");
  const std::size_t kDescribe = times_.stage("describe");
  const std::size_t kAus = times_.stage("aus");
};

}  // namespace

Result<std::unique_ptr<Analysis>> makeOpenAnalysis(const Config& config, const Pack& pack,
                                                   bool image) {
  if (!config.landmarks.empty() && config.landmarks != "mesh") {
    return Error{
        ErrorCode::kInvalidArgument,
        "the open pack measures on its own mesh, not on landmarks \"" + config.landmarks + "\"",
        "Leave --landmarks out, or add --pack openface"};
  }
  FRONTALIS_ASSIGN(const auto detector, pack.file("face-detector"));
  FRONTALIS_ASSIGN(const auto landmarks, pack.file("landmarks"));
  FRONTALIS_ASSIGN(const auto blendshapes, pack.file("blendshapes"));
  FRONTALIS_ASSIGN(const auto canonical_file, pack.file("canonical-face"));
  FRONTALIS_ASSIGN(const CanonicalFace canonical, readCanonicalFace(canonical_file));
  FRONTALIS_ASSIGN(std::shared_ptr<Runtime> runtime,
                   makeRuntime({config.runtime, config.device, 1}));
  MeshTracker tracker(RetinaFace(runtime, detector, {.long_side = config.detect_size}),
                      FaceMeshNetwork(runtime, landmarks), {.detect_every = config.detect_every});
  Provenance provenance{pack.name, pack.version, {}, {}};
  FRONTALIS_ASSIGN(provenance.runtime, runtime->describe());
  for (const PackFile& file : pack.files) provenance.models.push_back({file.path, file.sha256});
  std::unique_ptr<AppearanceStage> appearance;
  if (config.features) {
    FRONTALIS_ASSIGN(appearance, AppearanceStage::createFree(config));
  }
  OpenAuOptions au_options;
  au_options.population_neutral = image || config.static_models;
  return std::unique_ptr<Analysis>(std::make_unique<OpenAnalysis>(
      std::move(tracker), BlendshapeNetwork(runtime, blendshapes), canonical, au_options,
      std::move(appearance), config.online, image, std::move(provenance)));
}

}  // namespace frontalis
