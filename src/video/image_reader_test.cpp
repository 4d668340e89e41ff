#include "video/image_reader.h"

#include <gtest/gtest.h>
#include <zlib.h>

#include <cstdlib>

#include "image/convert.h"
#include "support/media.h"
#include "video/frame_source.h"

namespace frontalis {
namespace {

namespace fs = std::filesystem;
using testing::bytesOf;
using testing::ffmpeg;
using testing::quoted;
using testing::TempFolder;
using testing::writeBytes;

constexpr Region kAll{0, 0, 1 << 20, 1 << 20};

std::string number(std::uint32_t value, int size, bool big_endian) {
  std::string out;
  for (int k = 0; k < size; ++k) {
    const int byte = big_endian ? size - 1 - k : k;
    out += static_cast<char>(value >> (8 * byte));
  }
  return out;
}

/// A TIFF structure with one other tag and the orientation.
std::string tiffWith(int orientation, bool big_endian) {
  const auto n = [&](std::uint32_t v, int size) { return number(v, size, big_endian); };
  return std::string(big_endian ? "MM" : "II") + n(42, 2) + n(8, 4) + n(2, 2) +  //
         n(0x0100, 2) + n(4, 2) + n(1, 4) + n(6, 4) +                            //
         n(0x0112, 2) + n(3, 2) + n(1, 4) + n(orientation, 2) + n(0, 2) + n(0, 4);
}

std::string inJpeg(const std::string& jpeg, const std::string& tiff) {
  const std::string payload = std::string("Exif\0\0", 6) + tiff;
  return jpeg.substr(0, 2) + "\xff\xe1" +
         number(static_cast<std::uint32_t>(payload.size() + 2), 2, true) + payload + jpeg.substr(2);
}

std::string inPng(const std::string& png, const std::string& tiff) {
  const std::string chunk = "eXIf" + tiff;
  const auto crc = static_cast<std::uint32_t>(
      crc32(0, reinterpret_cast<const Bytef*>(chunk.data()), static_cast<uInt>(chunk.size())));
  const std::size_t after_header = 8 + 25;
  return png.substr(0, after_header) + number(static_cast<std::uint32_t>(tiff.size()), 4, true) +
         chunk + number(crc, 4, true) + png.substr(after_header);
}

TEST(ExifOrientation, IsFoundInEveryContainer) {
  for (int tag = 1; tag <= 8; ++tag) {
    for (const bool big : {false, true}) {
      const std::string tiff = tiffWith(tag, big);
      EXPECT_EQ(exifOrientation(tiff), tag);
      EXPECT_EQ(exifOrientation(inJpeg("\xff\xd8\xff\xd9", tiff)), tag);
      const std::string webp = "RIFF" + number(100, 4, false) + "WEBPVP8X" + number(3, 4, false) +
                               std::string(4, '\0') + "EXIF" +
                               number(static_cast<std::uint32_t>(tiff.size()), 4, false) + tiff;
      EXPECT_EQ(exifOrientation(webp), tag);
    }
  }
  EXPECT_EQ(exifOrientation(tiffWith(9, true)), 1);
  EXPECT_EQ(exifOrientation("\xff\xd8\xff\xd9"), 1);
  EXPECT_EQ(exifOrientation(""), 1);
}

TEST(ExifOrientation, MalformedBytesAreHarmless) {
  const std::string good[] = {tiffWith(6, true), inJpeg("\xff\xd8\xff\xd9", tiffWith(6, false)),
                              inPng("\x89PNG\r\n\x1a\n" + std::string(25, 'x'), tiffWith(6, true))};
  unsigned seed = 3;
  for (const std::string& file : good) {
    for (std::size_t size = 0; size <= file.size(); ++size) {
      const int tag = exifOrientation(std::string_view(file).substr(0, size));
      EXPECT_TRUE(tag == 1 || tag == 6);
    }
    for (int round = 0; round < 5000; ++round) {
      std::string changed = file;
      for (int k = 0; k < 3; ++k) {
        seed = seed * 1664525 + 1013904223;
        changed[(seed >> 8) % changed.size()] = static_cast<char>(seed >> 24);
      }
      const int tag = exifOrientation(changed);
      EXPECT_TRUE(tag >= 1 && tag <= 8);
    }
  }
}

TEST(NaturalOrder, NumbersByValue) {
  const char* const order[] = {"",         "1.jpg",   "2.jpg",    "10.jpg",  "A1.jpg",
                               "a1b.jpg",  "a02.jpg", "a2b.jpg",  "a10.jpg", "frame.jpg",
                               "frame9.b", "frame10", "frame010b"};
  const std::size_t count = std::size(order);
  for (std::size_t i = 0; i < count; ++i) {
    for (std::size_t k = 0; k < count; ++k) {
      EXPECT_EQ(naturalLess(order[i], order[k]), i < k) << order[i] << " < " << order[k];
    }
  }
}

class Images : public ::testing::Test {
 protected:
  void SetUp() override {
    FRONTALIS_NEEDS_FFMPEG();
    soft_ = ffmpeg(
        "-f lavfi -i \"color=gray:size=66x50,format=rgb24,geq=r='128+60*sin(X/20)':"
        "g='110+50*cos(Y/15)':b='140+40*sin((X+Y)/25)'\" -frames:v 1",
        folder_ / "soft.png");
  }

  fs::path converted(const std::string& name, const std::string& options = "") {
    return ffmpeg("-i " + quoted(soft_) + " " + options, folder_ / name);
  }

  static Image bgrOf(const Frame& frame) {
    Image bgr;
    toBgr(frame, kAll, bgr);
    return bgr;
  }

  static double meanDifference(const Image& a, const Image& b) {
    if (a.bytes() != b.bytes() || a.bytes() == 0) return 255;
    double sum = 0;
    for (std::size_t k = 0; k < a.bytes(); ++k) sum += std::abs(a.data()[k] - b.data()[k]);
    return sum / static_cast<double>(a.bytes());
  }

  TempFolder folder_;
  fs::path soft_;
};

TEST_F(Images, FormatsAndDepths) {
  const Image expected = bgrOf(readImage(soft_)->frame);
  ASSERT_EQ(expected.width(), 66);
  struct Case {
    const char *name, *options, *codec;
    double tolerance;
  };
  for (const Case& c : {Case{"a.jpg", "-q:v 2", "mjpeg", 3},
                        {"b.jpeg", "-q:v 2 -pix_fmt yuvj444p", "mjpeg", 3},
                        {"c.jpg", "-q:v 2 -pix_fmt yuvj440p -strict -1", "mjpeg", 3},
                        {"a.bmp", "", "bmp", 0},
                        {"a.tiff", "", "tiff", 0},
                        {"b.tif", "-compression_algo deflate", "tiff", 0},
                        {"a.webp", "-lossless 1", "webp", 0},
                        {"a.ppm", "", "ppm", 0},
                        {"b.png", "-pix_fmt rgba", "png", 0},
                        {"c.png", "-pix_fmt rgb48be", "png", 1},
                        {"d.png", "-pix_fmt pal8", "png", 20}}) {
    const Result<ReadImage> image = readImage(converted(c.name, c.options));
    ASSERT_TRUE(image.ok()) << c.name << ": " << image.error().text();
    EXPECT_EQ(image->codec, c.codec) << c.name;
    EXPECT_FALSE(image->damaged) << c.name;
    EXPECT_EQ(image->frame.bit_depth, 8) << c.name;
    EXPECT_LE(meanDifference(bgrOf(image->frame), expected), c.tolerance) << c.name;
  }
  for (const char* options : {"-pix_fmt gray", "-pix_fmt gray16be", "-pix_fmt ya8"}) {
    const Result<ReadImage> gray = readImage(converted("gray.png", options));
    ASSERT_TRUE(gray.ok()) << options;
    EXPECT_EQ(static_cast<int>(gray->frame.layout), static_cast<int>(PixelLayout::kGray));
    const Image bgr = bgrOf(gray->frame);
    Image luma(66, 50, 1);
    for (int y = 0; y < 50; ++y) bgrRowToGray(expected.row(y), 66, luma.row(y));
    for (int k = 0; k < 66 * 50; ++k) ASSERT_NEAR(bgr.data()[3 * k], luma.data()[k], 2);
  }
}

TEST_F(Images, ExifTurnsThePicture) {
  const std::string jpeg = bytesOf(converted("a.jpg", "-q:v 2"));
  const std::string png = bytesOf(soft_);
  const Image upright = bgrOf(readImage(soft_)->frame);
  for (int tag = 1; tag <= 8; ++tag) {
    writeBytes(folder_ / "turned.jpg", inJpeg(jpeg, tiffWith(tag, tag % 2 == 0)));
    writeBytes(folder_ / "turned.png", inPng(png, tiffWith(tag, true)));
    const Result<ReadImage> photo = readImage(folder_ / "turned.jpg");
    const Result<ReadImage> drawing = readImage(folder_ / "turned.png");
    ASSERT_TRUE(photo.ok() && drawing.ok());
    EXPECT_EQ(photo->frame.width(), tag < 5 ? 66 : 50);
    const Image turned = bgrOf(drawing->frame);
    EXPECT_LT(meanDifference(bgrOf(photo->frame), turned), 3) << tag;
    // The stored first pixel is shown in the corner the tag names.
    const int x = tag == 2 || tag == 3 ? 65 : tag == 6 || tag == 7 ? 49 : 0;
    const int y = tag == 3 || tag == 4 ? 49 : tag == 7 || tag == 8 ? 65 : 0;
    EXPECT_TRUE(std::equal(turned.at(x, y), turned.at(x, y) + 3, upright.at(0, 0))) << tag;
  }
}

TEST_F(Images, BadFilesAreErrorsOrMarked) {
  EXPECT_EQ(readImage(folder_ / "none.png").error().code, ErrorCode::kNotFound);
  EXPECT_EQ(readImage(folder_.path()).error().code, ErrorCode::kUnreadable);
  writeBytes(folder_ / "text.png", "not a picture");
  EXPECT_EQ(readImage(folder_ / "text.png").error().code, ErrorCode::kNotAVideo);
  writeBytes(folder_ / "empty.png", "");
  EXPECT_EQ(readImage(folder_ / "empty.png").error().code, ErrorCode::kNotAVideo);
  EXPECT_EQ(readImage(soft_, 1000).error().code, ErrorCode::kUnsupported);

  for (const char* name : {"cut.jpg", "cut.png", "cut.bmp", "cut.webp", "cut.tiff"}) {
    const std::string bytes = bytesOf(converted(name));
    EXPECT_TRUE(looksLikeImage(bytes)) << name;
    for (std::size_t size = 0; size < 16; ++size) {  // the shortest ones are no pictures, and safe
      writeBytes(folder_ / name, std::string_view(bytes).substr(0, size));
      EXPECT_FALSE(readImage(folder_ / name).ok()) << name << ", " << size << " bytes";
    }
    writeBytes(folder_ / name, std::string_view(bytes).substr(0, bytes.size() / 2));
    const Result<ReadImage> cut = readImage(folder_ / name);
    if (cut.ok()) {
      EXPECT_TRUE(cut->damaged) << name;
    } else {
      EXPECT_EQ(cut.error().code, ErrorCode::kCorrupt) << name;
      EXPECT_NE(cut.error().message.find(name), std::string::npos);
    }
  }
}

TEST_F(Images, FolderGivesItsImagesInNaturalOrder) {
  const fs::path album = folder_ / "album";
  fs::create_directory(album);
  for (const char* name : {"face10.png", "face9.png", "Face1.png", ".hidden.png", "notes.txt"}) {
    fs::copy_file(soft_, album / name);
  }
  writeBytes(album / "face5.png", "broken");
  fs::create_directory(album / "face2.png");
  Result<std::unique_ptr<FrameSource>> source = openFrameSource(album, {.image_rate = 10});
  ASSERT_TRUE(source.ok()) << source.error().text();
  EXPECT_FALSE((*source)->info().is_video);
  EXPECT_EQ((*source)->info().width, 66);
  EXPECT_EQ((*source)->info().expected_frames, 4);
  int k = 0;
  for (const char* name : {"Face1.png", "face9.png", "face10.png"}) {
    const Result<std::optional<Frame>> frame = (*source)->next();
    ASSERT_TRUE(frame.ok() && frame->has_value());
    EXPECT_EQ((*source)->itemName(), name);
    EXPECT_EQ((*frame)->index, k);
    EXPECT_DOUBLE_EQ((*frame)->timestamp_seconds, k++ / 10.);
  }
  EXPECT_FALSE((*source)->next()->has_value());
  EXPECT_EQ((*source)->stats().decode_errors, 1);
}

TEST_F(Images, SourceFindsOutWhatItIsGiven) {
  const auto open = [](const fs::path& path) { return openFrameSource(path); };
  const Result<std::unique_ptr<FrameSource>> image = open(soft_);
  ASSERT_TRUE(image.ok());
  EXPECT_FALSE((*image)->info().is_video);
  EXPECT_EQ((*image)->info().codec, "png");
  EXPECT_TRUE((*image)->next()->has_value());
  EXPECT_EQ((*image)->itemName(), "soft.png");
  EXPECT_FALSE((*image)->next()->has_value());

  for (const char* name : {"a.mp4", "a.gif", "a.mjpeg"}) {
    const Result<std::unique_ptr<FrameSource>> video =
        open(ffmpeg("-f lavfi -i testsrc2=size=64x48:rate=30 -frames:v 4", folder_ / name));
    ASSERT_TRUE(video.ok()) << name;
    EXPECT_TRUE((*video)->info().is_video) << name;
    int frames = 0;
    while ((*video)->next()->has_value()) ++frames;
    EXPECT_EQ(frames, 4) << name;
    EXPECT_EQ((*video)->itemName(), "") << name;
  }
  EXPECT_EQ(open(folder_ / "none").error().code, ErrorCode::kNotFound);
  fs::create_directory(folder_ / "nothing");
  EXPECT_EQ(open(folder_ / "nothing").error().code, ErrorCode::kNoFrames);
  writeBytes(folder_ / "cut.png", bytesOf(soft_).substr(0, 40));
  EXPECT_EQ(open(folder_ / "cut.png").error().code, ErrorCode::kCorrupt);
}

}  // namespace
}  // namespace frontalis
