#include "image/reduce.h"

#include <gtest/gtest.h>

#include <cstdlib>
#include <opencv2/imgproc.hpp>

#include "image/convert.h"
#include "support/test_frames.h"

namespace frontalis {
namespace {

using testing::makeFrame;
using testing::scenery;

constexpr Region kAll{0, 0, 1 << 20, 1 << 20};

/// Converted whole and shrunk by OpenCV.
Image shrunk(const Frame& frame, int width, int height) {
  Image bgr;
  toBgr(frame, kAll, bgr, ColorRule::kStream);
  const cv::Mat from(bgr.height(), bgr.width(), CV_8UC3, bgr.data());
  Image out(width, height, 3);
  cv::Mat to(height, width, CV_8UC3, out.data());
  cv::resize(from, to, to.size(), 0, 0, cv::INTER_AREA);
  return out;
}

double meanDifference(const Image& a, const Image& b) {
  EXPECT_EQ(a.width(), b.width());
  EXPECT_EQ(a.height(), b.height());
  double sum = 0;
  for (std::size_t k = 0; k < a.bytes(); ++k) sum += std::abs(a.data()[k] - b.data()[k]);
  return sum / static_cast<double>(a.bytes());
}

struct Case {
  int width, height, longest;
  PixelLayout layout;
  int bit_depth;
};

class Reduce : public ::testing::TestWithParam<Case> {};

TEST_P(Reduce, CloseToConvertThenAreaAverage) {
  const Case& c = GetParam();
  for (const Orientation& orientation :
       {Orientation{}, Orientation{false, 1}, Orientation{true, 2}, Orientation{true, 3}}) {
    Frame frame =
        makeFrame({c.width, c.height, c.layout, c.bit_depth, orientation}, scenery(c.width / 40.0));
    frame.matrix = YuvMatrix::kBt709;
    const Size size = reducedSize(frame, c.longest);
    Reducer reducer;
    Image bgr;
    reducer.reduce(frame, size.width, size.height, bgr);
    EXPECT_LT(meanDifference(bgr, shrunk(frame, size.width, size.height)), 1.5);
    EXPECT_EQ(std::max(bgr.width(), bgr.height()), std::min(c.longest, c.width));
  }
}

INSTANTIATE_TEST_SUITE_P(Sizes, Reduce,
                         ::testing::Values(Case{640, 360, 320, PixelLayout::kYuv420, 8},
                                           Case{960, 540, 320, PixelLayout::kYuv420, 8},
                                           Case{1920, 1080, 320, PixelLayout::kYuv420, 8},
                                           Case{853, 481, 320, PixelLayout::kYuv420, 8},
                                           Case{1280, 720, 300, PixelLayout::kYuv422, 8},
                                           Case{720, 480, 320, PixelLayout::kYuv444, 8},
                                           Case{960, 540, 320, PixelLayout::kYuv420, 10},
                                           Case{640, 480, 320, PixelLayout::kYuv444, 12},
                                           Case{641, 359, 320, PixelLayout::kGray, 8},
                                           Case{700, 500, 320, PixelLayout::kBgr24, 8},
                                           Case{200, 150, 320, PixelLayout::kYuv420, 8},
                                           Case{8192, 96, 320, PixelLayout::kYuv420, 8}));

TEST(Reducer, ReusedForOtherFramesGivesTheSame) {
  const Frame small = makeFrame({321, 200, PixelLayout::kYuv420}, scenery(9));
  const Frame deep = makeFrame({500, 400, PixelLayout::kYuv422, 10}, scenery(9));
  const Frame packed = makeFrame({500, 400, PixelLayout::kBgr24}, scenery(9));
  Reducer reused;
  for (const Frame* frame : {&small, &deep, &packed, &small, &packed}) {
    Image again, fresh;
    reused.reduce(*frame, 160, 100, again);
    Reducer().reduce(*frame, 160, 100, fresh);
    EXPECT_EQ(meanDifference(again, fresh), 0);
  }
}

TEST(Reducer, FlatStaysFlat) {
  for (const PixelLayout layout : {PixelLayout::kYuv420, PixelLayout::kBgr24}) {
    const Frame frame = makeFrame({643, 367, layout}, [](int c, int, int) { return 90 + 20 * c; });
    Image bgr, one;
    Reducer().reduce(frame, 317, 113, bgr);
    toBgr(frame, {0, 0, 1, 1}, one, ColorRule::kStream);
    for (int k = 0; k < 317 * 113 * 3; ++k) ASSERT_EQ(bgr.data()[k], one.data()[k % 3]) << k;
  }
}

TEST(Reducer, AnySize) {
  const Frame dot = makeFrame({1, 1}, [](int, int, int) { return 128; });
  Image bgr;
  Reducer().reduce(dot, 1, 1, bgr);
  EXPECT_EQ(bgr.bytes(), 3u);
  const Frame strip = makeFrame({3000, 2}, scenery(5));
  EXPECT_EQ(reducedSize(strip, 320).height, 1);
  Reducer().reduce(strip, 320, 1, bgr);
  EXPECT_EQ(bgr.width(), 320);
}

}  // namespace
}  // namespace frontalis
