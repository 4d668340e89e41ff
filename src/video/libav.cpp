#include "video/libav.h"

#include <cstdarg>
#include <mutex>

#include "image/geometry.h"

namespace frontalis::libav {

namespace {

thread_local Complaints* current_complaints = nullptr;

// An index of a few bytes may stand for any number of samples; no picture within readImage()'s
// limit of 2^28 px needs more in 16-bit RGB.
constexpr std::size_t kMaxAllocation = 6 * (std::size_t{1} << 28) + (std::size_t{1} << 20);

}  // namespace

void collect(void* context, int level, const char* format, va_list arguments) {
  Complaints* complaints = current_complaints;
  if (complaints == nullptr || level > AV_LOG_ERROR || !complaints->first_.empty()) return;
  char line[256];
  int print_prefix = 0;
  av_log_format_line2(context, level, format, arguments, line, sizeof line, &print_prefix);
  std::string text = line;
  while (!text.empty() && (text.back() == '\n' || text.back() == ' ')) text.pop_back();
  complaints->first_ = std::move(text);
}

std::string errorText(int code) {
  char text[AV_ERROR_MAX_STRING_SIZE] = {};
  av_strerror(code, text, sizeof text);
  return text;
}

void limitAllocations() {
  static std::once_flag once;
  std::call_once(once, [] { av_max_alloc(kMaxAllocation); });
}

Complaints::Complaints() : outer_(current_complaints) {
  static std::once_flag once;
  std::call_once(once, [] { av_log_set_callback(collect); });
  current_complaints = this;
}

Complaints::~Complaints() { current_complaints = outer_; }

std::string Complaints::suffix() const { return first_.empty() ? "" : ": " + first_; }

LayoutOf layoutOf(AVPixelFormat format) {
  const auto as_is = [format](PixelLayout layout, int depth, bool full = false) {
    return LayoutOf{layout, depth, full, format};
  };
  switch (format) {
    case AV_PIX_FMT_YUV420P:
    case AV_PIX_FMT_YUVA420P:
      return as_is(PixelLayout::kYuv420, 8);
    case AV_PIX_FMT_YUVJ420P:
      return as_is(PixelLayout::kYuv420, 8, true);
    case AV_PIX_FMT_YUV422P:
    case AV_PIX_FMT_YUVA422P:
      return as_is(PixelLayout::kYuv422, 8);
    case AV_PIX_FMT_YUVJ422P:
      return as_is(PixelLayout::kYuv422, 8, true);
    case AV_PIX_FMT_YUV444P:
    case AV_PIX_FMT_YUVA444P:
      return as_is(PixelLayout::kYuv444, 8);
    case AV_PIX_FMT_YUVJ444P:
      return as_is(PixelLayout::kYuv444, 8, true);
    case AV_PIX_FMT_GRAY8:
      return as_is(PixelLayout::kGray, 8, true);
    case AV_PIX_FMT_BGR24:
      return as_is(PixelLayout::kBgr24, 8, true);
    // AV_PIX_FMT_...10 etc. without LE/BE name the machine's own byte order.
    case AV_PIX_FMT_YUV420P9:
      return as_is(PixelLayout::kYuv420, 9);
    case AV_PIX_FMT_YUV420P10:
    case AV_PIX_FMT_YUVA420P10:
      return as_is(PixelLayout::kYuv420, 10);
    case AV_PIX_FMT_YUV420P12:
      return as_is(PixelLayout::kYuv420, 12);
    case AV_PIX_FMT_YUV422P9:
      return as_is(PixelLayout::kYuv422, 9);
    case AV_PIX_FMT_YUV422P10:
    case AV_PIX_FMT_YUVA422P10:
      return as_is(PixelLayout::kYuv422, 10);
    case AV_PIX_FMT_YUV422P12:
      return as_is(PixelLayout::kYuv422, 12);
    case AV_PIX_FMT_YUV444P9:
      return as_is(PixelLayout::kYuv444, 9);
    case AV_PIX_FMT_YUV444P10:
    case AV_PIX_FMT_YUVA444P10:
      return as_is(PixelLayout::kYuv444, 10);
    case AV_PIX_FMT_YUV444P12:
      return as_is(PixelLayout::kYuv444, 12);
    case AV_PIX_FMT_GRAY9:
      return as_is(PixelLayout::kGray, 9, true);
    case AV_PIX_FMT_GRAY10:
      return as_is(PixelLayout::kGray, 10, true);
    case AV_PIX_FMT_GRAY12:
      return as_is(PixelLayout::kGray, 12, true);
    default:
      break;
  }
  const AVPixFmtDescriptor* descriptor = av_pix_fmt_desc_get(format);
  if (descriptor == nullptr) return {PixelLayout::kBgr24, 8, true, AV_PIX_FMT_BGR24};
  const bool rgb = (descriptor->flags &
                    (AV_PIX_FMT_FLAG_RGB | AV_PIX_FMT_FLAG_PAL | AV_PIX_FMT_FLAG_BAYER)) != 0;
  if (rgb) return {PixelLayout::kBgr24, 8, true, AV_PIX_FMT_BGR24};
  const bool full = format == AV_PIX_FMT_YUVJ440P || format == AV_PIX_FMT_YUVJ411P;
  const bool deep = descriptor->comp[0].depth > 8;
  if (descriptor->nb_components <= 2) {
    return deep ? LayoutOf{PixelLayout::kGray, 12, true, AV_PIX_FMT_GRAY12}
                : LayoutOf{PixelLayout::kGray, 8, true, AV_PIX_FMT_GRAY8};
  }
  if (descriptor->log2_chroma_h > 0 || descriptor->log2_chroma_w > 1) {
    return deep ? LayoutOf{PixelLayout::kYuv420, 12, false, AV_PIX_FMT_YUV420P12}
                : LayoutOf{PixelLayout::kYuv420, 8, full, AV_PIX_FMT_YUV420P};
  }
  if (descriptor->log2_chroma_w > 0) {
    return deep ? LayoutOf{PixelLayout::kYuv422, 12, false, AV_PIX_FMT_YUV422P12}
                : LayoutOf{PixelLayout::kYuv422, 8, false, AV_PIX_FMT_YUV422P};
  }
  return deep ? LayoutOf{PixelLayout::kYuv444, 12, false, AV_PIX_FMT_YUV444P12}
              : LayoutOf{PixelLayout::kYuv444, 8, false, AV_PIX_FMT_YUV444P};
}

Frame describe(const AVFrame& picture, std::shared_ptr<const void> owner) {
  const LayoutOf kind = layoutOf(static_cast<AVPixelFormat>(picture.format));
  Frame frame;
  frame.layout = kind.layout;
  frame.bit_depth = kind.bit_depth;
  frame.full_range_format = kind.full_range_format;
  const int range = codePoint(picture.color_range);
  frame.full_range =
      range == AVCOL_RANGE_UNSPECIFIED ? kind.full_range_format : range == AVCOL_RANGE_JPEG;
  switch (codePoint(picture.colorspace)) {
    case AVCOL_SPC_BT709:
      frame.matrix = YuvMatrix::kBt709;
      break;
    case AVCOL_SPC_BT2020_NCL:
    case AVCOL_SPC_BT2020_CL:
      frame.matrix = YuvMatrix::kBt2020;
      break;
    default:
      frame.matrix = YuvMatrix::kBt601;
      break;
  }
  switch (codePoint(picture.chroma_location)) {
    case AVCHROMA_LOC_CENTER:
      frame.siting = ChromaSiting::kCenter;
      break;
    case AVCHROMA_LOC_TOPLEFT:
      frame.siting = ChromaSiting::kTopLeft;
      break;
    default:
      frame.siting = ChromaSiting::kLeft;
      break;
  }
  frame.stored_width = picture.width;
  frame.stored_height = picture.height;
  const int planes = isYuv(kind.layout) ? 3 : 1;
  for (int k = 0; k < planes; ++k) {
    const int shift_x = k == 0 ? 0 : chromaShiftX(kind.layout);
    const int shift_y = k == 0 ? 0 : chromaShiftY(kind.layout);
    frame.planes[k] = {picture.data[k], picture.linesize[k], AV_CEIL_RSHIFT(picture.width, shift_x),
                       AV_CEIL_RSHIFT(picture.height, shift_y)};
  }
  frame.owner = std::move(owner);
  return frame;
}

Orientation orientationOf(const std::int32_t* m) {
  if (m == nullptr) return {};
  return orientationFromMatrix(m[0], m[1], m[3], m[4]);
}

bool Converter::convert(const AVFrame& from, AVFrame& to) {
  return convert(from, to, layoutOf(static_cast<AVPixelFormat>(from.format)).nearest);
}

bool Converter::convertTo8Bit(const AVFrame& from, AVFrame& to) {
  const LayoutOf kind = layoutOf(static_cast<AVPixelFormat>(from.format));
  if (kind.bit_depth == 8) return convert(from, to, kind.nearest);
  switch (kind.layout) {
    case PixelLayout::kYuv420:
      return convert(from, to, AV_PIX_FMT_YUV420P);
    case PixelLayout::kYuv422:
      return convert(from, to, AV_PIX_FMT_YUV422P);
    case PixelLayout::kYuv444:
      return convert(from, to, AV_PIX_FMT_YUV444P);
    case PixelLayout::kGray:
      return convert(from, to, AV_PIX_FMT_GRAY8);
    default:
      return convert(from, to, AV_PIX_FMT_BGR24);
  }
}

bool Converter::convert(const AVFrame& from, AVFrame& to, AVPixelFormat target) {
  const auto source = static_cast<AVPixelFormat>(from.format);
  if (!scaler_ || width_ != from.width || height_ != from.height || source_ != source ||
      target_ != target) {
    scaler_.reset(sws_getContext(from.width, from.height, source, from.width, from.height, target,
                                 SWS_BICUBIC | SWS_ACCURATE_RND | SWS_FULL_CHR_H_INP, nullptr,
                                 nullptr, nullptr));
    if (!scaler_) return false;
    width_ = from.width;
    height_ = from.height;
    source_ = source;
    target_ = target;
    // Same range on both sides: samples are repacked, not rescaled.
    int* inverse = nullptr;
    int* table = nullptr;
    int source_full = 0, target_full = 0, brightness = 0, contrast = 0, saturation = 0;
    if (sws_getColorspaceDetails(scaler_.get(), &inverse, &source_full, &table, &target_full,
                                 &brightness, &contrast, &saturation) >= 0 &&
        target != AV_PIX_FMT_BGR24) {
      sws_setColorspaceDetails(scaler_.get(), inverse, source_full, table, source_full, brightness,
                               contrast, saturation);
    }
  }
  av_frame_unref(&to);
  to.format = target;
  to.width = from.width;
  to.height = from.height;
  if (av_frame_get_buffer(&to, 0) < 0 || av_frame_copy_props(&to, &from) < 0) return false;
  if (target == AV_PIX_FMT_BGR24) to.color_range = AVCOL_RANGE_JPEG;
  return sws_scale(scaler_.get(), from.data, from.linesize, 0, from.height, to.data, to.linesize) ==
         from.height;
}

}  // namespace frontalis::libav
