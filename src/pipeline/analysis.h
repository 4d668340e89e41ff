#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

#include "appearance/mesh_signals.h"
#include "face/face_detector.h"
#include "frontalis/extractor.h"
#include "image/frame.h"
#include "inference/network.h"
#include "util/stage_timer.h"

namespace frontalis {

/// A row and what its pack needs to complete it once the whole video is known.
struct FrameRecord {
  Row row;
  OpenSignals signals;
};
static_assert(std::is_trivially_copyable_v<FrameRecord>);

/// What one frame shows of the face: all of a row that the frames before it do not decide.
struct Measurement {
  FrameRecord record;            ///< the row has no action units yet
  bool fitted = false;           ///< pose, landmarks and shape are this frame's own
  bool believed = false;         ///< the linear AU models may use the descriptor
  std::vector<float> fhog;       ///< kFhogSize; empty without linear AU models
  std::vector<double> geometry;  ///< kGeometrySize; likewise
};

/// With what the numbers were made.
struct Provenance {
  std::string pack;
  std::string pack_version;
  std::vector<ModelUsed> models;
};

using AppearanceObserver = std::function<Status(const Appearance&)>;

/// From frames to measurements: detector, landmarks, shape, appearance. Its state is where the face
/// was last. Wants the frames of a video, or of a piece of it, in order; one object a thread.
class FaceMeter {
 public:
  virtual ~FaceMeter() = default;

  /// `out` is used again and again: nothing is allocated once its sizes are known.
  virtual Status measure(const Frame& frame, Measurement& out) = 0;
  /// As LandmarkSource::fingerprint().
  [[nodiscard]] virtual std::optional<std::uint64_t> fingerprint() const = 0;
  /// Forgets the video.
  virtual void reset() = 0;
  /// Shows each frame's appearance as it is made; packs without one never call.
  void observe(AppearanceObserver observer) { observer_ = std::move(observer); }
  [[nodiscard]] const StageTimer& times() const { return times_; }

 protected:
  AppearanceObserver observer_;
  StageTimer times_;
};

/// From one face's measurements to rows: the person's neutral and the action units. Call
/// interpret() for each frame in order, then finish(), then complete() for each record in order.
/// Online: interpret() alone, its rows are final.
class FaceInterpreter {
 public:
  virtual ~FaceInterpreter() = default;

  virtual FrameRecord interpret(const Measurement& measurement) = 0;
  virtual void finish() = 0;
  virtual void complete(FrameRecord& record) = 0;
  /// Another video or person.
  virtual void reset() = 0;
  /// For people, after finish().
  [[nodiscard]] virtual std::vector<std::string> warnings() const = 0;
  [[nodiscard]] const StageTimer& times() const { return times_; }

 protected:
  StageTimer times_;
};

/// One pack's way from frames to rows, of which any number of meters and interpreters are made.
class Analysis {
 public:
  virtual ~Analysis() = default;

  [[nodiscard]] virtual Columns columns() const = 0;
  [[nodiscard]] virtual bool hasAppearance() const = 0;
  [[nodiscard]] const Provenance& provenance() const { return provenance_; }
  /// What all its meters run their networks with.
  [[nodiscard]] Runtime& runtime() const { return *runtime_; }

  /// Errors: those of the models. The first one was made, and checked, with the analysis.
  Result<std::unique_ptr<FaceMeter>> meter() {
    if (first_meter_) return std::move(first_meter_);
    Provenance known;
    return makeMeter(known, nullptr);
  }
  /// A meter that sees only the faces that `detector` shows it.
  Result<std::unique_ptr<FaceMeter>> meter(std::unique_ptr<FaceDetector> detector) {
    Provenance known;
    return makeMeter(known, std::move(detector));
  }
  /// The detector that meters have of their own.
  [[nodiscard]] virtual Result<std::unique_ptr<FaceDetector>> detector() const = 0;
  [[nodiscard]] virtual std::unique_ptr<FaceInterpreter> interpreter() const = 0;

 protected:
  Analysis(Provenance provenance, std::shared_ptr<Runtime> runtime)
      : runtime_(std::move(runtime)), provenance_(std::move(provenance)) {}
  /// Adds what the meter is made of to `provenance`. Without a detector it makes its own.
  virtual Result<std::unique_ptr<FaceMeter>> makeMeter(Provenance& provenance,
                                                       std::unique_ptr<FaceDetector> detector) = 0;
  Status makeFirstMeter();

  const std::shared_ptr<Runtime> runtime_;

 private:
  Provenance provenance_;
  std::unique_ptr<FaceMeter> first_meter_;
};

/// Config::threads, with 0 as the machine's cores.
int threadsOf(const Config& config);

/// How a configuration wants its networks run, by `callers` threads at the same time.
RuntimeOptions runtimeOptions(const Config& config, int callers = 1);

/// Whether the runtime reads, in place of a TFLite network, the ONNX file beside it.
bool readsOnnx(const Config& config);

/// The runtime that a configuration names. Errors: those of makeRuntime.
Result<std::shared_ptr<Runtime>> runtimeFor(const Config& config);

/// `image`: single pictures, without a person's neutral. Errors: kInvalidArgument for choices that
/// do not fit together, kModelMissing, kModelCorrupt.
Result<std::unique_ptr<Analysis>> makeAnalysis(const Config& config, bool image);

/// Adds a warning where the pixels of a video are not square.
void warnOfPixels(const InputInfo& input, Summary& summary);

/// Pack, models, runtime and stage times into a summary.
void describe(const Analysis& analysis, const StageTimer& times, Summary& summary);

}  // namespace frontalis
