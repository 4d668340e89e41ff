#pragma once

#include <deque>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "face/head_position.h"
#include "face/midline.h"
#include "frontalis/mirror.h"
#include "image/upright.h"
#include "pipeline/analysis.h"
#include "pipeline/spool.h"

namespace frontalis {

/// A frame on its way to the two halves.
struct HalvedFrame {
  Frame frame;                     ///< upright, 8-bit 4:2:0
  std::optional<Midline> midline;  ///< none: no face; both halves are then copies
  Landmarks68 landmarks{};         ///< px
  HeadPosition position;
};

/// Who sees the pictures of each frame; each is called in frame order. With several threads `right`
/// and `left` are called from threads of their own. An Error ends the run.
struct MirrorObserver {
  std::function<Status(const HalvedFrame&)> original;
  std::function<Status(const Frame&)> right, left;
};

/// The two halves of a face, each mirrored to a whole face in memory and measured by the pack as
/// one: the landmark network makes faces symmetric, so sides read from the whole face differ too
/// little. Each half has a tracker and a neutral of its own; they run beside the whole face, in a
/// thread each, which does not change results. One object belongs to one video until reset(). Call
/// take() for each frame in order, finish(), then complete() once a frame.
class MirrorSides {
 public:
  /// `config` and `image` as of `analysis`, whose meters and interpreters are used; `measure`:
  /// false makes the pictures only. Errors: those of the models; kInvalidArgument for online rows
  /// (the midline is smoothed over frames to come) and for landmarks from a file (they are the
  /// whole face's).
  static Result<std::unique_ptr<MirrorSides>> create(Analysis& analysis, const Config& config,
                                                     bool image, bool measure = true);
  ~MirrorSides();

  void show(MirrorObserver observer);

  /// `whole`: what was measured on the frame itself, success and landmarks.
  Status take(const Frame& frame, const Row& whole);
  Status finish();
  /// The next frame's row.
  Status complete(MirrorRow& row, float max_yaw);
  void reset();

  /// For people, after finish().
  [[nodiscard]] std::vector<std::string> warnings() const;
  /// After finish().
  [[nodiscard]] const StageTimer& times() const { return times_; }

 private:
  class Half;
  struct Mark {
    std::int64_t frame = 0;
    double timestamp = 0;
    bool mirrored = false;
    HeadPosition position;
  };

  MirrorSides(std::unique_ptr<Half> right, std::unique_ptr<Half> left, bool image, bool measure);
  Status handOn();

  const std::unique_ptr<Half> right_, left_;
  std::function<Status(const HalvedFrame&)> original_;
  const bool image_, measure_;
  StageTimer times_;
  const std::size_t kUpright = times_.stage("upright");

  // State of one video.
  Uprighter uprighter_;
  MidlineSmoother smoother_;
  HeadPositionMeter meter_;
  std::deque<HalvedFrame> waiting_;  // for the frames after them, which smooth their midline
  Spool<Mark> marks_;
};

/// The sides of a frame's row from those of its halves; NaN where a half was not measured.
void fillSides(const MirrorRow& halves, Row& row);

}  // namespace frontalis
