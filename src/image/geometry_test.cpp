#include "image/geometry.h"

#include <gtest/gtest.h>

#include <cmath>

#include "support/test_frames.h"

namespace frontalis {
namespace {

TEST(Affine, InverseUndoes) {
  const Affine map{1.2, -.3, 5, .4, .9, -7};
  const Affine back = map.inverse();
  const Point2f p = back(map({13, 21}));
  EXPECT_NEAR(p.x, 13, 1e-4);
  EXPECT_NEAR(p.y, 21, 1e-4);
  const Affine both = back.after(map);
  EXPECT_NEAR(both.xx, 1, 1e-12);
  EXPECT_NEAR(both.xy, 0, 1e-12);
  EXPECT_NEAR(both.x0, 0, 1e-12);
  EXPECT_EQ((Affine{1, 2, 0, 2, 4, 0}.inverse().xx), 0);
}

// Turned by the definition: flip the stored row, then turn clockwise quarter by quarter.
std::pair<int, int> displayOf(Orientation o, int x, int y, int width, int height) {
  if (o.flip_horizontal) x = width - 1 - x;
  for (int turn = 0; turn < o.clockwise_quarter_turns; ++turn) {
    const int turned_x = height - 1 - y;
    y = x;
    x = turned_x;
    std::swap(width, height);
  }
  return {x, y};
}

TEST(Orientation, DisplayToStoredFollowsTheDefinition) {
  for (const Orientation& o : testing::allOrientations()) {
    const Affine map = displayToStored(o, 5, 3);
    for (int y = 0; y < 3; ++y) {
      for (int x = 0; x < 5; ++x) {
        const auto [dx, dy] = displayOf(o, x, y, 5, 3);
        EXPECT_EQ(map.xx * dx + map.xy * dy + map.x0, x);
        EXPECT_EQ(map.yx * dx + map.yy * dy + map.y0, y);
      }
    }
  }
}

TEST(Orientation, MatrixOfEachIsRecognised) {
  for (const Orientation& o : testing::allOrientations()) {
    // The matrix of a container maps stored (1, 0) and (0, 1), seen from (0, 0).
    const auto [x0, y0] = displayOf(o, 0, 0, 2, 2);
    const auto [ax, ay] = displayOf(o, 1, 0, 2, 2);
    const auto [bx, by] = displayOf(o, 0, 1, 2, 2);
    const Orientation found = orientationFromMatrix(65536. * (ax - x0), 65536. * (ay - y0),
                                                    65536. * (bx - x0), 65536. * (by - y0));
    EXPECT_EQ(found.flip_horizontal, o.flip_horizontal);
    EXPECT_EQ(found.clockwise_quarter_turns, o.clockwise_quarter_turns);
  }
  EXPECT_TRUE(orientationFromMatrix(0, 0, 0, 0).identity());
  // 80 degrees clockwise is nearest to a quarter turn.
  const double a = 80 * 3.14159265358979 / 180;
  EXPECT_EQ(orientationFromMatrix(std::cos(a), std::sin(a), -std::sin(a), std::cos(a))
                .clockwise_quarter_turns,
            1);
}

TEST(Orientation, ExifTagsNameTheCornerOfTheFirstPixel) {
  // Exif 2.3, tag 0x0112: where the stored row 0 and column 0 are seen.
  struct Case {
    int tag;
    bool row0_top_or_left, col0_first, swaps;
  };
  const auto corner = [](int tag) { return displayOf(orientationFromExif(tag), 0, 0, 4, 3); };
  EXPECT_EQ(corner(1), std::pair(0, 0));
  EXPECT_EQ(corner(2), std::pair(3, 0));
  EXPECT_EQ(corner(3), std::pair(3, 2));
  EXPECT_EQ(corner(4), std::pair(0, 2));
  EXPECT_EQ(corner(5), std::pair(0, 0));
  EXPECT_EQ(corner(6), std::pair(2, 0));
  EXPECT_EQ(corner(7), std::pair(2, 3));
  EXPECT_EQ(corner(8), std::pair(0, 3));
  for (const int tag : {5, 6, 7, 8}) EXPECT_TRUE(orientationFromExif(tag).swapsAxes());
  for (const int tag : {0, 1, 9, -1}) EXPECT_TRUE(orientationFromExif(tag).identity());
}

TEST(Region, ClipsAndMapsToStored) {
  EXPECT_EQ((Region{-5, 2, 10, 100}.clippedTo(8, 6)), (Region{0, 2, 5, 4}));
  EXPECT_TRUE((Region{9, 0, 4, 4}.clippedTo(8, 6)).empty());
  EXPECT_TRUE((Region{2, 2, -3, 4}.clippedTo(8, 6)).empty());
  Frame frame;
  frame.stored_width = 8;
  frame.stored_height = 6;
  frame.orientation = {false, 1};
  EXPECT_EQ(storedRegion(frame, {0, 0, 6, 8}), (Region{0, 0, 8, 6}));
  EXPECT_EQ(storedRegion(frame, {0, 1, 2, 3}), (Region{1, 4, 3, 2}));
}

}  // namespace
}  // namespace frontalis
