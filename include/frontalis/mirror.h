#pragma once

#include <array>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <string>
#include <vector>

#include "frontalis/config.h"
#include "frontalis/extractor.h"
#include "frontalis/result.h"
#include "frontalis/row.h"

namespace frontalis {

/// A half of a face; right and left are the patient's. In a picture of a camera that does not
/// mirror, the patient's left is the picture's right.
enum class FaceSide { kRight, kLeft };

/// What mirror() makes, and how.
struct MirrorOptions {
  /// Config::online and Config::mirror_sides are not looked at.
  Config config;
  bool measure = true;      ///< AUs of both halves: tables and report; false: videos only
  bool videos = true;       ///< the two mirrored videos
  bool debug_video = true;  ///< the input with midline, landmarks, head-position banner
  bool overwrite = false;   ///< false: results all there and newer than the video are kept
  /// A frame whose head is turned further is measured, but counts as unusable; degrees, as
  /// MirrorRow::yaw.
  float max_yaw = 5;
  /// Prefer the machine's own video encoder (VideoToolbox, NVENC) where one works.
  bool hardware_encoder = true;
  int crf = 18;                     ///< quality of libx264, 0 (lossless) .. 51
  std::string preset = "veryfast";  ///< of libx264
  /// Called after each frame; return false to stop: what was seen until then is completed.
  std::function<bool(const Progress&)> progress;
};

/// One frame, measured on both mirrored halves.
struct MirrorRow {
  std::int64_t frame = 0;  ///< 1-based
  double timestamp = 0;    ///< s from the first frame
  bool mirrored = false;   ///< false: no face was found; copied, not measured
  Row right, left;         ///< of the whole faces that the halves make
  /// Per AU, see asymmetryIndex(); NaN where a half was not measured.
  std::array<float, kIntensityAus> asymmetry{};
  float yaw = 0;        ///< degrees, from landmarks; positive: nose towards the picture's right
  float stability = 0;  ///< 0..1: 1 = still; 0 = the last 5 positions spread over 2 % of the
                        ///< outer-eye distance and more
  float quality = 0;    ///< 0..1: 0.9 for yaw (3 degrees and less full, 10 none), 0.1 for stability
  bool usable = false;  ///< both halves measured, head within max_yaw
};

/// (R - L) / max(R + L, 1), -1..1, of two intensities 0..5: 0 when both sides move alike, 1 when
/// only the right one does. The laterality quotient (Oldfield 1971), with a floor so that faint
/// noise does not count as one-sided.
float asymmetryIndex(float right, float left);

/// What one AU did over the usable frames.
struct AuAsymmetry {
  int au = 0;
  float right_peak = 0, left_peak = 0;  ///< 0..5, highest value held for 3 frames
  double right_peak_seconds = 0, left_peak_seconds = 0;
  float at_peak = 0;               ///< asymmetryIndex() of the two peaks
  float mean = 0;                  ///< mean index over the frames in which either half reaches 1
  std::int64_t active_frames = 0;  ///< how many those are
};

/// Two AUs that rise together on one side, while on the other the first rises alone.
struct SynkinesisHint {
  FaceSide side = FaceSide::kRight;
  int au = 0;               ///< the movement
  int with = 0;             ///< what comes along
  float rise = 0;           ///< of `with`, from frames without the movement to frames with it
  float other_rise = 0;     ///< the same on the other side
  float correlation = 0;    ///< Pearson's r of both on `side`, usable frames
  std::int64_t frames = 0;  ///< with the movement, on `side`
};

/// How far a video suits comparing sides.
struct Usability {
  enum class Verdict { kGood, kFair, kPoor, kUnusable };
  Verdict verdict = Verdict::kUnusable;
  double usable_share = 0;           ///< of all frames
  std::vector<std::string> reasons;  ///< why not better, one sentence each
};

struct MirrorReport {
  InputInfo input;
  Summary summary;                           ///< of the whole run; frames_with_face: mirrored
  bool kept = false;                         ///< all results were there: nothing was done
  std::vector<std::filesystem::path> files;  ///< written (or kept), in a fixed order
  std::string encoder;                       ///< e.g. "libx264"; empty without videos
  bool audio = false;                        ///< the sound was copied
  Usability usability;
  std::vector<AuAsymmetry> aus;            ///< in column order; empty when nothing was measured
  std::vector<SynkinesisHint> synkinesis;  ///< strongest first
};

/// From one video of a face to two, each of one half of it with its own mirror image, and to the
/// AUs of each (after the application Face Mirror): into `folder`
///   <stem>_right_mirrored.mp4, _left_mirrored.mp4, _debug.mp4   frame for frame, sound kept
///   <stem>_right_mirrored.csv, _left_mirrored.csv               AUs of the halves
///   <stem>_asymmetry.csv, <stem>_mirror.html                    both together
/// `on_row` sees each row, in order, at the end. A file appears under its name only when complete.
/// Errors: those of Extractor; kInvalidArgument (a result would replace the video); kUnwritable,
/// kDiskFull; kUnsupported (images, an encoder that refuses); kCancelled (`progress` said stop:
/// nothing is written).
Result<MirrorReport> mirror(const std::filesystem::path& video, const std::filesystem::path& folder,
                            const MirrorOptions& options = {},
                            const std::function<void(const MirrorRow&)>& on_row = {});

/// The files that mirror() would write, in the order of MirrorReport::files.
std::vector<std::filesystem::path> mirrorFiles(const std::filesystem::path& video,
                                               const std::filesystem::path& folder,
                                               const MirrorOptions& options = {});

}  // namespace frontalis
