#include "image/convert.h"

#include <gtest/gtest.h>

#include <cstdlib>

#include "support/test_frames.h"

extern "C" {
#include <libswscale/swscale.h>
}

namespace frontalis {
namespace {

using testing::FrameSpec;
using testing::makeFrame;
using testing::noise;

AVPixelFormat swsFormat(const Frame& frame) {
  const bool full = frame.full_range_format;
  switch (frame.layout) {
    case PixelLayout::kYuv420:
      if (frame.bit_depth == 10) return AV_PIX_FMT_YUV420P10;
      if (frame.bit_depth == 12) return AV_PIX_FMT_YUV420P12;
      return full ? AV_PIX_FMT_YUVJ420P : AV_PIX_FMT_YUV420P;
    case PixelLayout::kYuv422:
      if (frame.bit_depth == 10) return AV_PIX_FMT_YUV422P10;
      return full ? AV_PIX_FMT_YUVJ422P : AV_PIX_FMT_YUV422P;
    case PixelLayout::kYuv444:
      if (frame.bit_depth == 10) return AV_PIX_FMT_YUV444P10;
      return full ? AV_PIX_FMT_YUVJ444P : AV_PIX_FMT_YUV444P;
    case PixelLayout::kGray:
      return frame.bit_depth == 10 ? AV_PIX_FMT_GRAY10 : AV_PIX_FMT_GRAY8;
    default:
      return AV_PIX_FMT_BGR24;
  }
}

/// The whole stored picture through libswscale as OpenCV calls it; with `by_stream`, told the
/// matrix and range first.
Image swscaled(const Frame& frame, bool by_stream = false) {
  Image out(frame.stored_width, frame.stored_height, 3);
  // Room behind each row, as a decoder's buffers have: swscale works in blocks.
  const int stride = (frame.stored_width * 3 + 63) / 32 * 32 + 64;
  std::vector<std::uint8_t> rows(static_cast<std::size_t>(stride) * frame.stored_height + 64);
  SwsContext* scaler =
      sws_getContext(frame.stored_width, frame.stored_height, swsFormat(frame), frame.stored_width,
                     frame.stored_height, AV_PIX_FMT_BGR24, SWS_BICUBIC, nullptr, nullptr, nullptr);
  if (by_stream) {
    const int space = frame.matrix == YuvMatrix::kBt709    ? SWS_CS_ITU709
                      : frame.matrix == YuvMatrix::kBt2020 ? SWS_CS_BT2020
                                                           : SWS_CS_ITU601;
    sws_setColorspaceDetails(scaler, sws_getCoefficients(space), frame.full_range ? 1 : 0,
                             sws_getCoefficients(SWS_CS_DEFAULT), 1, 0, 1 << 16, 1 << 16);
  }
  const std::uint8_t* from[4] = {};
  int strides[4] = {};
  for (int k = 0; k < (isYuv(frame.layout) ? 3 : 1); ++k) {
    from[k] = frame.planes[k].data;
    strides[k] = static_cast<int>(frame.planes[k].stride);
  }
  std::uint8_t* to[4] = {rows.data()};
  const int to_stride[4] = {stride};
  sws_scale(scaler, from, strides, 0, frame.stored_height, to, to_stride);
  sws_freeContext(scaler);
  for (int y = 0; y < out.height(); ++y) {
    std::copy_n(rows.data() + static_cast<std::ptrdiff_t>(y) * stride, out.width() * 3, out.row(y));
  }
  return out;
}

/// Turned to display orientation pixel by pixel.
Image displayed(const Image& stored, const Orientation& orientation) {
  const bool swaps = orientation.swapsAxes();
  Image out(swaps ? stored.height() : stored.width(), swaps ? stored.width() : stored.height(),
            stored.channels());
  const Affine map = displayToStored(orientation, stored.width(), stored.height());
  for (int y = 0; y < out.height(); ++y) {
    for (int x = 0; x < out.width(); ++x) {
      const int sx = static_cast<int>(map.xx * x + map.xy * y + map.x0);
      const int sy = static_cast<int>(map.yx * x + map.yy * y + map.y0);
      std::copy_n(stored.at(sx, sy), stored.channels(), out.at(x, y));
    }
  }
  return out;
}

int largestDifference(const Image& a, const Image& whole, const Region& at) {
  EXPECT_EQ(a.width(), at.width);
  EXPECT_EQ(a.height(), at.height);
  int largest = 0;
  for (int y = 0; y < at.height; ++y) {
    for (int k = 0; k < at.width * a.channels(); ++k) {
      largest = std::max(largest, std::abs(a.row(y)[k] - whole.at(at.x, at.y + y)[k]));
    }
  }
  return largest;
}

Image grayOf(const Image& bgr) {
  Image gray(bgr.width(), bgr.height(), 1);
  for (int y = 0; y < bgr.height(); ++y) {
    for (int x = 0; x < bgr.width(); ++x) {
      const std::uint8_t* p = bgr.at(x, y);
      *gray.at(x, y) =
          static_cast<std::uint8_t>((3735 * p[0] + 19235 * p[1] + 9798 * p[2] + 16384) >> 15);
    }
  }
  return gray;
}

constexpr Region kAll{0, 0, 1 << 20, 1 << 20};

// libswscale's fast routines differ between processors; ours are those of x86.
#if defined(__x86_64__)
constexpr bool kSwscaleIsTheReference = true;
#else
constexpr bool kSwscaleIsTheReference = false;
#endif

struct Colour {
  bool full_range;
  YuvMatrix matrix;
};
constexpr Colour kColours[] = {{false, YuvMatrix::kBt601},  {true, YuvMatrix::kBt601},
                               {false, YuvMatrix::kBt709},  {true, YuvMatrix::kBt709},
                               {false, YuvMatrix::kBt2020}, {true, YuvMatrix::kBt2020}};

class Exact : public ::testing::TestWithParam<PixelLayout> {};

TEST_P(Exact, EqualsSwscaleToTheBit) {
  if (!kSwscaleIsTheReference) GTEST_SKIP() << "libswscale's x86 routines are the reference";
  for (const auto& [width, height] : {std::pair(64, 48), {66, 50}, {650, 38}, {18, 16}}) {
    for (const Colour& colour : kColours) {
      Frame frame = makeFrame({width, height, GetParam()}, noise(width));
      if (isYuv(frame.layout)) {
        frame.full_range = frame.full_range_format = colour.full_range;
        frame.matrix = colour.matrix;
      }
      Image bgr, gray;
      FrameConverter opencv;
      opencv.toBgr(frame, kAll, bgr);
      opencv.toGray(frame, kAll, gray);
      const Image expected = swscaled(frame);
      EXPECT_EQ(largestDifference(bgr, expected, {0, 0, width, height}), 0);
      EXPECT_EQ(largestDifference(gray, grayOf(expected), {0, 0, width, height}), 0);

      FrameConverter tagged(ColorRule::kStream);
      tagged.toBgr(frame, kAll, bgr);
      EXPECT_EQ(largestDifference(bgr, swscaled(frame, true), {0, 0, width, height}), 0);
    }
  }
}

INSTANTIATE_TEST_SUITE_P(Layouts, Exact,
                         ::testing::Values(PixelLayout::kYuv420, PixelLayout::kYuv422,
                                           PixelLayout::kYuv444, PixelLayout::kGray,
                                           PixelLayout::kBgr24));

TEST(Convert, EveryColourMatchesSwscale) {
  if (!kSwscaleIsTheReference) GTEST_SKIP() << "libswscale's x86 routines are the reference";
  // All of Y x U x V in steps that meet both ends.
  const auto level = [](int k) { return std::min(255, k * 5); };
  const Frame frame = makeFrame({104 * 2, 52 * 52, PixelLayout::kYuv420}, [&](int c, int x, int y) {
    if (c == 0) return level((x / 2) % 52);
    return c == 1 ? level((y / 26) % 52) : level(y % 52);
  });
  Image bgr;
  toBgr(frame, kAll, bgr);
  EXPECT_EQ(largestDifference(bgr, swscaled(frame), {0, 0, bgr.width(), bgr.height()}), 0);
}

TEST(Convert, RegionsAndTurnsAreCutsOfTheWhole) {
  const Region regions[] = {{0, 0, 7, 5}, {3, 5, 21, 9}, {11, 2, 1, 1}, {5, 3, 40, 33}};
  for (const PixelLayout layout : {PixelLayout::kYuv420, PixelLayout::kYuv422, PixelLayout::kYuv444,
                                   PixelLayout::kGray, PixelLayout::kBgr24}) {
    for (const Orientation& orientation : testing::allOrientations()) {
      Frame frame = makeFrame({71, 53, layout, 8}, noise(7));
      Image whole;
      toBgr(frame, kAll, whole);
      frame.orientation = orientation;
      const Image expected = displayed(whole, orientation);
      const Image expected_gray = grayOf(expected);
      FrameConverter converter;
      Image bgr, gray;
      for (const Region& region : regions) {
        EXPECT_EQ(converter.toBgr(frame, region, bgr), region);
        EXPECT_EQ(converter.toGray(frame, region, gray), region);
        EXPECT_EQ(largestDifference(bgr, expected, region), 0);
        EXPECT_EQ(largestDifference(gray, expected_gray, region), 0);
      }
    }
  }
}

TEST(Convert, ReturnsThePartInsideThePicture) {
  const Frame frame = makeFrame({32, 24}, noise(3));
  Image bgr;
  EXPECT_EQ(toBgr(frame, {-4, 20, 10, 10}, bgr), (Region{0, 20, 6, 4}));
  EXPECT_EQ(bgr.width(), 6);
  EXPECT_TRUE(toBgr(frame, {40, 0, 5, 5}, bgr).empty());
  EXPECT_TRUE(bgr.empty());
}

TEST(Convert, DeepFramesEqualSwscaleInEveryRegion) {
  const std::pair<PixelLayout, int> kinds[] = {{PixelLayout::kYuv420, 10},
                                               {PixelLayout::kYuv420, 12},
                                               {PixelLayout::kYuv422, 10},
                                               {PixelLayout::kYuv444, 10},
                                               {PixelLayout::kGray, 10}};
  for (const auto& [layout, depth] : kinds) {
    for (const Colour& colour : {kColours[0], kColours[2], kColours[3]}) {
      Frame frame = makeFrame({96, 120, layout, depth}, noise(5));
      frame.matrix = colour.matrix;
      if (isYuv(layout)) frame.full_range = colour.full_range;
      FrameConverter converter(ColorRule::kStream);
      const Image expected = swscaled(frame, true);
      Image bgr;
      for (const Region& region : {Region{0, 0, 96, 120}, {13, 41, 30, 25}, {64, 96, 32, 24}}) {
        EXPECT_EQ(converter.toBgr(frame, region, bgr), region);
        EXPECT_EQ(largestDifference(bgr, expected, region), 0)
            << "layout " << static_cast<int>(layout) << " depth " << depth;
      }
      Frame turned = frame;
      turned.orientation = {true, 3};
      const Region region{20, 30, 50, 40};
      converter.toBgr(turned, region, bgr);
      EXPECT_EQ(largestDifference(bgr, displayed(expected, turned.orientation), region), 0);
    }
  }
}

}  // namespace
}  // namespace frontalis
