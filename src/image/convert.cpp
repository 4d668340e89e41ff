#include "image/convert.h"

#include <algorithm>
#include <array>

#include "image/geometry.h"

extern "C" {
#include <libavutil/pixfmt.h>
#include <libswscale/swscale.h>
}

namespace frontalis {

namespace {

// Pixels are converted in runs of this many where they have to be turned afterwards.
constexpr int kRun = 256;
// Rows above and below a region that the chroma interpolation of deep formats looks at.
constexpr int kDeepMargin = 16;

AVPixelFormat deepFormat(PixelLayout layout, int bit_depth) {
  const auto pick = [bit_depth](AVPixelFormat nine, AVPixelFormat ten, AVPixelFormat twelve) {
    return bit_depth == 9 ? nine : bit_depth == 10 ? ten : twelve;
  };
  switch (layout) {
    case PixelLayout::kYuv420:
      return pick(AV_PIX_FMT_YUV420P9, AV_PIX_FMT_YUV420P10, AV_PIX_FMT_YUV420P12);
    case PixelLayout::kYuv422:
      return pick(AV_PIX_FMT_YUV422P9, AV_PIX_FMT_YUV422P10, AV_PIX_FMT_YUV422P12);
    case PixelLayout::kYuv444:
      return pick(AV_PIX_FMT_YUV444P9, AV_PIX_FMT_YUV444P10, AV_PIX_FMT_YUV444P12);
    default:
      return pick(AV_PIX_FMT_GRAY9, AV_PIX_FMT_GRAY10, AV_PIX_FMT_GRAY12);
  }
}

int swsMatrix(YuvMatrix matrix) {
  switch (matrix) {
    case YuvMatrix::kBt709:
      return SWS_CS_ITU709;
    case YuvMatrix::kBt2020:
      return SWS_CS_BT2020;
    default:
      return SWS_CS_ITU601;
  }
}

/// Converts runs of one stored row of an 8-bit frame.
class RowReader {
 public:
  RowReader(const Frame& frame, const YuvToRgb& colors, int y)
      : layout_(frame.layout),
        colors_(colors),
        luma_(frame.planes[0].data + y * frame.planes[0].stride) {
    if (!isYuv(layout_)) return;
    const int chroma_row = y >> chromaShiftY(layout_);
    u_ = frame.planes[1].data + chroma_row * frame.planes[1].stride;
    v_ = frame.planes[2].data + chroma_row * frame.planes[2].stride;
  }

  void bgr(int x, int width, std::uint8_t* to) const {
    switch (layout_) {
      case PixelLayout::kBgr24:
        std::copy_n(luma_ + 3 * x, 3 * width, to);
        return;
      case PixelLayout::kGray:
        grayRowToBgr(colors_, luma_ + x, width, to);
        return;
      case PixelLayout::kYuv444:
        yuv444RowToBgr(colors_, luma_ + x, u_ + x, v_ + x, width, to);
        return;
      default:
        break;
    }
    if (x % 2 != 0) {
      // A chroma sample serves an even pixel and the next: start with the second of a pair alone.
      yuvRowToBgr(colors_, luma_ + x, u_ + x / 2, v_ + x / 2, 1, 1, to);
      ++x;
      --width;
      to += 3;
    }
    yuvRowToBgr(colors_, luma_ + x, u_ + x / 2, v_ + x / 2, 1, width, to);
  }

  void gray(int x, int width, std::uint8_t* to) const {
    if (chromaShiftX(layout_) == 1) {
      if (x % 2 != 0) {
        yuvRowToGray(colors_, luma_ + x, u_ + x / 2, v_ + x / 2, 1, 1, to);
        ++x;
        --width;
        ++to;
      }
      yuvRowToGray(colors_, luma_ + x, u_ + x / 2, v_ + x / 2, 1, width, to);
      return;
    }
    if (layout_ == PixelLayout::kBgr24) {
      bgrRowToGray(luma_ + 3 * x, width, to);
      return;
    }
    std::array<std::uint8_t, 3 * kRun> run;
    for (int done = 0; done < width; done += kRun) {
      const int length = std::min(kRun, width - done);
      bgr(x + done, length, run.data());
      bgrRowToGray(run.data(), length, to + done);
    }
  }

 private:
  PixelLayout layout_;
  const YuvToRgb& colors_;
  const std::uint8_t* luma_;
  const std::uint8_t* u_ = nullptr;
  const std::uint8_t* v_ = nullptr;
};

}  // namespace

void FrameConverter::FreeScaler::operator()(SwsContext* scaler) const { sws_freeContext(scaler); }

const std::uint8_t* FrameConverter::convertDeep(const Frame& frame, const Region& stored) {
  // Even edges keep the phase of the chroma grid.
  const int left = stored.x & ~1;
  const int top = std::max(stored.y - kDeepMargin, 0) & ~1;
  const int right = std::min((stored.x + stored.width + 1) & ~1, frame.stored_width);
  const int bottom =
      std::min((stored.y + stored.height + kDeepMargin + 1) & ~1, frame.stored_height);
  const bool full = fullRangeOf(frame, rule_);
  const ScalerKey key{right - left, bottom - top, deepFormat(frame.layout, frame.bit_depth),
                      matrixOf(frame, rule_), full};
  deep_.resize(key.width, key.height, 3);
  if (!scaler_ || !(key == scaler_key_)) {
    scaler_.reset(sws_getContext(key.width, key.height, static_cast<AVPixelFormat>(key.format),
                                 key.width, key.height, AV_PIX_FMT_BGR24, SWS_BICUBIC, nullptr,
                                 nullptr, nullptr));
    if (!scaler_) return nullptr;
    scaler_key_ = key;
    const int* matrix = sws_getCoefficients(swsMatrix(key.matrix));
    sws_setColorspaceDetails(scaler_.get(), matrix, full ? 1 : 0,
                             sws_getCoefficients(SWS_CS_DEFAULT), 1, 0, 1 << 16, 1 << 16);
  }
  std::array<const std::uint8_t*, 4> from{};
  std::array<int, 4> strides{};
  for (int k = 0; k < (isYuv(frame.layout) ? 3 : 1); ++k) {
    const Plane& plane = frame.planes[k];
    const int x = k == 0 ? left : left >> chromaShiftX(frame.layout);
    const int y = k == 0 ? top : top >> chromaShiftY(frame.layout);
    from[k] = plane.data + y * plane.stride + 2 * x;
    strides[k] = static_cast<int>(plane.stride);
  }
  std::array<std::uint8_t*, 4> to{deep_.data()};
  const std::array<int, 4> to_strides{static_cast<int>(deep_.stride())};
  sws_scale(scaler_.get(), from.data(), strides.data(), 0, key.height, to.data(),
            to_strides.data());
  return deep_.at(stored.x - left, stored.y - top);
}

Region FrameConverter::convert(const Frame& frame, const Region& display, Target target,
                               Image& out) {
  const Region shown = display.clippedTo(frame.width(), frame.height());
  const int channels = target == Target::kBgr ? 3 : 1;
  out.resize(shown.width, shown.height, channels);
  if (shown.empty()) return shown;
  const Region stored = storedRegion(frame, shown);
  const std::uint8_t* deep = nullptr;
  if (frame.bit_depth > 8) {
    deep = convertDeep(frame, stored);
    if (deep == nullptr) {
      out.resize(0, 0, channels);
      return {};
    }
  }
  const YuvToRgb colors = yuvToRgb(frame, rule_);
  const auto run = [&](const RowReader& reader, int x, int y, int width, std::uint8_t* to) {
    if (deep != nullptr) {
      const std::uint8_t* from = deep + (y - stored.y) * deep_.stride() + 3 * (x - stored.x);
      target == Target::kBgr ? static_cast<void>(std::copy_n(from, 3 * width, to))
                             : bgrRowToGray(from, width, to);
    } else {
      target == Target::kBgr ? reader.bgr(x, width, to) : reader.gray(x, width, to);
    }
  };

  const Affine back =
      displayToStored(frame.orientation, frame.stored_width, frame.stored_height).inverse();
  const auto step = static_cast<std::ptrdiff_t>(back.xx) * channels +
                    static_cast<std::ptrdiff_t>(back.yx) * out.stride();
  for (int y = stored.y; y < stored.y + stored.height; ++y) {
    const RowReader reader(frame, colors, y);
    const auto target_of = [&](int x) {
      return out.at(static_cast<int>(back.xx * x + back.xy * y + back.x0) - shown.x,
                    static_cast<int>(back.yx * x + back.yy * y + back.y0) - shown.y);
    };
    if (frame.orientation.identity()) {
      run(reader, stored.x, y, stored.width, target_of(stored.x));
      continue;
    }
    std::array<std::uint8_t, 3 * kRun> pixels;
    for (int x = stored.x; x < stored.x + stored.width; x += kRun) {
      const int width = std::min(kRun, stored.x + stored.width - x);
      run(reader, x, y, width, pixels.data());
      std::uint8_t* to = target_of(x);
      for (int k = 0; k < width; ++k, to += step) {
        for (int c = 0; c < channels; ++c) to[c] = pixels[channels * k + c];
      }
    }
  }
  return shown;
}

Region FrameConverter::toBgr(const Frame& frame, const Region& display, Image& bgr) {
  return convert(frame, display, Target::kBgr, bgr);
}

Region FrameConverter::toGray(const Frame& frame, const Region& display, Image& gray) {
  return convert(frame, display, Target::kGray, gray);
}

Region toBgr(const Frame& frame, const Region& display, Image& bgr, ColorRule rule) {
  return FrameConverter(rule).toBgr(frame, display, bgr);
}

Region toGray(const Frame& frame, const Region& display, Image& gray, ColorRule rule) {
  return FrameConverter(rule).toGray(frame, display, gray);
}

}  // namespace frontalis
