#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <string>
#include <vector>

#include "frontalis/result.h"
#include "output/overlay.h"

namespace frontalis {

struct RenderRequest {
  std::filesystem::path video;
  std::filesystem::path table;   ///< of `extract` or OpenFace, of this video
  std::filesystem::path output;  ///< .mp4, .mov, .mkv, .avi, .webm
  OverlayOptions overlay;
  int crf = 20;  ///< constant quality, 0 (lossless) .. 51
  /// Frames so far and about how many there are (0: unknown). False stops.
  std::function<bool(std::int64_t frames, std::int64_t expected)> progress;
};

struct RenderReport {
  std::int64_t frames = 0;
  std::int64_t frames_with_row = 0;
  bool has_audio = false;
  bool damaged = false;      ///< the video is cut off, or parts of it do not decode
  bool interrupted = false;  ///< stopped by `progress`: the output ends there
  std::vector<std::string> warnings;
};

/// The video with its table drawn into it: upright, at its own times (a variable frame rate is
/// kept), sound copied. Rows belong to frames by their `frame`, or else by the nearest time stamp;
/// a frame without a row shows that. The file appears when complete. Errors: those of reading both
/// and of VideoWriter; kInvalidArgument when the output is one of the inputs or the table is of
/// images.
Result<RenderReport> renderVideo(const RenderRequest& request);

/// An image with its rows drawn into it, as .png, .jpg or .bmp. Errors: those of readImage() and
/// writeImage().
Status annotateImage(const std::filesystem::path& image, std::span<const Row> faces,
                     const Columns& columns, const std::filesystem::path& output);

}  // namespace frontalis
