#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "frontalis/config.h"
#include "frontalis/extractor.h"
#include "frontalis/result.h"
#include "frontalis/row.h"
#include "util/stage_timer.h"
#include "video/live_source.h"

namespace frontalis {

struct LiveOptions {
  LiveSourceOptions source;
  /// Late pictures are dropped, never queued. Off: the source waits for the analysis.
  bool drop_late = true;
};

/// What one picture showed.
struct LiveRows {
  Frame frame;
  std::vector<Row> rows;     ///< by face_id
  double age_ms = 0;         ///< from the picture's capture to its action units
  std::int64_t dropped = 0;  ///< pictures so far that came and went while another was analysed
  /// For each row: pictures with this face since its neutral was last forgotten.
  std::vector<std::int64_t> neutral_frames;
};

/// Analyses pictures as they happen. A thread of its own takes them from the source and leaves the
/// newest in a single slot; next() takes it from there. The person's neutral adapts as it goes.
class LiveStream {
 public:
  /// Opens source and models and has everything ready for the first picture, which it waits for.
  /// Errors: those of LiveSource::open(), its next(), and Pipeline::open().
  static Result<LiveStream> open(const std::string& source, const Config& config,
                                 const LiveOptions& options);

  LiveStream(LiveStream&&) noexcept;
  LiveStream& operator=(LiveStream&&) noexcept;
  /// Waits until the source sees LiveSourceOptions::stopped or gives a picture; a source that does
  /// not answer is left to itself after two seconds.
  ~LiveStream();

  enum class Step { kRows, kNothing, kEnd };
  /// Waits up to `patience` for a picture and fills `rows`, whose memory is used again; kNothing:
  /// none came. kEnd: the source ended in good order. Errors: those of LiveSource::next() and of
  /// the networks; pictures that came before are analysed first.
  Result<Step> next(std::chrono::milliseconds patience, LiveRows& rows);

  /// Forgets the person's neutral; the face is still followed. Between calls of next().
  void resetNeutral();

  [[nodiscard]] const LiveSourceInfo& source() const;
  [[nodiscard]] Columns columns() const;
  /// Frames analysed, models, time per stage.
  [[nodiscard]] Summary summary() const;
  /// Ages of all rows so far.
  [[nodiscard]] const DurationHistogram& ages() const;
  [[nodiscard]] std::int64_t dropped() const;

 private:
  struct Impl;
  explicit LiveStream(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace frontalis
