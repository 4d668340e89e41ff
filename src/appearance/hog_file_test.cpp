#include "appearance/hog_file.h"

#include <gtest/gtest.h>

#include <cmath>
#include <cstring>
#include <limits>

#include "support/reference.h"

namespace frontalis {
namespace {

namespace fs = std::filesystem;

class HogFileTest : public ::testing::Test {
 protected:
  void SetUp() override {
    folder_ =
        fs::path(::testing::TempDir()) /
        (std::string("hog_") + ::testing::UnitTest::GetInstance()->current_test_info()->name());
    fs::remove_all(folder_);
    fs::create_directories(folder_);
    path_ = folder_ / "face.hog";
  }
  void TearDown() override { fs::remove_all(folder_); }

  /// Three frames, the second not good.
  std::string threeFrames() {
    HogWriter writer = HogWriter::create(path_).value();
    std::array<float, kFhogSize> values;
    for (int frame = 0; frame < 3; ++frame) {
      for (std::size_t i = 0; i < kFhogSize; ++i) {
        values[i] = static_cast<float>(i % 100) * 0.001f * static_cast<float>(frame + 1);
      }
      EXPECT_TRUE(writer.write(frame != 1, values).ok());
    }
    EXPECT_TRUE(writer.commit().ok());
    return readFile(path_).value();
  }

  /// The error of a file with these bytes, or an empty text where it reads well.
  std::string errorOf(const std::string& bytes) {
    EXPECT_TRUE(writeFile(path_, bytes).ok());
    const Result<HogInfo> info = readHogInfo(path_);
    if (info.ok()) return {};
    EXPECT_EQ(info.error().code, ErrorCode::kCorrupt);
    EXPECT_NE(info.error().message.find("face.hog"), std::string::npos);
    return info.error().message;
  }

  fs::path folder_, path_;
};

constexpr std::size_t kFrameBytes = 16 + 4 * kFhogSize;

TEST_F(HogFileTest, RoundTrip) {
  const std::string bytes = threeFrames();
  EXPECT_EQ(bytes.size(), 3 * kFrameBytes);
  HogReader reader = HogReader::open(path_).value();
  EXPECT_EQ(reader.columns(), 12);
  EXPECT_EQ(reader.rows(), 12);
  EXPECT_EQ(reader.channels(), 31);
  EXPECT_EQ(reader.frames(), 3);
  HogFrame frame;
  for (int i = 0; i < 3; ++i) {
    ASSERT_TRUE(reader.next(frame).value());
    EXPECT_EQ(frame.good, i != 1);
    ASSERT_EQ(frame.values.size(), kFhogSize);
    EXPECT_EQ(frame.values[57], 57 * 0.001f * static_cast<float>(i + 1));
  }
  EXPECT_FALSE(reader.next(frame).value());
  const HogInfo info = readHogInfo(path_).value();
  EXPECT_EQ(info.frames, 3);
  EXPECT_EQ(info.good_frames, 2);
  EXPECT_EQ(info.smallest, 0);
  EXPECT_EQ(info.largest, 99 * 0.001f * 3);
}

TEST_F(HogFileTest, NothingUnderTheNameBeforeCommit) {
  {
    HogWriter writer = HogWriter::create(path_).value();
    EXPECT_TRUE(writer.write(true, std::array<float, kFhogSize>{}).ok());
    EXPECT_FALSE(fs::exists(path_));
  }
  EXPECT_TRUE(fs::is_empty(folder_));
  EXPECT_EQ(HogReader::open(path_).error().code, ErrorCode::kNotFound);
  EXPECT_EQ(HogReader::open(folder_).error().code, ErrorCode::kUnreadable);
}

TEST_F(HogFileTest, EveryCutIsAnError) {
  const std::string bytes = threeFrames();
  for (std::size_t size = 0; size < bytes.size(); size += size % kFrameBytes < 40 ? 1 : 997) {
    const bool whole_frames = size > 0 && size % kFrameBytes == 0;
    EXPECT_EQ(errorOf(bytes.substr(0, size)).empty(), whole_frames) << size;
  }
}

TEST_F(HogFileTest, HostileHeadersAndValuesAreErrors) {
  const std::string bytes = threeFrames();
  const auto damaged = [&](std::size_t offset, auto value) {
    std::string copy = bytes;
    std::memcpy(copy.data() + offset, &value, sizeof value);
    return copy;
  };
  constexpr std::int32_t kHuge = std::numeric_limits<std::int32_t>::max();
  for (const std::size_t frame : {std::size_t{0}, kFrameBytes}) {
    for (const std::size_t field : {std::size_t{0}, std::size_t{4}, std::size_t{8}}) {
      for (const std::int32_t value : {0, -1, 13, 4097, kHuge, -kHuge}) {
        const std::string message = errorOf(damaged(frame + field, value));
        EXPECT_FALSE(message.empty()) << frame << " " << field << " " << value;
      }
    }
    for (const float flag : {0.f, 2.f, NAN}) {
      EXPECT_NE(errorOf(damaged(frame + 12, flag)).find("flag"), std::string::npos);
    }
    for (const float value : {NAN, INFINITY, -INFINITY}) {
      EXPECT_NE(errorOf(damaged(frame + 16 + 400, value)).find("finite"), std::string::npos);
    }
  }
  EXPECT_NE(errorOf(damaged(kFrameBytes, std::int32_t{13})).find("frame 2"), std::string::npos);
  // The largest allowed frame needs 64 GB: refused for the file's size, not for its own.
  std::string giant = bytes;
  for (std::size_t i = 0; i < 2; ++i) {
    const std::int32_t side = 4096;
    std::memcpy(giant.data() + 4 * i, &side, 4);
  }
  EXPECT_NE(errorOf(giant).find("ends within"), std::string::npos);
}

TEST_F(HogFileTest, ReferenceFile) {
  FRONTALIS_NEEDS_SHARED("reference");
  const std::string bytes =
      testing::gunzip(testing::referenceDir("single_face") / "single_face.hog.gz");
  EXPECT_EQ(bytes.size(), 1'286'784u);
  ASSERT_TRUE(writeFile(path_, bytes).ok());
  const HogInfo info = readHogInfo(path_).value();
  EXPECT_EQ(info.frames, 72);
  EXPECT_EQ(info.good_frames, 72);
  EXPECT_EQ(info.columns, 12);
  EXPECT_EQ(info.channels, 31);
  // What we write of what we read is the file again.
  HogReader reader = HogReader::open(path_).value();
  HogWriter writer = HogWriter::create(folder_ / "again.hog").value();
  HogFrame frame;
  while (reader.next(frame).value()) {
    ASSERT_TRUE(
        writer.write(frame.good, std::span<const float, kFhogSize>(frame.values.data(), kFhogSize))
            .ok());
  }
  ASSERT_TRUE(writer.commit().ok());
  EXPECT_EQ(readFile(folder_ / "again.hog").value(), bytes);
}

}  // namespace
}  // namespace frontalis
