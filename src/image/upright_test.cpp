#include "image/upright.h"

#include <gtest/gtest.h>

#include <cmath>

#include "image/convert.h"
#include "image/geometry.h"
#include "support/test_frames.h"

namespace frontalis {
namespace {

using testing::makeFrame;

TEST(Uprighter, PassesOnWhatIsUprightAlready) {
  const Frame frame = makeFrame({63, 40}, testing::noise(1));
  Uprighter uprighter;
  const Result<Frame> same = uprighter.make(frame);
  ASSERT_TRUE(same.ok());
  EXPECT_EQ(same->planes[0].data, frame.planes[0].data);
}

TEST(Uprighter, TurnsEveryPlaneAsItIsDisplayed) {
  Uprighter uprighter;
  for (const Orientation& orientation : testing::allOrientations()) {
    if (orientation.identity()) continue;
    const Frame frame =
        makeFrame({66, 40, PixelLayout::kYuv420, 8, orientation}, testing::noise(2));
    const Result<Frame> upright = uprighter.make(frame);
    ASSERT_TRUE(upright.ok());
    EXPECT_TRUE(upright->orientation.identity());
    EXPECT_EQ(upright->stored_width, frame.width());
    EXPECT_EQ(upright->stored_height, frame.height());
    for (int k = 0; k < 3; ++k) {
      const Plane& from = frame.planes[k];
      const Plane& to = upright->planes[k];
      const Affine stored = displayToStored(orientation, from.width, from.height);
      for (int y = 0; y < to.height; ++y) {
        for (int x = 0; x < to.width; ++x) {
          const Point2f p = stored({static_cast<float>(x), static_cast<float>(y)});
          ASSERT_EQ(to.data[y * to.stride + x],
                    from.data[static_cast<int>(p.y) * from.stride + static_cast<int>(p.x)]);
        }
      }
    }
  }
}

TEST(Uprighter, OtherLayoutsShowTheSamePicture) {
  Uprighter uprighter;
  for (const auto& [layout, depth] : {std::pair{PixelLayout::kYuv420, 10},
                                      {PixelLayout::kYuv422, 8},
                                      {PixelLayout::kYuv422, 12},
                                      {PixelLayout::kYuv444, 8},
                                      {PixelLayout::kGray, 8},
                                      {PixelLayout::kBgr24, 8}}) {
    const Frame frame = makeFrame({96, 64, layout, depth, {true, 1}}, testing::scenery(24));
    const Result<Frame> upright = uprighter.make(frame);
    ASSERT_TRUE(upright.ok());
    ASSERT_EQ(upright->layout, PixelLayout::kYuv420);
    ASSERT_EQ(upright->bit_depth, 8);
    constexpr Region kAll{0, 0, 1 << 20, 1 << 20};
    Image a, b;
    toBgr(frame, kAll, a, ColorRule::kStream);
    toBgr(*upright, kAll, b, ColorRule::kStream);
    ASSERT_EQ(a.bytes(), b.bytes());
    double sum = 0;
    for (std::size_t i = 0; i < a.bytes(); ++i) sum += std::abs(a.data()[i] - b.data()[i]);
    EXPECT_LT(sum / static_cast<double>(a.bytes()), 2.5)
        << static_cast<int>(layout) << ", " << depth << " bits";
  }
}

}  // namespace
}  // namespace frontalis
