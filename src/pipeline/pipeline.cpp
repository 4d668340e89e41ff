#include "frontalis/pipeline.h"

#include <cmath>
#include <cstdlib>
#include <string>

#include "image/image.h"
#include "pipeline/analysis.h"
#include "util/try.h"

namespace frontalis {
namespace {

constexpr int kMaxExtent = 1 << 15;  // px; keeps every product of coordinates in an int

Error invalid(const std::string& what, const std::string& remedy = {}) {
  return {ErrorCode::kInvalidArgument, what, remedy};
}

Status checkPlane(const char* name, const std::uint8_t* data, std::ptrdiff_t stride,
                  std::ptrdiff_t row_bytes) {
  if (data == nullptr) return invalid("the picture has no " + std::string(name));
  if (std::abs(stride) < row_bytes) {
    return invalid("the stride of the picture's " + std::string(name) + " is " +
                   std::to_string(stride) + " bytes, but a row has " + std::to_string(row_bytes));
  }
  return {};
}

Status check(const Picture& picture) {
  if (picture.width < 1 || picture.height < 1 || picture.width > kMaxExtent ||
      picture.height > kMaxExtent) {
    return invalid("a picture of " + std::to_string(picture.width) + " x " +
                       std::to_string(picture.height) + " px cannot be analysed",
                   "Give 1 to " + std::to_string(kMaxExtent) + " px a side");
  }
  if (picture.rotation != 0 && picture.rotation != 90 && picture.rotation != 180 &&
      picture.rotation != 270) {
    return invalid("a picture cannot be turned by " + std::to_string(picture.rotation) + " degrees",
                   "Give 0, 90, 180 or 270");
  }
  const bool packed = picture.format == PixelFormat::kBgr || picture.format == PixelFormat::kRgb;
  FRONTALIS_TRY(checkPlane(picture.format == PixelFormat::kYuv420 ? "Y plane" : "pixels",
                           picture.data, picture.stride, picture.width * (packed ? 3 : 1)));
  if (picture.format == PixelFormat::kYuv420) {
    const int chroma_width = (picture.width + 1) / 2;
    FRONTALIS_TRY(checkPlane("U plane", picture.u, picture.chroma_stride, chroma_width));
    FRONTALIS_TRY(checkPlane("V plane", picture.v, picture.chroma_stride, chroma_width));
  }
  return {};
}

YuvMatrix internal(ColorMatrix matrix) {
  switch (matrix) {
    case ColorMatrix::kBt709:
      return YuvMatrix::kBt709;
    case ColorMatrix::kBt2020:
      return YuvMatrix::kBt2020;
    case ColorMatrix::kBt601:
      break;
  }
  return YuvMatrix::kBt601;
}

}  // namespace

struct Pipeline::Impl {
  std::unique_ptr<Analysis> analysis;
  std::unique_ptr<FaceMeter> meter;
  std::unique_ptr<FaceInterpreter> interpreter;
  Measurement measurement;
  Image bgr;  // of an R, G, B picture
  std::int64_t frames = 0;
  std::int64_t frames_with_face = 0;
  double last_timestamp = 0;

  /// The picture as the stages see it; borrowed, except for R, G, B.
  Frame frameOf(const Picture& picture, double timestamp) {
    Frame frame;
    frame.stored_width = picture.width;
    frame.stored_height = picture.height;
    frame.matrix = internal(picture.matrix);
    frame.full_range = picture.full_range;
    frame.orientation = {picture.mirrored, picture.rotation / 90};
    frame.index = frames;
    frame.timestamp_seconds = timestamp;
    frame.planes[0] = {picture.data, picture.stride, picture.width, picture.height};
    switch (picture.format) {
      case PixelFormat::kYuv420: {
        frame.layout = PixelLayout::kYuv420;
        const int width = (picture.width + 1) / 2;
        const int height = (picture.height + 1) / 2;
        frame.planes[1] = {picture.u, picture.chroma_stride, width, height};
        frame.planes[2] = {picture.v, picture.chroma_stride, width, height};
        break;
      }
      case PixelFormat::kGray:
        frame.layout = PixelLayout::kGray;
        frame.full_range = frame.full_range_format = true;
        break;
      case PixelFormat::kRgb:
        swapChannels(picture);
        frame.planes[0].data = bgr.data();
        frame.planes[0].stride = bgr.stride();
        [[fallthrough]];
      case PixelFormat::kBgr:
        frame.layout = PixelLayout::kBgr24;
        frame.full_range = frame.full_range_format = true;
        break;
    }
    return frame;
  }

  void swapChannels(const Picture& picture) {
    bgr.resize(picture.width, picture.height, 3);
    for (int y = 0; y < picture.height; ++y) {
      const std::uint8_t* from = picture.data + y * picture.stride;
      std::uint8_t* to = bgr.row(y);
      for (int x = 0; x < picture.width; ++x, from += 3, to += 3) {
        to[0] = from[2];
        to[1] = from[1];
        to[2] = from[0];
      }
    }
  }
};

Pipeline::Pipeline(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
Pipeline::Pipeline(Pipeline&&) noexcept = default;
Pipeline& Pipeline::operator=(Pipeline&&) noexcept = default;
Pipeline::~Pipeline() = default;

Result<Pipeline> Pipeline::open(const Config& config) {
  if (config.mirror_sides) {
    return invalid("mirrored halves need frames to come, and a picture's row cannot wait for them",
                   "Leave Config::mirror_sides out");
  }
  if (config.faces != 1) {
    return invalid("a Pipeline follows one face, not " + std::to_string(config.faces),
                   "Use an Extractor for several");
  }
  Config online = config;
  online.online = true;
  auto impl = std::make_unique<Impl>();
  FRONTALIS_ASSIGN(impl->analysis, makeAnalysis(online, false));
  FRONTALIS_ASSIGN(impl->meter, impl->analysis->meter());
  impl->interpreter = impl->analysis->interpreter();
  return Pipeline(std::move(impl));
}

Result<Row> Pipeline::process(const Picture& picture, double timestamp) {
  FRONTALIS_TRY(check(picture));
  if (!std::isfinite(timestamp) || (impl_->frames > 0 && timestamp <= impl_->last_timestamp)) {
    return invalid("the time stamp " + std::to_string(timestamp) + " s is not after the last one",
                   "Call reset() before another video");
  }
  FRONTALIS_TRY(impl_->meter->measure(impl_->frameOf(picture, timestamp), impl_->measurement));
  const FrameRecord record = impl_->interpreter->interpret(impl_->measurement);
  ++impl_->frames;
  impl_->frames_with_face += record.row.success ? 1 : 0;
  impl_->last_timestamp = timestamp;
  return record.row;
}

void Pipeline::reset() {
  impl_->meter->reset();
  impl_->interpreter->reset();
  impl_->frames = impl_->frames_with_face = 0;
}

Columns Pipeline::columns() const { return impl_->analysis->columns(); }

Summary Pipeline::summary() const {
  Summary summary;
  summary.frames = impl_->frames;
  summary.frames_with_face = impl_->frames_with_face;
  summary.warnings = impl_->interpreter->warnings();
  StageTimer times = impl_->meter->times();
  times.merge(impl_->interpreter->times());
  describe(*impl_->analysis, times, summary);
  return summary;
}

}  // namespace frontalis
