#pragma once

#include <optional>
#include <thread>
#include <utility>

#include "util/bounded_queue.h"
#include "util/stage_timer.h"
#include "util/thread.h"
#include "video/frame_source.h"

namespace frontalis {

/// A frame, and whether anything before it or in it was damaged.
struct DecodedFrame {
  std::optional<Frame> frame;  ///< nothing at the end
  bool damaged = false;
};

inline Result<DecodedFrame> decodeNext(FrameSource& source, StageTimer& times) {
  DecodedFrame next;
  {
    const auto scope = times.time(times.stage("decode"));
    Result<std::optional<Frame>> frame = source.next();
    if (!frame.ok()) return frame.error();
    next.frame = std::move(frame).value();
  }
  const SourceStats stats = source.stats();
  next.damaged = stats.decode_errors > 0 || stats.repaired_timestamps > 0 || stats.truncated;
  return next;
}

/// Decodes in a thread of its own, some frames ahead of who takes them; where the system gives no
/// thread, in the taker's. The source and the times are this object's until it is gone.
class DecodeAhead {
 public:
  DecodeAhead(FrameSource& source, StageTimer& times) : source_(source), times_(times) {
    Result<std::thread> thread = startThread([this] { decodeAll(); });
    if (thread.ok()) thread_ = *std::move(thread);
  }
  DecodeAhead(const DecodeAhead&) = delete;
  DecodeAhead& operator=(const DecodeAhead&) = delete;
  ~DecodeAhead() {
    queue_.abandon();
    if (thread_.joinable()) thread_.join();
  }

  /// In order; after the end nothing more.
  Result<DecodedFrame> next() {
    if (!thread_.joinable()) return decodeNext(source_, times_);
    std::optional<Result<DecodedFrame>> next = queue_.pop();
    return next ? std::move(*next) : DecodedFrame();
  }

 private:
  // Enough to even out both sides, few enough for 4K.
  static constexpr std::size_t kFramesAhead = 8;

  void decodeAll() {
    while (true) {
      Result<DecodedFrame> next = decodeNext(source_, times_);
      const bool last = !next.ok() || !next->frame;
      if (!queue_.push(std::move(next)) || last) break;
    }
    queue_.close();
  }

  FrameSource& source_;
  StageTimer& times_;
  BoundedQueue<Result<DecodedFrame>> queue_{kFramesAhead};
  std::thread thread_;
};

}  // namespace frontalis
