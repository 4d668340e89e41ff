#include "output/csv.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <limits>
#include <sstream>

namespace frontalis {
namespace {

std::vector<std::string> cells(std::string line) {
  if (!line.empty() && line.back() == '\n') line.pop_back();
  std::vector<std::string> all;
  std::string cell;
  std::istringstream stream(line);
  while (std::getline(stream, cell, ',')) all.push_back(cell);
  if (!line.empty() && line.back() == ',') all.emplace_back();
  return all;
}

Columns everything() {
  Columns c;
  c.gaze = c.landmarks_2d = c.landmarks_3d = c.shape = c.au28 = true;
  return c;
}

TEST(CsvFormat, HasOpenFaces714Columns) {
  const auto names = cells(CsvFormat(everything(), CsvStyle::kOpenFace).header());
  ASSERT_EQ(names.size(), 714u);
  EXPECT_EQ(names[0], "frame");
  EXPECT_EQ(names[5], "gaze_0_x");
  EXPECT_EQ(names[11], "gaze_angle_x");
  EXPECT_EQ(names[13], "eye_lmk_x_0");
  EXPECT_EQ(names[293], "pose_Tx");
  EXPECT_EQ(names[299], "x_0");
  EXPECT_EQ(names[435], "X_0");
  EXPECT_EQ(names[639], "p_scale");
  EXPECT_EQ(names[679], "AU01_r");
  EXPECT_EQ(names[712], "AU28_c");
  EXPECT_EQ(names[713], "AU45_c");
}

TEST(CsvFormat, EveryHeaderNameHasItsCell) {
  for (const CsvStyle style : {CsvStyle::kFrontalis, CsvStyle::kOpenFace}) {
    for (int mask = 0; mask < 512; ++mask) {
      Columns c;
      bool* groups[] = {&c.gaze,      &c.pose,  &c.landmarks_2d, &c.landmarks_3d, &c.shape,
                        &c.intensity, &c.sides, &c.presence,     &c.blendshapes};
      for (int g = 0; g < 9; ++g) *groups[g] = (mask >> g & 1) != 0;
      const CsvFormat format(c, style, (mask & 1) != 0);
      std::string line;
      Row row;
      row.success = (mask & 2) != 0;
      format.append(row, "a", line);
      ASSERT_EQ(cells(format.header()).size(), cells(line).size()) << mask;
    }
  }
}

TEST(CsvFormat, DecimalsAreOpenFaces) {
  Row row;
  row.frame = 3;
  row.timestamp = 0.0667;
  row.confidence = 0.9833f;
  row.success = true;
  row.pose = {1.26f, -2.f, 500.04f, 0.12345f, -0.5f, 0};
  row.intensity[0] = 1.236f;
  row.presence[0] = true;
  std::string line;
  CsvFormat({}, CsvStyle::kOpenFace).append(row, "", line);
  const auto c = cells(line);
  EXPECT_EQ(line.substr(0, 56), "3,0,0.067,0.98,1,1.3,-2.0,500.0,0.123,-0.500,0.000,1.24,");
  EXPECT_EQ(c[11 + 17], "1.00");
  EXPECT_EQ(c[12 + 17], "0.00");
}

TEST(CsvFormat, FailedFramesByStyle) {
  Row row;
  row.intensity.fill(2);
  std::string ours;
  std::string theirs;
  CsvFormat({}, CsvStyle::kFrontalis).append(row, "", ours);
  CsvFormat({}, CsvStyle::kOpenFace).append(row, "", theirs);
  const auto c = cells(ours);
  EXPECT_EQ(c[4], "0");
  EXPECT_TRUE(std::all_of(c.begin() + 5, c.end(), [](const auto& cell) { return cell.empty(); }));
  EXPECT_EQ(cells(theirs)[11], "2.00");
}

TEST(CsvFormat, NeverPrintsNan) {
  Row row;
  row.success = true;
  row.intensity[2] = std::numeric_limits<float>::quiet_NaN();
  row.pose.tx = std::numeric_limits<float>::infinity();
  std::string line;
  CsvFormat({}, CsvStyle::kFrontalis).append(row, "", line);
  EXPECT_EQ(line.find("nan"), std::string::npos);
  EXPECT_EQ(line.find("inf"), std::string::npos);
}

TEST(CsvFormat, NamesAreQuoted) {
  std::string line;
  CsvFormat({}, CsvStyle::kFrontalis, true).append({}, "a \"b\",\nc.png", line);
  EXPECT_EQ(line.substr(0, 18), "\"a \"\"b\"\",\nc.png\",0");
}

}  // namespace
}  // namespace frontalis
