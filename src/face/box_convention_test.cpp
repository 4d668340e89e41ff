#include "face/box_convention.h"

#include <gtest/gtest.h>

namespace frontalis {
namespace {

TEST(BoxConvention, EachWayUndoesTheOther) {
  const Box detected{100, 50, 80, 110};
  const Box back = detectorBox(landmarkBox(detected));
  EXPECT_NEAR(back.x, detected.x, 1e-3);
  EXPECT_NEAR(back.y, detected.y, 1e-3);
  EXPECT_NEAR(back.width, detected.width, 1e-3);
  EXPECT_NEAR(back.height, detected.height, 1e-3);
}

TEST(BoxConvention, LandmarksLieInTheLowerThreeQuarters) {
  const Box box = landmarkBox({0, 0, 100, 100});
  EXPECT_GT(box.y, 20);
  EXPECT_NEAR(box.bottom(), 100, 3);
  EXPECT_NEAR(box.center().x, 50, 3);
}

TEST(BoxConvention, BoundingBoxIsTight) {
  Landmarks68 points;
  points.fill({5, 6});
  points[3] = {1, 9};
  points[60] = {8, 2};
  const Box box = boundingBox(points);
  EXPECT_EQ(box.x, 1);
  EXPECT_EQ(box.y, 2);
  EXPECT_EQ(box.right(), 8);
  EXPECT_EQ(box.bottom(), 9);
}

}  // namespace
}  // namespace frontalis
