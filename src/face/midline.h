#pragma once

#include <deque>
#include <optional>

#include "frontalis/types.h"
#include "image/reflect.h"

namespace frontalis {

/// The line that halves a face, px (spec pipeline 11.4).
struct Midline {
  Point2f glabella;  ///< between the inner ends of the brows
  Point2f chin;

  /// From glabella to chin: its positive side is the picture's left, the patient's right.
  [[nodiscard]] Line line() const;
};

Midline midlineOf(const Landmarks68& landmarks);

/// Smooths the midlines of one video, each frame once and in order. A frame's midline is the
/// weighted mean of up to `reach` frames on either side, weights falling linearly; always as many
/// before as after, so that the line does not lag behind a moving head, and never across a frame
/// without a face.
class MidlineSmoother {
 public:
  static constexpr int kReach = 4;

  /// `reach` 0: single pictures, each for itself.
  explicit MidlineSmoother(int reach = kReach) : reach_(reach) {}

  /// The next frame; nothing when it shows no face.
  void push(const std::optional<Midline>& midline);
  /// No more frames come.
  void finish() { finished_ = true; }
  /// Whether pop() has a frame to give: `reach` frames after it were pushed, or all.
  [[nodiscard]] bool ready() const;
  /// The smoothed midline of the next frame, in order; only when ready().
  std::optional<Midline> pop();
  /// Forgets the video.
  void reset();

 private:
  int reach_;
  std::deque<std::optional<Midline>> window_;  // from reach_ before the next frame on
  int next_ = 0;                               // its place in the window
  bool finished_ = false;
};

}  // namespace frontalis
