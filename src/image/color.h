#pragma once

#include <cstdint>

#include "image/frame.h"

namespace frontalis {

/// Which matrix and range a conversion believes.
enum class ColorRule {
  kOpenCv,  ///< as OpenCV's VideoCapture: always BT.601; full range only where the pixel format
            ///< says so (yuvj...). The numbers of OpenFace rest on this.
  kStream,  ///< as the stream is tagged
};

/// Fixed-point coefficients of libswscale's x86 YUV -> RGB routines (13 fractional bits, products
/// of samples x 8 keep their high 16 bits).
struct YuvToRgb {
  std::int16_t y_offset, y, v_red, u_blue, u_green, v_green;
};
YuvToRgb yuvToRgb(YuvMatrix matrix, bool full_range);
YuvToRgb yuvToRgb(const Frame& frame, ColorRule rule);

/// The same map for real numbers of 8-bit scale: R = y (Y - y_offset) + v_red (V - 128), ...
struct YuvToRgbFloat {
  float y_offset, y, v_red, u_blue, u_green, v_green;
};
YuvToRgbFloat yuvToRgbFloat(YuvMatrix matrix, bool full_range);

/// The matrix and range a rule takes for a frame.
YuvMatrix matrixOf(const Frame& frame, ColorRule rule);
bool fullRangeOf(const Frame& frame, ColorRule rule);

/// One row of 8-bit samples. Chroma of pixel x is sample x >> chroma_shift (0 or 1).
void yuvRowToBgr(const YuvToRgb& c, const std::uint8_t* y, const std::uint8_t* u,
                 const std::uint8_t* v, int chroma_shift, int width, std::uint8_t* bgr);
void yuvRowToGray(const YuvToRgb& c, const std::uint8_t* y, const std::uint8_t* u,
                  const std::uint8_t* v, int chroma_shift, int width, std::uint8_t* gray);

/// libswscale's rule where chroma is not subsampled: all products in 32 bits, rounded once.
void yuv444RowToBgr(const YuvToRgb& c, const std::uint8_t* y, const std::uint8_t* u,
                    const std::uint8_t* v, int width, std::uint8_t* bgr);
void grayRowToBgr(const YuvToRgb& c, const std::uint8_t* y, int width, std::uint8_t* bgr);

/// OpenCV's BGR -> grey: (3735 B + 19235 G + 9798 R + 16384) >> 15.
void bgrRowToGray(const std::uint8_t* bgr, int width, std::uint8_t* gray);

}  // namespace frontalis
