#include "image/sample.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <limits>
#include <opencv2/imgproc.hpp>
#include <vector>

#include "image/convert.h"
#include "support/test_frames.h"

namespace frontalis {
namespace {

using testing::makeFrame;
using testing::noise;
using testing::scenery;

constexpr Region kAll{0, 0, 1 << 20, 1 << 20};

/// The display picture in real numbers: chroma interpolated between its centred samples, the
/// matrix written out from its definition (red and blue weights of luma).
Image trueColours(const Frame& frame) {
  const auto [kr, kb] = frame.matrix == YuvMatrix::kBt709    ? std::pair(.2126, .0722)
                        : frame.matrix == YuvMatrix::kBt2020 ? std::pair(.2627, .0593)
                                                             : std::pair(.299, .114);
  const auto sample = [&](int k, double x, double y) {
    const Plane& p = frame.planes[k];
    const auto at = [&](int column, int row) {
      column = std::clamp(column, 0, p.width - 1);
      row = std::clamp(row, 0, p.height - 1);
      const std::uint8_t* line = p.data + row * p.stride;
      if (frame.bit_depth == 8) return static_cast<double>(line[column]);
      return static_cast<double>(line[2 * column] + 256 * line[2 * column + 1]) /
             (1 << (frame.bit_depth - 8));
    };
    const int x0 = static_cast<int>(std::floor(x));
    const int y0 = static_cast<int>(std::floor(y));
    const double fx = x - x0;
    const double fy = y - y0;
    return (1 - fy) * ((1 - fx) * at(x0, y0) + fx * at(x0 + 1, y0)) +
           fy * ((1 - fx) * at(x0, y0 + 1) + fx * at(x0 + 1, y0 + 1));
  };
  const auto byteOf = [](double v) {
    return static_cast<std::uint8_t>(std::lround(std::clamp(v, 0., 255.)));
  };
  const Affine map = displayToStored(frame.orientation, frame.stored_width, frame.stored_height);
  const double sub_x = 1 << chromaShiftX(frame.layout);
  const double sub_y = 1 << chromaShiftY(frame.layout);
  Image bgr(frame.width(), frame.height(), 3);
  for (int row = 0; row < bgr.height(); ++row) {
    for (int column = 0; column < bgr.width(); ++column) {
      const double x = map.xx * column + map.xy * row + map.x0;
      const double y = map.yx * column + map.yy * row + map.y0;
      const double luma = (sample(0, x, y) - 16) * 255 / 219;
      const double cx = (x + .5) / sub_x - .5;
      const double cy = (y + .5) / sub_y - .5;
      const double u = (sample(1, cx, cy) - 128) * 255 / 112;
      const double v = (sample(2, cx, cy) - 128) * 255 / 112;
      std::uint8_t* p = bgr.at(column, row);
      p[0] = byteOf(luma + (1 - kb) * u);
      p[1] = byteOf(luma - (kb * (1 - kb) * u + kr * (1 - kr) * v) / (1 - kr - kb));
      p[2] = byteOf(luma + (1 - kr) * v);
    }
  }
  return bgr;
}

/// Warped by OpenCV.
Image warped(Image bgr, const Affine& map, int width, int height, Border border) {
  const cv::Mat from(bgr.height(), bgr.width(), CV_8UC3, bgr.data());
  Image out(width, height, 3);
  cv::Mat to(height, width, CV_8UC3, out.data());
  const cv::Mat matrix = (cv::Mat_<double>(2, 3) << map.xx, map.xy, map.x0, map.yx, map.yy, map.y0);
  cv::warpAffine(from, to, matrix, to.size(), cv::INTER_LINEAR | cv::WARP_INVERSE_MAP,
                 border == Border::kZero ? cv::BORDER_CONSTANT : cv::BORDER_REPLICATE);
  return out;
}

double meanDifference(const Image& a, const Image& b) {
  double sum = 0;
  for (std::size_t k = 0; k < a.bytes(); ++k) sum += std::abs(a.data()[k] - b.data()[k]);
  return sum / static_cast<double>(a.bytes());
}

/// A crop turned by `angle` around a point of the display.
Affine crop(double x, double y, double angle, double scale, int size) {
  const double c = scale * std::cos(angle);
  const double s = scale * std::sin(angle);
  const double half = (size - 1) / 2.0;
  return {c, -s, x - c * half + s * half, s, c, y - s * half - c * half};
}

struct Kind {
  PixelLayout layout;
  int bit_depth;
};

class Sample : public ::testing::TestWithParam<Kind> {};

TEST_P(Sample, CloseToConvertThenWarp) {
  const int size = 131;
  for (const Orientation& orientation : testing::allOrientations()) {
    Frame frame =
        makeFrame({320, 240, GetParam().layout, GetParam().bit_depth, orientation}, scenery(14));
    frame.matrix = orientation.flip_horizontal ? YuvMatrix::kBt709 : YuvMatrix::kBt2020;
    Image opencv;
    toBgr(frame, kAll, opencv);
    Image truth = isYuv(frame.layout) ? trueColours(frame) : opencv;
    for (const Border border : {Border::kReplicate, Border::kZero}) {
      for (const Affine& map : {crop(120, 110, .3, .7, size), crop(20, 30, -1.1, 1.0, size),
                                crop(300, 200, 2.5, 1.6, size)}) {
        Image bgr;
        sampleAffine(frame, map, size, size, border, bgr);
        EXPECT_LT(meanDifference(bgr, warped(truth, map, size, size, border)), 0.5);
        sampleAffine(frame, map, size, size, border, bgr, ColorRule::kOpenCv);
        EXPECT_LT(meanDifference(bgr, warped(opencv, map, size, size, border)), 0.9);
      }
    }
  }
}

TEST_P(Sample, AllOutputsAgree) {
  const Frame frame =
      makeFrame({75, 61, GetParam().layout, GetParam().bit_depth, {true, 1}}, noise(11));
  const Affine map = crop(30, 35, .4, 1.3, 50);
  const int width = 53;
  const int height = 41;
  const std::size_t pixels = 53 * 41;
  std::vector<float> interleaved(3 * pixels), planar(3 * pixels);
  Image bgr;
  for (const Border border : {Border::kReplicate, Border::kZero}) {
    sampleAffine(frame, map, width, height, border, interleaved.data());
    sampleAffine(frame, map, width, height, border, planar.data(), TensorOrder::kPlanar);
    sampleAffine(frame, map, width, height, border, bgr);
    for (std::size_t k = 0; k < pixels; ++k) {
      for (std::size_t c = 0; c < 3; ++c) {
        ASSERT_EQ(interleaved[3 * k + c], planar[c * pixels + k]);
        ASSERT_EQ(bgr.data()[3 * k + 2 - c],
                  static_cast<int>(interleaved[3 * k + c] * 255.f + .5f));
      }
    }
  }
}

// Crops narrower than a vector take the scalar way.
TEST_P(Sample, VectorAndScalarAgreeToTheBit) {
  const Frame frame = makeFrame({64, 48, GetParam().layout, GetParam().bit_depth}, noise(13));
  const Affine map = crop(20, 10, .7, 1.1, 30);
  const int size = 64;
  const int narrow = 7;
  std::vector<float> whole(3 * size * size), strip(3 * narrow * size);
  for (const Border border : {Border::kReplicate, Border::kZero}) {
    sampleAffine(frame, map, size, size, border, whole.data());
    sampleAffine(frame, map, narrow, size, border, strip.data());
    for (int row = 0; row < size; ++row) {
      for (int k = 0; k < 3 * narrow; ++k) {
        ASSERT_EQ(strip[3 * narrow * row + k], whole[3 * size * row + k]);
      }
    }
  }
}

INSTANTIATE_TEST_SUITE_P(
    Kinds, Sample,
    ::testing::Values(Kind{PixelLayout::kYuv420, 8}, Kind{PixelLayout::kYuv422, 8},
                      Kind{PixelLayout::kYuv444, 8}, Kind{PixelLayout::kYuv420, 10},
                      Kind{PixelLayout::kYuv422, 12}, Kind{PixelLayout::kGray, 8},
                      Kind{PixelLayout::kGray, 10}, Kind{PixelLayout::kBgr24, 8}));

/// Colour (U) that grows by 2 per luma pixel from 60 at x = 0, sampled where `siting` says.
double blueAt(ChromaSiting siting, double x) {
  const double offset = siting == ChromaSiting::kCenter ? .5 : 0;
  Frame frame = makeFrame({64, 64, PixelLayout::kYuv420}, [offset](int c, int column, int) {
    return c == 1 ? static_cast<int>(60 + 2 * (2 * column + offset)) : 128;
  });
  frame.siting = siting;
  float rgb[3];
  sampleAffine(frame, {1, 0, x, 0, 1, 20}, 1, 1, Border::kReplicate, rgb);
  return 255 * static_cast<double>(rgb[2]);
}

TEST(SampleAffine, ChromaLiesWhereTheSitingSays) {
  // U = 60 + 2 x at each pixel whatever the siting: B = 1.1644 (Y - 16) + 2.0172 (U - 128).
  for (const ChromaSiting siting :
       {ChromaSiting::kLeft, ChromaSiting::kCenter, ChromaSiting::kTopLeft}) {
    for (const double x : {20., 21., 22.5, 30.25}) {
      const double expected = 255. / 219 * 112 + 2.01723 * (60 + 2 * x - 128);
      EXPECT_NEAR(blueAt(siting, x), expected, .1);
    }
  }
}

TEST(SampleAffine, KnownColours) {
  // Limited-range white, black and the red primary of BT.601 and BT.709.
  struct Case {
    YuvMatrix matrix;
    int y, u, v;
    float r, g, b;
  };
  for (const Case& c : {Case{YuvMatrix::kBt601, 235, 128, 128, 1, 1, 1},
                        Case{YuvMatrix::kBt601, 16, 128, 128, 0, 0, 0},
                        Case{YuvMatrix::kBt601, 81, 90, 240, 1, 0, 0},
                        Case{YuvMatrix::kBt709, 63, 102, 240, 1, 0, 0},
                        Case{YuvMatrix::kBt2020, 74, 97, 240, 1, 0, 0}}) {
    for (const int depth : {8, 10}) {
      Frame frame = makeFrame({16, 16, PixelLayout::kYuv420, depth}, [&](int k, int, int) {
        return k == 0 ? c.y : k == 1 ? c.u : c.v;
      });
      frame.matrix = c.matrix;
      float rgb[3];
      sampleAffine(frame, {1, 0, 7, 0, 1, 7}, 1, 1, Border::kReplicate, rgb);
      EXPECT_NEAR(rgb[0], c.r, .01);
      EXPECT_NEAR(rgb[1], c.g, .01);
      EXPECT_NEAR(rgb[2], c.b, .01);
    }
  }
}

TEST(SampleAffine, TinyPicturesAndWildMapsStayInside) {
  const double huge = 1e30;
  const double nan = std::numeric_limits<double>::quiet_NaN();
  std::vector<float> rgb(3 * 16 * 16);
  for (const PixelLayout layout : {PixelLayout::kYuv420, PixelLayout::kGray, PixelLayout::kBgr24}) {
    for (const int depth : {8, 10}) {
      if (layout == PixelLayout::kBgr24 && depth > 8) continue;
      for (const auto& [width, height] : {std::pair(1, 1), {2, 2}, {3, 1}, {1, 9}, {40, 40}}) {
        const Frame frame = makeFrame({width, height, layout, depth}, noise(1));
        for (const Affine& map : {Affine{1, 0, -3, 0, 1, -3}, Affine{huge, 0, 0, 0, -huge, 0},
                                  Affine{nan, nan, nan, nan, nan, nan},
                                  Affine{1, 0, huge, 0, 1, nan}, Affine{0, 0, 0, 0, 0, 0}}) {
          for (const Border border : {Border::kReplicate, Border::kZero}) {
            sampleAffine(frame, map, 16, 16, border, rgb.data());
            for (const float value : rgb) ASSERT_TRUE(value >= 0 && value <= 1);
          }
        }
      }
    }
  }
}

TEST(SampleAffine, OutsideIsBlackOnlyWhenAskedFor) {
  const Frame frame =
      makeFrame({32, 32, PixelLayout::kYuv420}, [](int c, int, int) { return c == 0 ? 200 : 128; });
  float rgb[3];
  sampleAffine(frame, {1, 0, -1, 0, 1, 5}, 1, 1, Border::kZero, rgb);
  EXPECT_EQ(rgb[0], 0);
  sampleAffine(frame, {1, 0, -1, 0, 1, 5}, 1, 1, Border::kReplicate, rgb);
  EXPECT_GT(rgb[0], .8f);
  const float inside = rgb[0];
  // Half a pixel out: half of the neighbours count as black.
  sampleAffine(frame, {1, 0, 31.5, 0, 1, 5}, 1, 1, Border::kZero, rgb);
  EXPECT_NEAR(rgb[0], inside / 2, 1e-5);
}

}  // namespace
}  // namespace frontalis
