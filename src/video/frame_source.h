#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "frontalis/extractor.h"
#include "frontalis/result.h"
#include "image/frame.h"
#include "video/key_frames.h"
#include "video/video_reader.h"

namespace frontalis {

struct SourceOptions {
  int threads = 1;                     ///< for decoding
  std::optional<KeyFrame> start = {};  ///< of a video: see VideoOptions::start
  double image_rate = 30;  ///< images of a folder are taken as a sequence of so many a second
};

struct SourceStats {
  std::int64_t decode_errors = 0;  ///< packets or images lost, and pictures decoded with damage
  std::int64_t repaired_timestamps = 0;
  std::int64_t bytes = 0;                     ///< of the input that was read
  bool truncated = false;                     ///< a video that ends before it should
  std::vector<std::string> lost_images = {};  ///< names of the first 20 that could not be read
};

/// Where frames come from: a video, an image, or a folder of images.
class FrameSource {
 public:
  virtual ~FrameSource() = default;

  /// The next frame; nothing at the end. An image of a folder that cannot be read is skipped and
  /// counted. Errors: kNoFrames when the end comes before any frame.
  virtual Result<std::optional<Frame>> next() = 0;
  [[nodiscard]] virtual InputInfo info() const = 0;
  [[nodiscard]] virtual SourceStats stats() const = 0;
  /// File name of the image that next() gave last; empty for videos.
  [[nodiscard]] virtual std::string itemName() const = 0;
};

/// What there is to say of a video that is open.
InputInfo inputInfo(const std::filesystem::path& path, const VideoInfo& video);

/// Looks at what `path` is and opens it. Errors: those of VideoReader::open() and readImage();
/// kNoFrames for a folder without images.
Result<std::unique_ptr<FrameSource>> openFrameSource(const std::filesystem::path& path,
                                                     const SourceOptions& options = {});

}  // namespace frontalis
