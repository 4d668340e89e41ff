#include "face/landmark_file.h"

#include <gtest/gtest.h>

#include "support/media.h"

namespace frontalis {
namespace {

Result<LandmarkFile> fileWithFrames(const std::vector<std::string>& frames) {
  std::string text = "frame";
  std::string points;
  for (const char* axis : {",x_", ",y_"}) {
    for (std::size_t i = 0; i < kLandmarks; ++i) {
      text += axis + std::to_string(i);
      points += "," + std::to_string(10 + i);
    }
  }
  for (const std::string& frame : frames) text += "\n" + frame + points;
  const testing::TempFolder folder;
  testing::writeBytes(folder / "a.csv", text);
  return LandmarkFile::read(folder / "a.csv");
}

TEST(LandmarkFile, FramesAreFoundByTheirNumber) {
  Result<LandmarkFile> file = fileWithFrames({"2", "1"});
  ASSERT_TRUE(file.ok()) << file.error().text();
  Frame frame;
  EXPECT_TRUE(file->locate(frame)->success);
  EXPECT_EQ(file->locate(frame)->landmarks[3].x, 13);
  frame.index = 2;
  EXPECT_FALSE(file->locate(frame)->success);
}

TEST(LandmarkFile, FramesMustHaveNumbersOfTheirOwn) {
  for (const char* frame : {"", "x", "nan", "1e300", "-1e300", "1e16", "1"}) {
    const Result<LandmarkFile> file = fileWithFrames({"1", frame});
    ASSERT_FALSE(file.ok()) << frame;
    EXPECT_EQ(file.error().code, ErrorCode::kCorrupt);
    EXPECT_NE(file.error().message.find("row 2"), std::string::npos) << file.error().message;
  }
}

}  // namespace
}  // namespace frontalis
