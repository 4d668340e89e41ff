#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "au/open_formulas.h"
#include "au/open_neutral.h"
#include "au/open_pose_leak.h"
#include "frontalis/types.h"

namespace frontalis {

/// The open pack's action units of one frame. Right and left are the subject's and only an
/// indication: the landmark net makes faces symmetric (docs/accuracy.md).
struct OpenAuRow {
  std::array<float, kIntensityAus> intensity{};  ///< 0..5, mean of both sides (far side left out
                                                 ///< when the head is turned over 15 degrees)
  std::array<float, kIntensityAus> right{};      ///< 0..5
  std::array<float, kIntensityAus> left{};       ///< 0..5
  std::array<bool, kPresenceAus> presence{};     ///< AU28 is never set: leave its column out
  std::array<bool, kIntensityAus> unreliable{};  ///< the head is turned too far for this AU
  bool warming_up = false;  ///< live only: the person's neutral rests on under 60 good frames
};

/// The open pack has no formula for AU28, so it has no such column.
inline constexpr bool kOpenHasAu28 = false;

struct OpenAuOptions {
  /// Second pass: remove what head pose alone does to the signals, when yaw or pitch span over 35
  /// degrees (spec open_pack 6). Off: with small spans it would remove expression.
  bool pose_correction = false;
  /// Judge against the population's neutral (single images): nothing is learnt.
  bool population_neutral = false;
  /// Frames kept for the neutral of the second pass (2 or more). When full, every other one is
  /// dropped and from then on only every 2nd, 4th, ... good frame is kept: 20000 frames are 7.4 MB.
  std::size_t max_frames = 20000;
};

/// What the second pass took as this person's neutral.
struct OpenNeutralReport {
  OpenNeutral neutral{};
  std::size_t good_frames = 0;  ///< frames with a face, score >= .5
  std::size_t rest_frames = 0;  ///< frames that the neutral is the median of
  bool population = false;      ///< asked for, or under 15 good frames: nothing learnt
  bool marked = false;          ///< the user marked the neutral
  bool pose_corrected = false;
  float rest_lipgap = 0;              ///< u, before clamping
  float rest_mouth_smile = 0;         ///< 0..1, before clamping
  std::vector<std::string> warnings;  ///< for people
};

/// OpenSignals -> action units of one person in one video. Either, for files:
///   add() each frame in order, finish(), then row() each frame in order;
/// or live: process() each frame. lost() marks a frame without a face in both. Not thread-safe.
class OpenAus {
 public:
  explicit OpenAus(OpenAuOptions options = {});

  /// First pass: learns the neutral. Low scores (< .5) are left out. `marked_neutral`: the user
  /// says that this frame shows the neutral face; if any good frame is marked, only marked ones
  /// count, and their median is taken as it is.
  void add(const OpenSignals& signals, bool marked_neutral = false);
  /// Ends the first pass and frees its frames.
  OpenNeutralReport finish();

  /// Second pass, after finish(); the order matters only to presence. Signals of score 0 (no usable
  /// mesh) count as lost().
  OpenAuRow row(const OpenSignals& signals);

  /// Live: the neutral follows the good frames so far (the last 3000), renewed every 15.
  OpenAuRow process(const OpenSignals& signals, bool marked_neutral = false);

  /// A frame without a face: presence starts anew.
  void lost();

  /// Another video or person.
  void reset();

 private:
  OpenAuRow evaluate(const OpenSignals& signals);
  OpenNeutral liveNeutral();

  OpenAuOptions options_;
  OpenNeutral neutral_;
  std::optional<PoseLeak> pose_leak_;
  RestFinder finder_;
  std::array<bool, kIntensityAus> present_{};

  /// Keeps every stride-th of the frames offered, so that at most a limit of them stay.
  struct ThinnedFrames {
    std::vector<OpenSignals> frames = {};
    std::size_t offered = 0;
    std::size_t stride = 1;

    void offer(const OpenSignals& signals, std::size_t limit);
  };
  ThinnedFrames good_;               ///< of the first pass
  ThinnedFrames marked_;             ///< that the user marked as neutral
  std::vector<OpenSignals> recent_;  ///< live: ring of the last good frames
  std::size_t recent_count_ = 0;     ///< good frames ever put into it
};

}  // namespace frontalis
