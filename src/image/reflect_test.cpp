// Mirroring on the planes against the specification's formula in doubles, pixel by pixel.

#include "image/reflect.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstdlib>

#include "support/test_frames.h"

namespace frontalis {
namespace {

using testing::makeFrame;

/// Luma px of sample (0, 0) of plane k for centred chroma, and px per sample.
struct Grid {
  double origin, step;
};
Grid gridOf(int k) { return k == 0 ? Grid{0, 1} : Grid{0.5, 2}; }

double bilinear(const Plane& p, double x, double y) {
  x = std::clamp(x, 0.0, p.width - 1.0);
  y = std::clamp(y, 0.0, p.height - 1.0);
  const int x0 = std::min(static_cast<int>(x), std::max(p.width - 2, 0));
  const int y0 = std::min(static_cast<int>(y), std::max(p.height - 2, 0));
  const int x1 = std::min(x0 + 1, p.width - 1);
  const int y1 = std::min(y0 + 1, p.height - 1);
  const auto at = [&](int i, int j) { return static_cast<double>(p.data[j * p.stride + i]); };
  const double above = at(x0, y0) + (x - x0) * (at(x1, y0) - at(x0, y0));
  const double below = at(x0, y1) + (x - x0) * (at(x1, y1) - at(x0, y1));
  return above + (y - y0) * (below - above);
}

/// What a sample of a half should be (spec pipeline 11.5, blended along the line), and its distance
/// from the line into the kept half, px.
struct Expected {
  double value, distance;
};
Expected expectedAt(const Frame& frame, int k, int i, int j, const Line& line, LineSide kept) {
  const Grid grid = gridOf(k);
  const double x = grid.origin + grid.step * i;
  const double y = grid.origin + grid.step * j;
  const double nx = -line.direction.y;
  const double ny = line.direction.x;
  const double d = (x - line.point.x) * nx + (y - line.point.y) * ny;
  const double reflected = bilinear(frame.planes[k], (x - 2 * d * nx - grid.origin) / grid.step,
                                    (y - 2 * d * ny - grid.origin) / grid.step);
  const double own = bilinear(frame.planes[k], i, j);
  const double into = kept == LineSide::kPositive ? d : -d;
  const double share = std::clamp((into + kBlendHalfWidth) / (2 * kBlendHalfWidth), 0.0, 1.0);
  return {reflected + share * (own - reflected), into};
}

Line lineAt(float x, float y, double degrees) {
  const double radians = degrees / 180 * 3.14159265358979;
  return {{x, y}, {static_cast<float>(std::sin(radians)), static_cast<float>(std::cos(radians))}};
}

int valueAt(const Frame& frame, int k, int i, int j) {
  return frame.planes[k].data[j * frame.planes[k].stride + i];
}

template <class Use>
void forEachSample(const Frame& frame, Use&& use) {
  for (int k = 0; k < 3; ++k) {
    for (int j = 0; j < frame.planes[k].height; ++j) {
      for (int i = 0; i < frame.planes[k].width; ++i) use(k, i, j);
    }
  }
}

TEST(Reflect, EverySampleIsTheFormulasWithinOneLevel) {
  FramePool pool;
  // Odd sizes, lines of any direction, through the middle, near the border and outside.
  for (const auto& [width, height] : {std::pair{203, 117}, {64, 90}, {9, 5}}) {
    const Frame frame = makeFrame({width, height}, testing::noise(7));
    for (const double degrees : {0.0, 7.3, -21.0, 90.0, 178.0}) {
      for (const float share : {0.5f, 0.93f, -0.2f}) {
        const Line line = lineAt(share * static_cast<float>(width) + 0.37f,
                                 0.4f * static_cast<float>(height), degrees);
        for (const LineSide kept : {LineSide::kPositive, LineSide::kNegative}) {
          const Frame half = reflect(frame, line, kept, pool);
          int worst = 0;
          forEachSample(half, [&](int k, int i, int j) {
            const double wanted = expectedAt(frame, k, i, j, line, kept).value;
            worst = std::max(
                worst, static_cast<int>(std::ceil(std::abs(valueAt(half, k, i, j) - wanted) - 1)));
          });
          EXPECT_LE(worst, 0) << width << " x " << height << ", " << degrees << " degrees";
        }
      }
    }
  }
}

/// The application's own way: blended in each row, six columns wide (spec pipeline 11.5).
TEST(Reflect, AnUprightFaceIsTheApplicationsPictureOutsideTheBlendedStrip) {
  FramePool pool;
  const Frame frame = makeFrame({160, 120}, testing::scenery(9));
  const Line line{{78.3f, 30}, {0, 1}};
  const Frame right = reflect(frame, line, LineSide::kPositive, pool);
  const Frame left = reflect(frame, line, LineSide::kNegative, pool);
  for (int y = 0; y < 120; ++y) {
    for (int x = 0; x < 160; ++x) {
      const int middle = static_cast<int>(line.point.x);
      if (x >= middle - 3 && x <= middle + 4) continue;
      const double d = double{line.point.x} - x;
      const double reflected = bilinear(frame.planes[0], x + 2 * d, y);
      const double own = valueAt(frame, 0, x, y);
      EXPECT_NEAR(valueAt(right, 0, x, y), d >= 0 ? own : reflected, 1) << x << ", " << y;
      EXPECT_NEAR(valueAt(left, 0, x, y), d <= 0 ? own : reflected, 1) << x << ", " << y;
    }
  }
}

TEST(Reflect, ASymmetricPictureStaysAsItIsToTheBit) {
  FramePool pool;
  const Frame frame = makeFrame({127, 40}, [](int c, int x, int y) {
    const int last = c == 0 ? 126 : 63;
    const int from_middle = std::abs(2 * x - last);
    return 20 + (from_middle * 37 + y * 11 + c * 5) % 200;
  });
  // Luma mirrors at column 63; chroma, centred between two, at luma column 63.5.
  for (int k = 0; k < 3; ++k) {
    const Line line{{k == 0 ? 63.f : 63.5f, 0}, {0, 1}};
    const Frame right = reflect(frame, line, LineSide::kPositive, pool);
    const Frame left = reflect(frame, line, LineSide::kNegative, pool);
    forEachSample(frame, [&](int plane, int i, int j) {
      if (plane != k) return;
      EXPECT_EQ(valueAt(right, k, i, j), valueAt(frame, k, i, j));
      EXPECT_EQ(valueAt(left, k, i, j), valueAt(frame, k, i, j));
    });
  }
}

TEST(Reflect, MirroringTheInputSwapsTheHalves) {
  FramePool pool;
  const testing::PlanePattern pattern = [](int c, int x, int y) {
    return 30 + (x * x / 7 + 13 * y + 3 * x + 40 * c) % 190;
  };
  const Frame frame = makeFrame({100, 60}, pattern);
  const Frame flipped = makeFrame(
      {100, 60}, [&](int c, int x, int y) { return pattern(c, (c == 0 ? 99 : 49) - x, y); });
  const Line line = lineAt(46.2f, 20, 6);
  const Line flipped_line{{99 - line.point.x, line.point.y}, {-line.direction.x, line.direction.y}};
  const Frame right = reflect(frame, line, LineSide::kPositive, pool);
  const Frame left_of_flipped = reflect(flipped, flipped_line, LineSide::kNegative, pool);
  forEachSample(right, [&](int k, int i, int j) {
    const int mirrored = right.planes[k].width - 1 - i;
    EXPECT_NEAR(valueAt(right, k, i, j), valueAt(left_of_flipped, k, mirrored, j), 1);
  });
}

TEST(FramePool, MemoryComesBackAndOutlivesThePool) {
  Frame last;
  {
    FramePool pool;
    const std::uint8_t* first = pool.take({}, 64, 48).planes[0];
    EXPECT_EQ(pool.take({}, 64, 48).planes[0], first);
    const WritableFrame written = pool.take({}, 64, 48);
    written.planes[0][0] = 77;
    last = written.frame;
  }
  EXPECT_EQ(last.planes[0].data[0], 77);
  EXPECT_EQ(last.planes[2].height, 24);
}

}  // namespace
}  // namespace frontalis
