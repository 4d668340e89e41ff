#include "video/frame_source.h"

#include <array>
#include <cmath>
#include <fstream>
#include <utility>
#include <vector>

#include "util/try.h"
#include "video/image_reader.h"
#include "video/video_reader.h"

namespace frontalis {

namespace fs = std::filesystem;

namespace {

class VideoSource final : public FrameSource {
 public:
  VideoSource(VideoReader reader, fs::path path)
      : reader_(std::move(reader)), path_(std::move(path)) {}

  Result<std::optional<Frame>> next() override { return reader_.next(); }

  InputInfo info() const override { return inputInfo(path_, reader_.info()); }

  SourceStats stats() const override {
    const VideoStats& video = reader_.stats();
    return {video.packet_errors + video.damaged_frames, video.repaired_timestamps, video.bytes_read,
            video.truncated};
  }

  std::string itemName() const override { return {}; }

 private:
  VideoReader reader_;
  fs::path path_;
};

/// Opens with the first readable image, so that its size is known and errors come early.
class ImageSource final : public FrameSource {
 public:
  ImageSource(fs::path path, std::vector<fs::path> images, double rate)
      : path_(std::move(path)), images_(std::move(images)), rate_(rate) {}

  Status open() {
    FRONTALIS_ASSIGN(first_, read());
    if (!first_) return last_error_;
    info_.path = path_;
    info_.width = first_->width();
    info_.height = first_->height();
    info_.rotation = 90 * first_->orientation.clockwise_quarter_turns;
    info_.mirrored = first_->orientation.flip_horizontal;
    info_.expected_frames = static_cast<std::int64_t>(images_.size());
    return {};
  }

  Result<std::optional<Frame>> next() override {
    if (first_) return std::exchange(first_, std::nullopt);
    return read();
  }

  InputInfo info() const override { return info_; }
  SourceStats stats() const override { return stats_; }
  std::string itemName() const override { return name_; }

 private:
  Result<std::optional<Frame>> read() {
    while (next_ < images_.size()) {
      const fs::path& path = images_[next_++];
      Result<ReadImage> image = readImage(path);
      if (!image.ok()) {
        ++stats_.decode_errors;
        constexpr std::size_t kNamed = 20;
        if (stats_.lost_images.size() < kNamed) {
          stats_.lost_images.push_back(path.filename().string());
        }
        last_error_ = image.error();
        continue;
      }
      std::error_code ignored;
      const std::uintmax_t bytes = fs::file_size(path, ignored);
      if (!ignored) stats_.bytes += static_cast<std::int64_t>(bytes);
      if (image->damaged) ++stats_.decode_errors;
      if (info_.codec.empty()) info_.codec = image->codec;
      name_ = path.filename().string();
      Frame frame = std::move(image->frame);
      frame.index = frames_++;
      frame.timestamp_seconds = static_cast<double>(frame.index) / rate_;
      return std::optional<Frame>(std::move(frame));
    }
    return std::optional<Frame>();
  }

  fs::path path_;
  std::vector<fs::path> images_;
  double rate_;
  std::size_t next_ = 0;
  std::int64_t frames_ = 0;
  std::optional<Frame> first_;
  std::string name_;
  Error last_error_;
  InputInfo info_;
  SourceStats stats_;
};

/// Motion JPEG without a container begins like a photograph.
bool isImageFile(const fs::path& path) {
  const std::string extension = path.extension().string();
  if (extension == ".mjpeg" || extension == ".mjpg") return false;
  std::array<char, 16> head{};
  std::ifstream file(path, std::ios::binary);
  file.read(head.data(), head.size());
  return looksLikeImage({head.data(), static_cast<std::size_t>(file.gcount())});
}

}  // namespace

InputInfo inputInfo(const fs::path& path, const VideoInfo& video) {
  InputInfo info;
  info.path = path;
  info.is_video = true;
  info.width = video.width;
  info.height = video.height;
  info.rotation = 90 * video.orientation.clockwise_quarter_turns;
  info.mirrored = video.orientation.flip_horizontal;
  info.pixel_aspect = video.pixel_aspect;
  info.codec = video.codec;
  info.average_fps = video.average_fps.value();
  info.expected_frames = std::llround(video.duration_seconds * info.average_fps);
  return info;
}

Result<std::unique_ptr<FrameSource>> openFrameSource(const fs::path& path,
                                                     const SourceOptions& options) {
  std::error_code ignored;
  std::vector<fs::path> images;
  if (fs::is_directory(path, ignored)) {
    FRONTALIS_ASSIGN(images, listImages(path));
    if (images.empty()) {
      return Error{ErrorCode::kNoFrames, path.string() + ": is a folder without images",
                   "Give a folder of JPEG, PNG, BMP, WebP or TIFF files, or name a video"};
    }
  } else if (fs::is_regular_file(path, ignored) && isImageFile(path)) {
    images = {path};
  }
  if (!images.empty()) {
    auto source = std::make_unique<ImageSource>(path, std::move(images), options.image_rate);
    FRONTALIS_TRY(source->open());
    return std::unique_ptr<FrameSource>(std::move(source));
  }
  FRONTALIS_ASSIGN(VideoReader reader,
                   VideoReader::open(path, {.threads = options.threads, .start = options.start}));
  return std::unique_ptr<FrameSource>(std::make_unique<VideoSource>(std::move(reader), path));
}

}  // namespace frontalis
