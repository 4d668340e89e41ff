#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>

#include "frontalis/result.h"
#include "image/frame.h"
#include "video/key_frames.h"

namespace frontalis {

struct Rational {
  int numerator = 0;
  int denominator = 1;
  [[nodiscard]] double value() const {
    return denominator == 0 ? 0.0 : static_cast<double>(numerator) / denominator;
  }
};

struct VideoOptions {
  int threads = 0;  ///< decoder threads; 0: one per core, 1: none besides the caller's
  std::int64_t max_pixels = std::int64_t{1} << 26;  ///< larger pictures are refused
  /// Begin here; frames have the numbers and times they have when all are read.
  std::optional<KeyFrame> start = {};
};

/// How a stream's colours are to be shown: code points of ITU-T H.273, 2 = unspecified.
struct ColorTags {
  int primaries = 2;
  int transfer = 2;
  int matrix = 2;
  bool full_range = false;
};

/// What the container says; numbers of frames are never taken from it.
struct VideoInfo {
  int width = 0;  ///< px, displayed (after orientation); each Frame has its own
  int height = 0;
  std::string codec;      ///< e.g. "h264"
  std::string container;  ///< e.g. "mov,mp4,m4a,3gp,3g2,mj2"
  std::string pixel_format;
  Rational average_fps;         ///< 0/1 when the container does not say
  double duration_seconds = 0;  ///< 0 when the container does not say
  Orientation orientation;
  ColorTags color;
  Rational time_base;
  double pixel_aspect = 1;  ///< width of a stored pixel by its height; 1 when nothing is said
  bool has_audio = false;
};

struct VideoStats {
  std::int64_t frames = 0;               ///< pictures given out
  std::int64_t packets = 0;              ///< read from the video stream
  std::int64_t packet_errors = 0;        ///< packets no picture could be made of
  std::int64_t damaged_frames = 0;       ///< pictures decoded with concealed errors
  std::int64_t repaired_timestamps = 0;  ///< missing, repeated or backward, see next()
  std::int64_t bytes_read = 0;           ///< from the file
  std::int64_t file_bytes = 0;
  bool truncated = false;  ///< the file ends or breaks before its own index or length says
};

/// Decodes the pictures of a video file in presentation order, as they are stored: no conversion,
/// no rotation (Frame::orientation says what to do). Reads the named file and nothing else:
/// playlists and references to other files are refused. One object belongs to one thread.
class VideoReader {
 public:
  /// Errors: kNotFound, kUnreadable (folder, no permission, not a regular file), kNotAVideo (also
  /// empty files and playlists), kCorrupt (a known container that does not open), kNoVideoStream
  /// (also when there is only cover art), kUnsupported (no decoder, or a picture above
  /// options.max_pixels), kCorrupt when `options.start` is not where it should be.
  static Result<VideoReader> open(const std::filesystem::path& path,
                                  const VideoOptions& options = {});

  VideoReader(VideoReader&&) noexcept;
  VideoReader& operator=(VideoReader&&) noexcept;
  ~VideoReader();

  /// The next picture; nothing at the end. Damaged packets are skipped and counted. Timestamps are
  /// true presentation times from the first picture's and strictly increase: a missing one becomes
  /// the last plus one frame's time, a repeated or backward one is moved behind the last.
  /// Errors: kNoFrames when the end comes before any picture. Frames may outlive the reader.
  Result<std::optional<Frame>> next();

  [[nodiscard]] const VideoInfo& info() const;
  [[nodiscard]] const VideoStats& stats() const;

 private:
  struct State;
  explicit VideoReader(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

}  // namespace frontalis
