#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "image/color.h"
#include "image/frame.h"
#include "image/image.h"

struct SwsContext;

namespace frontalis {

/// Converts parts of frames to packed pixels with exact values. By ColorRule::kOpenCv 8-bit frames
/// become what OpenCV's VideoCapture gives on x86 to the bit (libswscale, chroma not interpolated),
/// on every processor. Higher bit depths go through libswscale itself. Keeps its buffers.
class FrameConverter {
 public:
  explicit FrameConverter(ColorRule rule = ColorRule::kOpenCv) : rule_(rule) {}

  /// Both return the part of `display` that lies in the picture; the image has its size, and is
  /// empty when there is none. B, G, R:
  Region toBgr(const Frame& frame, const Region& display, Image& bgr);
  /// OpenCV's grey of the same pixels, without making them.
  Region toGray(const Frame& frame, const Region& display, Image& gray);

 private:
  struct FreeScaler {
    void operator()(SwsContext* scaler) const;
  };
  /// What the scaler was made for.
  struct ScalerKey {
    int width = 0, height = 0, format = -1;
    YuvMatrix matrix = YuvMatrix::kBt601;
    bool full_range = false;
    bool operator==(const ScalerKey&) const = default;
  };
  enum class Target { kBgr, kGray };

  Region convert(const Frame& frame, const Region& display, Target target, Image& out);
  /// Makes deep_ the BGR of the stored region and returns where it starts.
  const std::uint8_t* convertDeep(const Frame& frame, const Region& stored);

  ColorRule rule_;
  std::unique_ptr<SwsContext, FreeScaler> scaler_;
  ScalerKey scaler_key_;
  Image deep_;
};

/// For a single picture.
Region toBgr(const Frame& frame, const Region& display, Image& bgr,
             ColorRule rule = ColorRule::kOpenCv);
Region toGray(const Frame& frame, const Region& display, Image& gray,
              ColorRule rule = ColorRule::kOpenCv);

}  // namespace frontalis
