#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>

#include "frontalis/result.h"
#include "image/image.h"
#include "video/video_reader.h"

namespace frontalis {

struct VideoWriterOptions {
  int width = 0;  ///< px of every picture; an odd last column or row is doubled
  int height = 0;
  Rational frame_rate{30, 1};             ///< for rate control and the last picture's length
  Rational time_base{1, 90000};           ///< pictures keep their times to this grain
  int crf = 18;                           ///< constant quality, 0 (lossless) .. 51
  std::string preset = "veryfast";        ///< of libx264
  int threads = 0;                        ///< 0: one per core
  std::filesystem::path audio_from = {};  ///< the sound of this video is copied, if it has any
  /// Of frames that are written as they are; without, colours are those usual for the size.
  std::optional<ColorTags> color = {};
  bool hardware = false;  ///< prefer an encoder of the machine's where one works
};

/// Encodes pictures to a video: H.264 (VP9 for .webm), yuv420p, true presentation times. The file
/// appears under its name only by finish(); dropped unfinished it leaves nothing.
class VideoWriter {
 public:
  /// The container follows the name: .mp4, .mov, .mkv, .avi, .webm. Errors: kInvalidArgument (size,
  /// extension), kUnwritable, kUnsupported (no encoder), those of reading `audio_from`.
  static Result<VideoWriter> create(const std::filesystem::path& path,
                                    const VideoWriterOptions& options);

  VideoWriter(VideoWriter&&) noexcept;
  VideoWriter& operator=(VideoWriter&&) noexcept;
  ~VideoWriter();

  /// `picture`: B, G, R or grey, of the size given. `seconds` must increase, from 0 at the first
  /// picture of `audio_from`. Errors: kInvalidArgument, kDiskFull, kUnwritable.
  Status write(const ImageView& picture, double seconds);
  /// The same for a frame that is upright, 8-bit 4:2:0 (Uprighter): its planes are encoded as they
  /// are, without another conversion, and it is shown for its duration.
  Status write(const Frame& frame, double seconds);
  /// Completes the file and gives it its name. Errors: kNoFrames (nothing was written), kDiskFull,
  /// kUnwritable.
  Status finish();

  /// Whether sound is being copied: the source has some and the container can hold it.
  [[nodiscard]] bool hasAudio() const;
  /// e.g. "libx264".
  [[nodiscard]] const std::string& encoder() const;

 private:
  struct State;
  explicit VideoWriter(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

}  // namespace frontalis
