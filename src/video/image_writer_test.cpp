#include "video/image_writer.h"

#include <gtest/gtest.h>

#include "image/convert.h"
#include "video/frame_source.h"

namespace frontalis {
namespace {

Image gradient(int width, int height, int channels) {
  Image image(width, height, channels);
  for (int y = 0; y < height; ++y) {
    for (int x = 0; x < width; ++x) {
      for (int c = 0; c < channels; ++c) {
        image.at(x, y)[c] = static_cast<std::uint8_t>(40 + 2 * x + 3 * y + 30 * c);
      }
    }
  }
  return image;
}

TEST(ImageWriter, WhatIsWrittenReadsBack) {
  const auto folder = std::filesystem::path(::testing::TempDir()) / "image_writer";
  std::filesystem::remove_all(folder);
  const Image image = gradient(33, 21, 3);
  for (const auto& [name, tolerance] : {std::pair{"a.bmp", 0}, {"a.png", 0}, {"a.jpg", 6}}) {
    ASSERT_TRUE(writeImage(folder / name, image).ok()) << name;
    auto source = openFrameSource(folder / name);
    ASSERT_TRUE(source.ok()) << source.error().text();
    const auto frame = (*source)->next();
    ASSERT_TRUE(frame.ok() && *frame);
    Image back;
    toBgr(**frame, {0, 0, 33, 21}, back, ColorRule::kStream);
    ASSERT_EQ(back.bytes(), image.bytes());
    for (std::size_t i = 0; i < image.bytes(); ++i) {
      ASSERT_NEAR(back.data()[i], image.data()[i], tolerance) << name << " " << i;
    }
  }
}

TEST(ImageWriter, ErrorsLeaveNoFile) {
  const auto path = std::filesystem::path(::testing::TempDir()) / "image_writer_none.xyz";
  EXPECT_EQ(writeImage(path, gradient(4, 4, 3)).error().code, ErrorCode::kInvalidArgument);
  EXPECT_EQ(writeImage(path, ImageView{}).error().code, ErrorCode::kInvalidArgument);
  EXPECT_FALSE(std::filesystem::exists(path));
}

}  // namespace
}  // namespace frontalis
