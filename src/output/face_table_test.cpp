#include "output/face_table.h"

#include <gtest/gtest.h>

#include <cmath>

#include "support/media.h"

namespace frontalis {
namespace {

using testing::TempFolder;
using testing::writeBytes;

Result<FaceTable> tableOf(const std::string& text, bool landmarks = false) {
  const TempFolder folder;
  writeBytes(folder / "t.csv", text);
  return FaceTable::read(folder / "t.csv", landmarks);
}

TEST(FaceTable, OpenFacesSpacedHeaderAndCells) {
  const auto table = tableOf(
      "frame, face_id, timestamp, confidence, success, AU12_r, AU28_c\n"
      "3, 1, 0.067, 0.98, 1, 2.50, 1.00\n"
      "4, 1, 0.100, 0.02, 0, 2.40, 0.00\n");
  ASSERT_TRUE(table.ok()) << table.error().text();
  ASSERT_EQ(table->rows(), 2u);
  EXPECT_TRUE(table->numbered());
  EXPECT_EQ(table->frame()[0], 3);
  EXPECT_EQ(table->faceId()[1], 1);
  EXPECT_EQ(table->timestamp()[1], 0.1);
  EXPECT_TRUE(table->columns().intensity);
  EXPECT_TRUE(table->columns().au28);
  EXPECT_FALSE(table->columns().pose);
  EXPECT_FALSE(table->columns().landmarks_2d);
  const Row row = table->row(0);
  EXPECT_TRUE(row.success);
  EXPECT_FLOAT_EQ(row.intensity[8], 2.5f);
  EXPECT_TRUE(std::isnan(row.intensity[0]));
  EXPECT_TRUE(row.presence[16]);
  EXPECT_FALSE(table->row(1).success);
}

TEST(FaceTable, EmptyCellsAreNotNumbersAndMissingColumnsHaveSense) {
  const auto table = tableOf("timestamp,AU01_r,AU01_r_left,AU01_r_right\n0,1,,3\n0.5,,,\n");
  ASSERT_TRUE(table.ok()) << table.error().text();
  EXPECT_FALSE(table->numbered());
  EXPECT_EQ(table->frame()[1], 2);
  EXPECT_EQ(table->confidence()[0], 1);
  EXPECT_TRUE(std::isnan((*table->column("AU01_r"))[1]));
  EXPECT_TRUE(std::isnan(table->row(0).intensity_left[0]));
  EXPECT_EQ(table->row(0).intensity_right[0], 3);
  EXPECT_TRUE(table->columns().sides);
  EXPECT_EQ(table->column("AU02_r"), nullptr);
}

TEST(FaceTable, NumbersBeyondAllSense) {
  const auto table = tableOf("frame,face_id,AU12_r\n1e300,-1e300,1e39\n2,0,1e999\n");
  ASSERT_TRUE(table.ok()) << table.error().text();
  EXPECT_EQ(table->frame()[0], 1'000'000'000'000'000);
  EXPECT_EQ(table->faceId()[0], -1'000'000'000);
  EXPECT_TRUE(std::isnan((*table->column("AU12_r"))[0]));
  EXPECT_TRUE(std::isnan((*table->column("AU12_r"))[1]));
}

TEST(FaceTable, LandmarksOnlyWhenAskedFor) {
  std::string header = "frame,success";
  std::string cells = "1,1";
  for (int i = 0; i < 68; ++i) {
    header += ",x_" + std::to_string(i) + ",y_" + std::to_string(i);
    cells += "," + std::to_string(i) + "," + std::to_string(100 + i);
  }
  header += ",AU01_r\n";
  cells += ",0\n";
  const auto with = tableOf(header + cells, true);
  ASSERT_TRUE(with.ok());
  EXPECT_TRUE(with->columns().landmarks_2d);
  EXPECT_EQ(with->row(0).landmarks[67].x, 67);
  EXPECT_EQ(with->row(0).landmarks[67].y, 167);
  const auto without = tableOf(header + cells, false);
  ASSERT_TRUE(without.ok());
  EXPECT_FALSE(without->columns().landmarks_2d);
}

TEST(FaceTable, WhatIsNoTableOfFacesIsNamed) {
  for (const auto& [text, why] :
       {std::pair{"a,b\n1,2\n", "neither a column frame nor timestamp"},
        std::pair{"frame,b\n1,2\n", "no columns of action units"},
        std::pair{"frame,AU01_r\n", "no rows"},
        std::pair{"frame,AU01_r\nx,2\n", "data row 1 has no frame"},
        std::pair{"frame,AU01_r\n1\n", "line 2"}, std::pair{"", "empty"}}) {
    const auto table = tableOf(text);
    ASSERT_FALSE(table.ok()) << text;
    EXPECT_EQ(table.error().code, ErrorCode::kCorrupt);
    EXPECT_NE(table.error().message.find(why), std::string::npos) << table.error().text();
    EXPECT_NE(table.error().message.find("t.csv"), std::string::npos) << table.error().text();
  }
}

}  // namespace
}  // namespace frontalis
