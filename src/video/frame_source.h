#pragma once
#include <memory>
#include <optional>
#include "frontalis/extractor.h"
#include "video/video_reader.h"
namespace frontalis {
struct SourceStats {
  std::int64_t decode_errors = 0;
  bool truncated = false;
};
struct SourceOptions {
  int threads = 1;
};
class FrameSource {
 public:
  virtual ~FrameSource() = default;
  virtual Result<std::optional<Frame>> next() = 0;
  virtual InputInfo info() const = 0;
  virtual SourceStats stats() const = 0;
  virtual std::string itemName() const = 0;
};
class VideoSource : public FrameSource {
 public:
  VideoSource(VideoReader r, std::filesystem::path p) : r_(std::move(r)), p_(std::move(p)) {}
  Result<std::optional<Frame>> next() override { return r_.next(); }
  InputInfo info() const override {
    InputInfo i;
    i.path = p_;
    i.is_video = true;
    i.width = r_.info().width;
    i.height = r_.info().height;
    i.codec = r_.info().codec;
    i.average_fps = r_.info().average_fps.value();
    i.expected_frames = (std::int64_t)(r_.info().duration_seconds * i.average_fps + .5);
    return i;
  }
  SourceStats stats() const override { return {r_.stats().packet_errors, r_.stats().truncated}; }
  std::string itemName() const override { return ""; }

 private:
  VideoReader r_;
  std::filesystem::path p_;
};
inline Result<std::unique_ptr<FrameSource>> openFrameSource(const std::filesystem::path& p,
                                                            SourceOptions o) {
  auto r = VideoReader::open(p, {.threads = o.threads});
  if (!r.ok()) return r.error();
  return std::unique_ptr<FrameSource>(new VideoSource(std::move(*r), p));
}
}  // namespace frontalis
