#include "video/video_writer.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <cmath>
#include <cstdlib>
#include <vector>

#include "image/convert.h"
#include "support/media.h"

namespace frontalis {
namespace {

namespace fs = std::filesystem;
using testing::TempFolder;

constexpr Region kAll{0, 0, 1 << 20, 1 << 20};

/// Soft colours that move with k.
Image pictureOf(int width, int height, int channels, int k) {
  Image image(width, height, channels);
  for (int y = 0; y < height; ++y) {
    for (int x = 0; x < width; ++x) {
      for (int c = 0; c < channels; ++c) {
        image.at(x, y)[c] = static_cast<std::uint8_t>(128 + 60 * std::sin((x + 3 * k) / 20. + c) *
                                                                std::cos(y / 15. - c));
      }
    }
  }
  return image;
}

double meanDifference(const Image& a, const Image& b) {
  EXPECT_EQ(a.bytes(), b.bytes());
  if (a.bytes() != b.bytes()) return 255;
  double sum = 0;
  for (std::size_t k = 0; k < a.bytes(); ++k) sum += std::abs(a.data()[k] - b.data()[k]);
  return sum / static_cast<double>(a.bytes());
}

int filesIn(const fs::path& folder) {
  return static_cast<int>(std::distance(fs::directory_iterator(folder), {}));
}

TEST(VideoWriter, PicturesAndTimesComeBack) {
  TempFolder folder;
  const std::vector<double> times = {0, .033, .05, .121, .2, .2333, .4, 1.5, 1.51, 2.0};
  for (const char* name : {"a.mp4", "a.mov", "a.mkv", "a.webm"}) {
    for (const int height : {96, 720}) {  // BT.601 and BT.709
      const int width = 128;
      Result<VideoWriter> writer = VideoWriter::create(
          folder / name, {.width = width, .height = height, .time_base = {1, 30000}, .crf = 8});
      ASSERT_TRUE(writer.ok()) << writer.error().text();
      for (std::size_t k = 0; k < times.size(); ++k) {
        const Status written =
            writer->write(pictureOf(width, height, 3, static_cast<int>(k)), times[k]);
        ASSERT_TRUE(written.ok()) << written.error().text();
      }
      EXPECT_FALSE(fs::exists(folder / name)) << "appears when complete";
      ASSERT_TRUE(writer->finish().ok());
      EXPECT_FALSE(writer->hasAudio());

      Result<VideoReader> reader = VideoReader::open(folder / name);
      ASSERT_TRUE(reader.ok()) << reader.error().text();
      for (std::size_t k = 0; k < times.size(); ++k) {
        const Result<std::optional<Frame>> frame = reader->next();
        ASSERT_TRUE(frame.ok() && frame->has_value()) << name << " " << k;
        // Matroska counts milliseconds.
        const bool coarse = std::string_view(name) == "a.mkv" || std::string_view(name) == "a.webm";
        EXPECT_NEAR((*frame)->timestamp_seconds, times[k], coarse ? 1.01e-3 : 1e-4) << name;
        Image bgr;
        toBgr(**frame, kAll, bgr, ColorRule::kStream);
        EXPECT_LT(meanDifference(bgr, pictureOf(width, height, 3, static_cast<int>(k))), 4)
            << name << " " << k;
      }
      EXPECT_FALSE((*reader->next()).has_value());
      EXPECT_FALSE(reader->stats().truncated);
      fs::remove(folder / name);
    }
  }
}

TEST(VideoWriter, OddSizesAndGrayPictures) {
  TempFolder folder;
  Result<VideoWriter> writer =
      VideoWriter::create(folder / "odd.mp4", {.width = 65, .height = 49, .crf = 4});
  ASSERT_TRUE(writer.ok());
  for (int k = 0; k < 3; ++k) {
    ASSERT_TRUE(writer->write(pictureOf(65, 49, k == 1 ? 1 : 3, 0), k / 30.).ok());
  }
  ASSERT_TRUE(writer->finish().ok());
  Result<VideoReader> reader = VideoReader::open(folder / "odd.mp4");
  ASSERT_TRUE(reader.ok());
  EXPECT_EQ(reader->info().width, 66);
  EXPECT_EQ(reader->info().height, 50);
  Image bgr;
  toBgr(**reader->next(), {0, 0, 65, 49}, bgr);
  EXPECT_LT(meanDifference(bgr, pictureOf(65, 49, 3, 0)), 4);
  toGray(**reader->next(), {0, 0, 65, 49}, bgr);
  EXPECT_LT(meanDifference(bgr, pictureOf(65, 49, 1, 0)), 4);
}

TEST(VideoWriter, SoundIsCopiedInStep) {
  FRONTALIS_NEEDS_FFMPEG();
  TempFolder folder;
  // The picture starts a second after the sound.
  const fs::path source = testing::ffmpeg(
      "-f lavfi -i sine=duration=4 -itsoffset 1 -f lavfi -i testsrc2=size=64x48:rate=25:duration=2 "
      "-map 0 -map 1 -c:a aac -c:v libx264",
      folder / "source.mp4");
  for (const char* name : {"copy.mp4", "copy.mkv", "copy.webm"}) {
    Result<VideoWriter> writer = VideoWriter::create(
        folder / name, {.width = 64, .height = 48, .frame_rate = {25, 1}, .audio_from = source});
    ASSERT_TRUE(writer.ok()) << writer.error().text();
    EXPECT_EQ(writer->hasAudio(), std::string_view(name) != "copy.webm") << "WebM has no AAC";
    for (int k = 0; k < 50; ++k) {
      ASSERT_TRUE(writer->write(pictureOf(64, 48, 3, k), k / 25.).ok());
    }
    ASSERT_TRUE(writer->finish().ok());
    EXPECT_EQ(testing::probedFrames(folder / name), 50);
    if (!writer->hasAudio()) continue;
    const auto seconds = [&](const char* entry) {
      return std::atof(testing::outputOf("ffprobe -v error -select_streams a:0 -show_entries "
                                         "packet=pts_time -of csv=p=0 " +
                                         testing::quoted(folder / name) + " | " + entry)
                           .c_str());
    };
    EXPECT_NEAR(seconds("head -1"), 0, .03) << name;
    EXPECT_NEAR(seconds("tail -1"), 2, .05) << name;
  }
}

TEST(VideoWriter, SaysWhatItCannotDo) {
  TempFolder folder;
  const VideoWriterOptions options{.width = 64, .height = 48};
  EXPECT_EQ(VideoWriter::create(folder / "a.txt", options).error().code,
            ErrorCode::kInvalidArgument);
  EXPECT_EQ(VideoWriter::create(folder / "a.mp4", {}).error().code, ErrorCode::kInvalidArgument);
  testing::writeBytes(folder / "file", "x");
  EXPECT_EQ(VideoWriter::create(folder / "file" / "a.mp4", options).error().code,
            ErrorCode::kUnwritable);
  VideoWriterOptions lost = options;
  lost.audio_from = folder / "none.mp4";
  EXPECT_EQ(VideoWriter::create(folder / "a.mp4", lost).error().code, ErrorCode::kNotFound);
  {
    Result<VideoWriter> writer = VideoWriter::create(folder / "a.mp4", options);
    ASSERT_TRUE(writer.ok());
    EXPECT_EQ(writer->write(pictureOf(32, 48, 3, 0), 0).error().code, ErrorCode::kInvalidArgument);
    EXPECT_EQ(writer->finish().error().code, ErrorCode::kNoFrames);
    ASSERT_TRUE(writer->write(pictureOf(64, 48, 3, 0), 0).ok());
  }
  EXPECT_EQ(filesIn(folder.path()), 1) << "an unfinished video leaves nothing";
}

TEST(VideoWriter, DiskFullIsNoticedAndCleanedUp) {
  if (!fs::exists("/dev/full")) GTEST_SKIP() << "needs /dev/full";
  TempFolder folder;
  Result<VideoWriter> writer =
      VideoWriter::create(folder / "a.mkv", {.width = 256, .height = 256, .crf = 0});
  ASSERT_TRUE(writer.ok());
  // The temporary file becomes the device that is always full, under the writer's descriptors.
  bool swapped = false;
  for (const auto& entry : fs::directory_iterator("/proc/self/fd")) {
    std::error_code ignored;
    if (fs::read_symlink(entry.path(), ignored).parent_path() != folder.path()) continue;
    const int full = ::open("/dev/full", O_WRONLY);
    ::dup2(full, std::stoi(entry.path().filename().string()));
    ::close(full);
    swapped = true;
  }
  if (!swapped) GTEST_SKIP() << "needs /proc";
  Status status;
  for (int k = 0; k < 200 && status.ok(); ++k) {
    status = writer->write(pictureOf(256, 256, 3, k), k / 30.);
  }
  if (status.ok()) status = writer->finish();
  ASSERT_FALSE(status.ok());
  EXPECT_EQ(status.error().code, ErrorCode::kDiskFull) << status.error().text();
  { const VideoWriter dropped = std::move(*writer); }
  EXPECT_EQ(filesIn(folder.path()), 0);
}

}  // namespace
}  // namespace frontalis
