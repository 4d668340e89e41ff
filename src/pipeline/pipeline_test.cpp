// The caller's own frames: the same rows as Extractor's, whatever the format they come in.

#include "frontalis/pipeline.h"

#include <gtest/gtest.h>

#include <limits>
#include <vector>

#include "image/convert.h"
#include "support/paths.h"
#include "video/video_reader.h"

namespace frontalis {
namespace {

using testing::sample;

std::vector<Frame> decoded(const std::filesystem::path& path, std::size_t count) {
  auto reader = VideoReader::open(path);
  EXPECT_TRUE(reader.ok()) << reader.error().text();
  std::vector<Frame> frames;
  while (frames.size() < count) {
    auto frame = reader->next();
    EXPECT_TRUE(frame.ok()) << frame.error().text();
    if (!*frame) break;
    frames.push_back(*std::move(*frame));
  }
  return frames;
}

/// What a caller with a decoder of its own would pass.
Picture pictureOf(const Frame& frame) {
  Picture picture;
  picture.format = PixelFormat::kYuv420;
  picture.data = frame.planes[0].data;
  picture.stride = frame.planes[0].stride;
  picture.width = frame.stored_width;
  picture.height = frame.stored_height;
  picture.u = frame.planes[1].data;
  picture.v = frame.planes[2].data;
  picture.chroma_stride = frame.planes[1].stride;
  picture.matrix = frame.matrix == YuvMatrix::kBt709 ? ColorMatrix::kBt709 : ColorMatrix::kBt601;
  picture.full_range = frame.full_range;
  return picture;
}

Picture packed(const std::vector<std::uint8_t>& pixels, int width, int height, PixelFormat format) {
  Picture picture;
  picture.format = format;
  picture.data = pixels.data();
  picture.stride = std::ptrdiff_t{3} * width;
  picture.width = width;
  picture.height = height;
  return picture;
}

void expectSame(const Row& a, const Row& b) {
  EXPECT_EQ(a.frame, b.frame);
  EXPECT_EQ(a.timestamp, b.timestamp);
  EXPECT_EQ(a.success, b.success);
  EXPECT_EQ(a.confidence, b.confidence);
  EXPECT_EQ(a.intensity, b.intensity);
  EXPECT_EQ(a.presence, b.presence);
  EXPECT_EQ(a.blendshapes, b.blendshapes);
  EXPECT_EQ(a.pose.tz, b.pose.tz);
  EXPECT_EQ(a.landmarks[30].x, b.landmarks[30].x);
}

/// The same picture stored another way round: coordinates are rounded elsewhere.
void expectClose(const Row& a, const Row& b) {
  EXPECT_EQ(a.success, b.success);
  for (std::size_t i = 0; i < kLandmarks; ++i) {
    EXPECT_NEAR(a.landmarks[i].x, b.landmarks[i].x, 0.05);
    EXPECT_NEAR(a.landmarks[i].y, b.landmarks[i].y, 0.05);
  }
  for (std::size_t i = 0; i < kIntensityAus; ++i) {
    EXPECT_NEAR(a.intensity[i], b.intensity[i], 0.01);
  }
}

TEST(Pipeline, EqualsTheExtractorAndStartsAnewAfterReset) {
  const std::vector<Frame> frames = decoded(sample("single_face.mp4"), 30);
  ASSERT_EQ(frames.size(), 30u);
  Config config;
  config.online = true;
  config.detect_every = 8;
  auto extractor = Extractor::open(sample("single_face.mp4"), config);
  ASSERT_TRUE(extractor.ok()) << extractor.error().text();
  config.online = false;  // a pipeline is online whatever it is told
  auto pipeline = Pipeline::open(config);
  ASSERT_TRUE(pipeline.ok()) << pipeline.error().text();

  std::vector<Row> first;
  for (const Frame& frame : frames) {
    auto expected = extractor->next();
    ASSERT_TRUE(expected.ok() && *expected);
    auto row = pipeline->process(pictureOf(frame), frame.timestamp_seconds);
    ASSERT_TRUE(row.ok()) << row.error().text();
    expectSame(*row, **expected);
    EXPECT_TRUE(row->success);
    first.push_back(*row);
  }
  EXPECT_EQ(pipeline->summary().frames, 30);
  EXPECT_EQ(pipeline->summary().frames_with_face, 30);
  EXPECT_EQ(pipeline->summary().pack, "open");
  EXPECT_FALSE(pipeline->summary().models.empty());

  pipeline->reset();
  for (std::size_t i = 0; i < 10; ++i) {
    auto row = pipeline->process(pictureOf(frames[i]), frames[i].timestamp_seconds);
    ASSERT_TRUE(row.ok()) << row.error().text();
    expectSame(*row, first[i]);
  }
  EXPECT_EQ(pipeline->summary().frames, 10);
}

TEST(Pipeline, FormatsOfOnePictureGiveOneRow) {
  const std::vector<Frame> frames = decoded(sample("single_face.mp4"), 1);
  ASSERT_EQ(frames.size(), 1u);
  const int width = frames[0].width();
  const int height = frames[0].height();
  Image bgr;
  toBgr(frames[0], {0, 0, width, height}, bgr, ColorRule::kStream);
  const std::size_t size = bgr.bytes();
  const std::vector<std::uint8_t> as_bgr(bgr.data(), bgr.data() + size);
  std::vector<std::uint8_t> as_rgb(size);
  std::vector<std::uint8_t> upside_down(size);
  for (std::size_t i = 0; i < size; i += 3) {
    for (std::size_t c = 0; c < 3; ++c) {
      as_rgb[i + c] = as_bgr[i + 2 - c];
      upside_down[i + c] = as_bgr[size - 3 - i + c];
    }
  }
  auto pipeline = Pipeline::open();
  ASSERT_TRUE(pipeline.ok()) << pipeline.error().text();
  const auto row = [&](const Picture& picture) {
    pipeline->reset();
    auto result = pipeline->process(picture, 0);
    EXPECT_TRUE(result.ok()) << result.error().text();
    return *result;
  };
  const Row expected = row(packed(as_bgr, width, height, PixelFormat::kBgr));
  EXPECT_TRUE(expected.success);
  expectSame(row(packed(as_rgb, width, height, PixelFormat::kRgb)), expected);

  Picture turned = packed(upside_down, width, height, PixelFormat::kBgr);
  turned.rotation = 180;
  expectClose(row(turned), expected);

  Picture bottom_up = packed(as_bgr, width, height, PixelFormat::kBgr);
  bottom_up.data += bottom_up.stride * (height - 1);
  bottom_up.stride = -bottom_up.stride;
  bottom_up.rotation = 180;
  bottom_up.mirrored = true;
  expectClose(row(bottom_up), expected);

  // Planar and grey go other ways through the sampler: the same face, not the same bits.
  const Row planar = row(pictureOf(frames[0]));
  Picture grey = pictureOf(frames[0]);
  grey.format = PixelFormat::kGray;
  for (const Row& other : {planar, row(grey)}) {
    EXPECT_TRUE(other.success);
    EXPECT_NEAR(other.landmarks[30].x, expected.landmarks[30].x, 2);
    EXPECT_NEAR(other.landmarks[30].y, expected.landmarks[30].y, 2);
  }
}

TEST(Pipeline, PicturesThatCannotBeAreErrors) {
  auto pipeline = Pipeline::open();
  ASSERT_TRUE(pipeline.ok()) << pipeline.error().text();
  const std::vector<std::uint8_t> pixels(64 * 48 * 3, 90);
  const Picture good = packed(pixels, 64, 48, PixelFormat::kBgr);
  const auto refused = [&](const Picture& picture, double timestamp) {
    const auto row = pipeline->process(picture, timestamp);
    return !row.ok() && row.error().code == ErrorCode::kInvalidArgument;
  };
  Picture bad = good;
  bad.data = nullptr;
  EXPECT_TRUE(refused(bad, 0));
  bad = good;
  bad.stride = 64;
  EXPECT_TRUE(refused(bad, 0));
  bad = good;
  bad.width = 0;
  EXPECT_TRUE(refused(bad, 0));
  bad = good;
  bad.height = -48;
  EXPECT_TRUE(refused(bad, 0));
  bad = good;
  bad.rotation = 45;
  EXPECT_TRUE(refused(bad, 0));
  bad = good;
  bad.format = PixelFormat::kYuv420;  // without U and V
  EXPECT_TRUE(refused(bad, 0));

  const auto nobody = pipeline->process(good, 1.0);
  ASSERT_TRUE(nobody.ok()) << nobody.error().text();
  EXPECT_FALSE(nobody->success);
  EXPECT_EQ(nobody->frame, 1);
  EXPECT_TRUE(refused(good, 1.0));
  EXPECT_TRUE(refused(good, std::numeric_limits<double>::quiet_NaN()));
  EXPECT_TRUE(pipeline->process(good, 1.5).ok());
}

TEST(Pipeline, WithoutItsPackItSaysSo) {
  Config config;
  config.pack = "/nowhere/pack";
  const auto pipeline = Pipeline::open(config);
  ASSERT_FALSE(pipeline.ok());
  EXPECT_NE(pipeline.error().message.find("/nowhere/pack"), std::string::npos);
}

}  // namespace
}  // namespace frontalis
