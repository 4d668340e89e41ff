#include "pipeline/mirror_sides.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "au/asymmetry.h"
#include "au/descriptor.h"
#include "image/reflect.h"
#include "util/ordered_worker.h"
#include "util/try.h"

namespace frontalis {
namespace {

// Frames that wait for a half: enough to even out the stages, few enough for 4K.
constexpr std::size_t kFramesAhead = 4;

constexpr float kNone = std::numeric_limits<float>::quiet_NaN();

bool severalThreads(const Config& config) { return threadsOf(config) > 1; }

}  // namespace

/// One half of the face: makes its pictures, shows them, measures them.
class MirrorSides::Half {
 public:
  /// Without a meter: pictures only.
  Half(LineSide kept, std::unique_ptr<FaceMeter> meter,
       std::unique_ptr<FaceInterpreter> interpreter, bool threaded)
      : kept_(kept),
        meter_(std::move(meter)),
        interpreter_(std::move(interpreter)),
        worker_(threaded ? kFramesAhead : 0,
                [this](const HalvedFrame& halved) { return work(halved); }) {}

  void show(std::function<Status(const Frame&)> observer) { observer_ = std::move(observer); }

  /// Frames in order. An error may be that of an earlier frame.
  Status take(const HalvedFrame& halved) { return worker_.take(halved); }

  Status finish() {
    FRONTALIS_TRY(worker_.finish());
    if (interpreter_) interpreter_->finish();
    return records_.rewind();
  }

  /// The row of the next frame, completed.
  Result<Row> next() {
    FRONTALIS_ASSIGN(std::optional<FrameRecord> record, records_.next());
    if (!record) return Row{};
    interpreter_->complete(*record);
    return record->row;
  }

  void reset() {
    worker_.reset();
    if (meter_) meter_->reset();
    if (interpreter_) interpreter_->reset();
    records_ = {};
  }

  [[nodiscard]] std::vector<std::string> warnings() const {
    return interpreter_ ? interpreter_->warnings() : std::vector<std::string>();
  }
  [[nodiscard]] StageTimer times() const {
    StageTimer all = times_;
    if (meter_) all.merge(meter_->times());
    if (interpreter_) all.merge(interpreter_->times());
    return all;
  }

 private:
  Status work(const HalvedFrame& halved) {
    Frame half = halved.frame;
    if (halved.midline) {
      const auto scope = times_.time(kReflect);
      half = reflect(halved.frame, halved.midline->line(), kept_, pool_);
    }
    if (observer_) FRONTALIS_TRY(observer_(half));
    if (!meter_) return {};
    if (halved.midline) {
      FRONTALIS_TRY(meter_->measure(half, measurement_));
    } else {
      passOver(half);
    }
    return records_.append(interpreter_->interpret(measurement_));
  }

  /// A frame known to show no face takes its place, but is not looked at.
  void passOver(const Frame& frame) {
    meter_->reset();
    measurement_.record = {};
    measurement_.record.row.frame = frame.index + 1;
    measurement_.record.row.timestamp = frame.timestamp_seconds;
    measurement_.fitted = measurement_.believed = false;
    measurement_.fhog.resize(kFhogSize);
    measurement_.geometry.resize(kGeometrySize);
  }

  const LineSide kept_;
  const std::unique_ptr<FaceMeter> meter_;
  const std::unique_ptr<FaceInterpreter> interpreter_;
  std::function<Status(const Frame&)> observer_;
  FramePool pool_;
  StageTimer times_;
  const std::size_t kReflect = times_.stage("reflect");

  Measurement measurement_;
  Spool<FrameRecord> records_;
  OrderedWorker<HalvedFrame> worker_;  // last: it uses the others until it is gone
};

Result<std::unique_ptr<MirrorSides>> MirrorSides::create(Analysis& analysis, const Config& config,
                                                         bool image, bool measure) {
  if (config.online) {
    return Error{ErrorCode::kInvalidArgument,
                 "mirrored halves need frames to come, and online rows cannot wait for them",
                 "Leave out either one"};
  }
  if (config.landmarks.ends_with(".csv")) {
    return Error{ErrorCode::kInvalidArgument,
                 config.landmarks + " holds landmarks of the whole face, not of mirrored halves",
                 "Choose a landmark source that looks at pictures"};
  }
  const bool threaded = severalThreads(config);
  const auto half = [&](LineSide kept) -> Result<std::unique_ptr<Half>> {
    if (!measure) return std::make_unique<Half>(kept, nullptr, nullptr, threaded);
    FRONTALIS_ASSIGN(std::unique_ptr<FaceMeter> meter, analysis.meter());
    return std::make_unique<Half>(kept, std::move(meter), analysis.interpreter(), threaded);
  };
  FRONTALIS_ASSIGN(std::unique_ptr<Half> right, half(LineSide::kPositive));
  FRONTALIS_ASSIGN(std::unique_ptr<Half> left, half(LineSide::kNegative));
  return std::unique_ptr<MirrorSides>(
      new MirrorSides(std::move(right), std::move(left), image, measure));
}

MirrorSides::MirrorSides(std::unique_ptr<Half> right, std::unique_ptr<Half> left, bool image,
                         bool measure)
    : right_(std::move(right)),
      left_(std::move(left)),
      image_(image),
      measure_(measure),
      smoother_(image ? 0 : MidlineSmoother::kReach) {}

MirrorSides::~MirrorSides() = default;

void MirrorSides::show(MirrorObserver observer) {
  right_->show(std::move(observer.right));
  left_->show(std::move(observer.left));
  original_ = std::move(observer.original);
}

Status MirrorSides::take(const Frame& frame, const Row& whole) {
  HalvedFrame halved;
  {
    const auto scope = times_.time(kUpright);
    FRONTALIS_ASSIGN(halved.frame, uprighter_.make(frame));
  }
  std::optional<Midline> midline;
  if (image_ || !whole.success) meter_.reset();
  if (whole.success) {
    midline = midlineOf(whole.landmarks);
    halved.landmarks = whole.landmarks;
    halved.position = meter_.measure(whole.landmarks, *midline);
  }
  smoother_.push(midline);
  waiting_.push_back(std::move(halved));
  return handOn();
}

/// Passes on the frames whose midline is known.
Status MirrorSides::handOn() {
  while (smoother_.ready()) {
    HalvedFrame halved = std::move(waiting_.front());
    waiting_.pop_front();
    halved.midline = smoother_.pop();
    FRONTALIS_TRY(marks_.append({halved.frame.index + 1, halved.frame.timestamp_seconds,
                                 halved.midline.has_value(), halved.position}));
    FRONTALIS_TRY(right_->take(halved));
    FRONTALIS_TRY(left_->take(halved));
    if (original_) FRONTALIS_TRY(original_(halved));
  }
  return {};
}

Status MirrorSides::finish() {
  smoother_.finish();
  FRONTALIS_TRY(handOn());
  FRONTALIS_TRY(right_->finish());
  FRONTALIS_TRY(left_->finish());
  times_.merge(right_->times());
  times_.merge(left_->times());
  return marks_.rewind();
}

Status MirrorSides::complete(MirrorRow& row, float max_yaw) {
  FRONTALIS_ASSIGN(const std::optional<Mark> mark, marks_.next());
  row = {};
  if (mark) {
    row.frame = mark->frame;
    row.timestamp = mark->timestamp;
    row.mirrored = mark->mirrored;
    row.yaw = mark->position.yaw;
    row.stability = mark->position.stability;
    row.quality = mark->position.quality;
  }
  FRONTALIS_ASSIGN(row.right, right_->next());
  FRONTALIS_ASSIGN(row.left, left_->next());
  const bool both = row.right.success && row.left.success;
  for (std::size_t i = 0; i < kIntensityAus; ++i) {
    row.asymmetry[i] = both ? asymmetryIndex(row.right.intensity[i], row.left.intensity[i]) : kNone;
  }
  row.usable = row.mirrored && (both || !measure_) && std::abs(row.yaw) <= max_yaw;
  return {};
}

void MirrorSides::reset() {
  right_->reset();
  left_->reset();
  uprighter_ = {};
  smoother_.reset();
  meter_.reset();
  waiting_.clear();
  marks_ = {};
}

std::vector<std::string> MirrorSides::warnings() const {
  std::vector<std::string> all;
  for (const std::string& warning : right_->warnings()) all.push_back("right half: " + warning);
  for (const std::string& warning : left_->warnings()) all.push_back("left half: " + warning);
  return all;
}

void fillSides(const MirrorRow& halves, Row& row) {
  for (std::size_t i = 0; i < kIntensityAus; ++i) {
    row.intensity_right[i] = halves.right.success ? halves.right.intensity[i] : kNone;
    row.intensity_left[i] = halves.left.success ? halves.left.intensity[i] : kNone;
  }
}

}  // namespace frontalis
