#include "image/upright.h"

#include <algorithm>
#include <array>

#include "image/geometry.h"
#include "util/try.h"

extern "C" {
#include <libavutil/pixfmt.h>
#include <libswscale/swscale.h>
}

namespace frontalis {
namespace {

AVPixelFormat formatOf(const Frame& frame) {
  const auto pick = [&](AVPixelFormat f8, AVPixelFormat f9, AVPixelFormat f10, AVPixelFormat f12) {
    switch (frame.bit_depth) {
      case 8:
        return f8;
      case 9:
        return f9;
      case 10:
        return f10;
      default:
        return f12;
    }
  };
  switch (frame.layout) {
    case PixelLayout::kYuv420:
      return pick(AV_PIX_FMT_YUV420P, AV_PIX_FMT_YUV420P9, AV_PIX_FMT_YUV420P10,
                  AV_PIX_FMT_YUV420P12);
    case PixelLayout::kYuv422:
      return pick(AV_PIX_FMT_YUV422P, AV_PIX_FMT_YUV422P9, AV_PIX_FMT_YUV422P10,
                  AV_PIX_FMT_YUV422P12);
    case PixelLayout::kYuv444:
      return pick(AV_PIX_FMT_YUV444P, AV_PIX_FMT_YUV444P9, AV_PIX_FMT_YUV444P10,
                  AV_PIX_FMT_YUV444P12);
    case PixelLayout::kGray:
      return pick(AV_PIX_FMT_GRAY8, AV_PIX_FMT_GRAY9, AV_PIX_FMT_GRAY10, AV_PIX_FMT_GRAY12);
    case PixelLayout::kBgr24:
      break;
  }
  return AV_PIX_FMT_BGR24;
}

/// Turns one plane. Reads run along rows of the source; writes step by whole rows of the target,
/// in blocks that stay in the cache.
void turnPlane(const Plane& from, const Orientation& orientation, std::uint8_t* to, int to_width) {
  constexpr int kBlock = 32;
  const Affine back = displayToStored(orientation, from.width, from.height).inverse();
  const auto step_x =
      static_cast<std::ptrdiff_t>(back.xx) + static_cast<std::ptrdiff_t>(back.yx) * to_width;
  const auto step_y =
      static_cast<std::ptrdiff_t>(back.xy) + static_cast<std::ptrdiff_t>(back.yy) * to_width;
  const auto origin =
      static_cast<std::ptrdiff_t>(back.x0) + static_cast<std::ptrdiff_t>(back.y0) * to_width;
  for (int top = 0; top < from.height; top += kBlock) {
    const int bottom = std::min(top + kBlock, from.height);
    for (int left = 0; left < from.width; left += kBlock) {
      const int right = std::min(left + kBlock, from.width);
      for (int y = top; y < bottom; ++y) {
        const std::uint8_t* row = from.data + y * from.stride;
        std::uint8_t* out = to + origin + y * step_y + left * step_x;
        for (int x = left; x < right; ++x, out += step_x) *out = row[x];
      }
    }
  }
}

}  // namespace

void Uprighter::FreeScaler::operator()(SwsContext* scaler) const { sws_freeContext(scaler); }

Result<Frame> Uprighter::make(const Frame& frame) {
  Frame planar = frame;
  if (frame.layout != PixelLayout::kYuv420 || frame.bit_depth != 8) {
    FRONTALIS_ASSIGN(planar, reduced(frame));
  }
  return planar.orientation.identity() ? planar : turned(planar);
}

Result<Frame> Uprighter::reduced(const Frame& frame) {
  const int width = frame.stored_width;
  const int height = frame.stored_height;
  const AVPixelFormat format = formatOf(frame);
  if (!scaler_ || width != scaler_width_ || height != scaler_height_ || format != scaler_format_) {
    scaler_.reset(sws_getContext(width, height, format, width, height, AV_PIX_FMT_YUV420P,
                                 SWS_BILINEAR | SWS_ACCURATE_RND, nullptr, nullptr, nullptr));
    if (!scaler_) return Error{ErrorCode::kInternal, "no memory to convert a frame"};
    const bool yuv = isYuv(frame.layout);
    const int* matrix = sws_getCoefficients(SWS_CS_ITU601);
    // The same range on both sides leaves Y, U, V as they are.
    sws_setColorspaceDetails(scaler_.get(), matrix, yuv ? 0 : 1, matrix, 0, 0, 1 << 16, 1 << 16);
    scaler_width_ = width;
    scaler_height_ = height;
    scaler_format_ = format;
  }
  WritableFrame out = pool_.take(frame, width, height);
  out.frame.orientation = frame.orientation;
  if (!isYuv(frame.layout)) {
    out.frame.matrix = YuvMatrix::kBt601;
    out.frame.full_range = out.frame.full_range_format = false;
    out.frame.siting = ChromaSiting::kLeft;
  }
  std::array<const std::uint8_t*, 4> from{};
  std::array<int, 4> strides{};
  std::array<std::uint8_t*, 4> to{};
  std::array<int, 4> to_strides{};
  for (std::size_t k = 0; k < 3; ++k) {
    from[k] = frame.planes[k].data;
    strides[k] = static_cast<int>(frame.planes[k].stride);
    to[k] = out.planes[k];
    to_strides[k] = static_cast<int>(out.frame.planes[k].stride);
  }
  sws_scale(scaler_.get(), from.data(), strides.data(), 0, height, to.data(), to_strides.data());
  return out.frame;
}

Frame Uprighter::turned(const Frame& frame) {
  WritableFrame out = pool_.take(frame, frame.width(), frame.height());
  out.frame.siting = ChromaSiting::kCenter;
  for (std::size_t k = 0; k < 3; ++k) {
    turnPlane(frame.planes[k], frame.orientation, out.planes[k], out.frame.planes[k].width);
  }
  return out.frame;
}

}  // namespace frontalis
