#include "pipeline/live_stream.h"

#include <algorithm>
#include <atomic>
#include <condition_variable>
#include <functional>
#include <mutex>
#include <optional>
#include <thread>

#include "pipeline/analysis.h"
#include "pipeline/many_faces.h"
#include "util/thread.h"
#include "util/try.h"

namespace frontalis {
namespace {

using Clock = std::chrono::steady_clock;

// What a driver may take beyond the source's own limit before it counts as stuck.
constexpr auto kGrace = std::chrono::seconds(2);

/// One picture on its way from the source to the analysis: a newer one takes its place.
class Slot {
 public:
  explicit Slot(bool drop_late) : drop_late_(drop_late) {}

  /// False when nobody takes pictures any more.
  bool put(LiveFrame frame) {
    {
      std::unique_lock lock(mutex_);
      if (!drop_late_) taken_.wait(lock, [&] { return closed_ || !frame_; });
      if (closed_) return false;
      if (frame_) ++dropped_;
      frame_ = std::move(frame);
    }
    filled_.notify_one();
    return true;
  }

  /// Until open() or close(); false after the latter.
  bool waitUntilOpen() {
    std::unique_lock lock(mutex_);
    taken_.wait(lock, [&] { return closed_ || open_; });
    return !closed_;
  }
  void open() {
    {
      const std::lock_guard lock(mutex_);
      open_ = true;
    }
    taken_.notify_one();
  }

  void end(Status how) {
    {
      const std::lock_guard lock(mutex_);
      end_ = std::move(how);
    }
    filled_.notify_one();
  }

  void close() {
    {
      const std::lock_guard lock(mutex_);
      closed_ = true;
    }
    taken_.notify_one();
  }

  /// The picture that waits; else, when nothing more will come, how it ended; else neither.
  struct Taken {
    std::optional<LiveFrame> frame;
    std::optional<Status> end;
    std::int64_t dropped = 0;
  };
  Taken take(std::chrono::milliseconds patience) {
    Taken taken;
    {
      std::unique_lock lock(mutex_);
      filled_.wait_for(lock, patience, [&] { return frame_ || end_; });
      taken.frame = std::exchange(frame_, std::nullopt);
      if (!taken.frame) taken.end = end_;
      taken.dropped = dropped_;
    }
    taken_.notify_one();
    return taken;
  }

 private:
  std::mutex mutex_;
  std::condition_variable filled_, taken_;
  std::optional<LiveFrame> frame_;
  std::optional<Status> end_;
  std::int64_t dropped_ = 0;
  bool open_ = false;
  bool closed_ = false;
  const bool drop_late_;
};

/// What the thread that reads the source needs. Shared with it, as a driver or a filter that never
/// answers keeps that thread for good.
struct Capture {
  explicit Capture(bool drop_late) : slot(drop_late) {}

  std::unique_ptr<LiveSource> source;
  Slot slot;
  std::atomic<bool> over{false};

  void read() {
    for (;;) {
      Result<std::optional<LiveFrame>> frame = source->next();
      const bool more = frame.ok() && *frame;
      if (!more) slot.end(frame.ok() ? Status() : frame.error());
      // After the first picture the source rests until everything is ready for the next.
      if (!more || !slot.put(*std::move(*frame)) || !slot.waitUntilOpen()) break;
    }
    over = true;
  }
};

}  // namespace

struct LiveStream::Impl {
  explicit Impl(const LiveOptions& options)
      : capture(std::make_shared<Capture>(options.drop_late)),
        stopped(options.source.stopped),
        limit(options.source.timeout + kGrace) {}
  Impl(const Impl&) = delete;
  Impl& operator=(const Impl&) = delete;
  ~Impl() {
    capture->slot.close();
    if (!reader.joinable()) return;
    const Clock::time_point until = Clock::now() + kGrace;
    while (!capture->over && Clock::now() < until) {
      std::this_thread::sleep_for(std::chrono::milliseconds(2));
    }
    if (capture->over) {
      reader.join();
    } else {
      reader.detach();
    }
  }

  /// As Slot::take(); a source that is silent beyond its own limit has ended.
  Slot::Taken take(std::chrono::milliseconds patience) {
    Slot::Taken taken = capture->slot.take(patience);
    const Clock::time_point now = Clock::now();
    if (taken.frame || taken.end) {
      heard = now;
    } else if (now - heard > limit) {
      taken.end = Error{ErrorCode::kTimeout,
                        capture->source->info().name + ": the source no longer answers",
                        "Check the device or address; --timeout says how long to wait"};
    }
    return taken;
  }

  /// Networks are prepared at their first picture, which takes longer than pictures may wait: that
  /// is done before time counts.
  Status warmUp() {
    FRONTALIS_ASSIGN(reader, startThread([shared = capture] { shared->read(); }));
    heard = Clock::now();
    while (!first) {
      Slot::Taken taken = take(std::chrono::milliseconds(50));
      if (taken.end && !taken.end->ok()) return taken.end->error();
      if (taken.end) {
        return Error{ErrorCode::kNoFrames, capture->source->info().name + ": holds no picture"};
      }
      if (!taken.frame && stopped && stopped()) {
        return Error{ErrorCode::kCancelled, "stopped before the first picture"};
      }
      first = std::move(taken.frame);
    }
    if (many) {
      FRONTALIS_TRY(many->process(first->frame, records));
      many->reset();
    } else {
      FRONTALIS_TRY(meter->measure(first->frame, measurement));
      meter->reset();
    }
    first->captured = heard = Clock::now();
    capture->slot.open();
    return {};
  }

  Status analyse(LiveRows& rows) {
    rows.rows.clear();
    rows.neutral_frames.clear();
    if (many) {
      FRONTALIS_TRY(many->process(rows.frame, records));
      for (const FrameRecord& record : records) {
        rows.rows.push_back(record.row);
        rows.neutral_frames.push_back(many->neutralFrames(record.row.face_id));
      }
      return {};
    }
    FRONTALIS_TRY(meter->measure(rows.frame, measurement));
    rows.rows.push_back(interpreter->interpret(measurement).row);
    neutral_frames += rows.rows.front().success ? 1 : 0;
    rows.neutral_frames.push_back(neutral_frames);
    return {};
  }

  std::shared_ptr<Capture> capture;
  std::function<bool()> stopped;
  Clock::duration limit;
  Clock::time_point heard;  // when the source last gave something
  std::unique_ptr<Analysis> analysis;
  std::unique_ptr<FaceMeter> meter;
  std::unique_ptr<FaceInterpreter> interpreter;
  Measurement measurement;
  std::unique_ptr<ManyFaces> many;  // in place of both, when several faces are asked for
  std::vector<FrameRecord> records;
  std::optional<LiveFrame> first;  // the picture that the networks were prepared with
  std::thread reader;

  std::int64_t frames = 0;
  std::int64_t frames_with_face = 0;
  std::int64_t neutral_frames = 0;
  std::int64_t dropped = 0;
  DurationHistogram ages;
};

LiveStream::LiveStream(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
LiveStream::LiveStream(LiveStream&&) noexcept = default;
LiveStream& LiveStream::operator=(LiveStream&&) noexcept = default;
LiveStream::~LiveStream() = default;

Result<LiveStream> LiveStream::open(const std::string& source, const Config& config,
                                    const LiveOptions& options) {
  Config online = config;
  online.online = true;
  auto impl = std::make_unique<Impl>(options);
  FRONTALIS_ASSIGN(impl->capture->source, LiveSource::open(source, options.source));
  FRONTALIS_ASSIGN(impl->analysis, makeAnalysis(online, false));
  FRONTALIS_ASSIGN(impl->meter, impl->analysis->meter());
  impl->interpreter = impl->analysis->interpreter();
  if (config.faces > 1) {
    FRONTALIS_ASSIGN(impl->many, ManyFaces::create(*impl->analysis, online, false));
  }
  FRONTALIS_TRY(impl->warmUp());
  return LiveStream(std::move(impl));
}

Result<LiveStream::Step> LiveStream::next(std::chrono::milliseconds patience, LiveRows& rows) {
  Impl& s = *impl_;
  Slot::Taken taken;
  if (s.first) {
    taken.frame = std::exchange(s.first, std::nullopt);
  } else {
    taken = s.take(patience);
  }
  s.dropped = taken.dropped;
  if (taken.end && !taken.end->ok()) return taken.end->error();
  if (taken.end) return Step::kEnd;
  if (!taken.frame) return Step::kNothing;

  rows.frame = std::move(taken.frame->frame);
  FRONTALIS_TRY(s.analyse(rows));
  ++s.frames;
  if (rows.rows.front().success) ++s.frames_with_face;
  rows.age_ms =
      std::chrono::duration<double, std::milli>(Clock::now() - taken.frame->captured).count();
  rows.dropped = s.dropped;
  s.ages.add(rows.age_ms);
  return Step::kRows;
}

void LiveStream::resetNeutral() {
  impl_->interpreter->reset();
  if (impl_->many) impl_->many->resetNeutral();
  impl_->neutral_frames = 0;
}

const LiveSourceInfo& LiveStream::source() const { return impl_->capture->source->info(); }
Columns LiveStream::columns() const { return impl_->analysis->columns(); }
const DurationHistogram& LiveStream::ages() const { return impl_->ages; }
std::int64_t LiveStream::dropped() const { return impl_->dropped; }

Summary LiveStream::summary() const {
  Summary summary;
  summary.frames = impl_->frames;
  summary.frames_with_face = impl_->frames_with_face;
  StageTimer times = impl_->meter->times();
  times.merge(impl_->interpreter->times());
  if (impl_->many) times.merge(impl_->many->times());
  describe(*impl_->analysis, times, summary);
  return summary;
}

}  // namespace frontalis
