#include "output/comparison.h"

#include <gtest/gtest.h>

#include <cmath>
#include <nlohmann/json.hpp>

namespace frontalis {
namespace {

FexTable table(const std::string& text) {
  Result<FexTable> read = FexTable::parse(text, "test.csv");
  EXPECT_TRUE(read.ok()) << read.error().text();
  return std::move(read).value();
}

TEST(FexTable, ReadsOpenFacesBlanks) {
  const FexTable t = table(
      "frame, face_id, timestamp, confidence, success, pose_Rx, AU12_r, AU12_c, eye_lmk_x_0\n"
      "1, 0, 0.000, 0.98, 1, 0.1, 2.50, 1, 7\n2, 0, 0.033, 0.02, 0, 0, 0.00, 0, 7\n");
  EXPECT_TRUE(t.timed);
  EXPECT_EQ(t.rows(), 2u);
  EXPECT_EQ(t.success[1], 0);
  EXPECT_EQ(t.columns.size(), 3u);
  EXPECT_EQ(t.columns.at("AU12_r")[0], 2.5);
}

TEST(FexTable, CountsPyfaceausFramesFromOne) {
  const FexTable t = table("frame,timestamp,success,AU01_r\n0,0.0,True,1.5\n1,0.1,False,\n");
  EXPECT_EQ(t.program, "pyfaceau");
  EXPECT_EQ(t.frame[0], 1);
  EXPECT_EQ(t.success[0], 1);
  EXPECT_EQ(t.success[1], 0);
  EXPECT_TRUE(std::isnan(t.columns.at("AU01_r")[1]));
}

TEST(FexTable, TurnsPyFeatsProbabilitiesAndDegrees) {
  const FexTable t = table(
      ",FaceScore,AU12,Pitch,input,frame\n0,0.9,0.75,180,a.mp4,0.0\n1,0.8,0.25,0,a.mp4,0.0\n"
      "2,,,,a.mp4,1.0\n");
  EXPECT_EQ(t.program, "py-feat");
  EXPECT_FALSE(t.timed);
  EXPECT_EQ(t.frame[2], 2);
  EXPECT_EQ(t.face[1], 1);  // a second face of one frame
  EXPECT_EQ(t.success[2], 0);
  EXPECT_EQ(t.columns.at("AU12_p")[0], 0.75);
  EXPECT_EQ(t.columns.at("AU12_c")[0], 1);
  EXPECT_EQ(t.columns.at("AU12_c")[1], 0);
  EXPECT_NEAR(t.columns.at("pose_Rx")[0], 3.14159265, 1e-8);
}

TEST(FexTable, RefusesOtherTables) {
  for (const char* text : {"a,b\n1,2\n", "frame,timestamp\n1,0\n", "", "frame,AU01_r\nx,1\n",
                           "frame,AU01_r\n1e99,1\n"}) {
    EXPECT_EQ(FexTable::parse(text, "t").error().code, ErrorCode::kCorrupt) << text;
  }
}

TEST(FexTable, AColumnIsThereOnce) {
  // What py-feat's columns become, beside columns that have that name already.
  const FexTable read = table("frame,AU12,AU12_c,Pitch,pose_Rx\n0,0.7,0,90,1\n1,0.2,0,90,2\n");
  for (const auto& [name, values] : read.columns) EXPECT_EQ(values.size(), 2u) << name;
  EXPECT_EQ(read.columns.at("AU12_c"), (std::vector<double>{1, 0}));
  EXPECT_EQ(read.columns.at("pose_Rx"), (std::vector<double>{1, 2}));
}

TEST(FexTable, NumbersThatNothingMeasuresCountAsNone) {
  const FexTable read = table("frame,timestamp,AU12_r\n1,0,1e200\n2,1,-1e16\n3,2,1e3\n");
  const std::vector<double>& values = read.columns.at("AU12_r");
  EXPECT_TRUE(std::isnan(values[0]) && std::isnan(values[1]));
  EXPECT_EQ(values[2], 1e3);
  EXPECT_FALSE(FexTable::parse("frame,timestamp,AU12_r\n1,1e99,1\n", "t").ok());
}

/// `rate` rows a second for `seconds`, AU12 a function of time.
FexTable signal(double rate, double seconds, double offset = 0) {
  std::string text = "frame,timestamp,confidence,success,AU12_r,AU12_c\n";
  for (int i = 0; i < static_cast<int>(rate * seconds); ++i) {
    const double t = i / rate;
    const double value = 2 + std::sin(t) + offset;
    text += std::to_string(i + 1) + "," + std::to_string(t) + ",1,1," + std::to_string(value) +
            "," + (value > 2 ? "1" : "0") + "\n";
  }
  return table(text);
}

TEST(Comparison, MeetsAcrossFrameRates) {
  const FexTable slow = signal(25, 8), fast = signal(60, 8, 0.5);
  std::vector<std::string> warnings;
  const auto pairs = pairRows(slow, fast, warnings);
  ASSERT_EQ(pairs.size(), slow.rows());
  for (const auto& [i, j] : pairs) EXPECT_LE(std::abs(slow.seconds[i] - fast.seconds[j]), 0.5 / 60);
  // Either way round a row has one partner.
  EXPECT_EQ(pairRows(fast, slow, warnings).size(), slow.rows());

  const Result<Comparison> found = compareTables(slow, fast, "<a>", "b");
  ASSERT_TRUE(found.ok());
  const Agreement& au12 = found->intensities.at(0).agreement;
  EXPECT_NEAR(au12.bias, 0.5, 0.01);
  EXPECT_GT(*au12.icc, 0.99);
  EXPECT_EQ(found->presences.at(0).column, "AU12_c");

  const nlohmann::json json = nlohmann::json::parse(comparisonJson(*found));
  EXPECT_EQ(json["pairs"], slow.rows());
  EXPECT_EQ(json["intensity"][0]["column"], "AU12_r");
  const std::string page = comparisonPage(*found);
  EXPECT_NE(page.find("&lt;a&gt;"), std::string::npos);
  EXPECT_EQ(page.find("<a>"), std::string::npos);
  EXPECT_EQ(page.find("nan"), std::string::npos);
  EXPECT_NE(page.find("<svg"), std::string::npos);
}

TEST(Comparison, FacesMeetTheirOwn) {
  const std::string two =
      "frame,face_id,timestamp,confidence,success,AU12_r\n"
      "1,0,0,1,1,1\n1,1,0,1,1,4\n2,0,.04,1,1,2\n2,1,.04,1,1,5\n3,1,.08,1,1,5\n4,1,.12,1,0,9\n";
  const FexTable a = table(two), b = table(two);
  std::vector<std::string> warnings;
  for (const auto& [i, j] : pairRows(a, b, warnings)) EXPECT_EQ(i, j);
  EXPECT_EQ(pairRows(a, b, warnings).size(), 5u);
  EXPECT_TRUE(warnings.empty());
  const FexTable one =
      table("frame,timestamp,confidence,success,AU12_r\n1,0,1,1,4\n2,.04,1,1,5\n3,.08,1,1,5\n");
  const auto pairs = pairRows(a, one, warnings);
  ASSERT_EQ(pairs.size(), 3u);
  EXPECT_EQ(a.face[pairs[0].first], 1);
  EXPECT_EQ(warnings.size(), 1u);
}

TEST(Comparison, WithoutTimesFramesMustBeEqual) {
  const FexTable a = table("frame,confidence,success,AU12_r\n1,1,1,1\n2,1,1,2\n4,1,1,3\n");
  const FexTable b = table("frame,confidence,success,AU12_r\n2,1,1,2\n3,1,1,2\n4,1,1,3\n");
  std::vector<std::string> warnings;
  EXPECT_EQ(pairRows(a, b, warnings),
            (std::vector<std::pair<std::size_t, std::size_t>>{{1, 0}, {2, 2}}));
}

TEST(Comparison, IntensityAndProbabilityOnlyCorrelate) {
  const FexTable ours = table("frame,confidence,success,AU12_r\n1,1,1,0\n2,1,1,2\n3,1,1,5\n");
  const FexTable feat = table("FaceScore,AU12,frame\n1,.1,0\n1,.5,1\n1,.9,2\n");
  const Result<Comparison> found = compareTables(ours, feat, "a", "b");
  ASSERT_TRUE(found.ok());
  EXPECT_EQ(found->intensities.at(0).column, "AU12_r/p");
  EXPECT_FALSE(found->intensities.at(0).one_scale);
  EXPECT_FALSE(nlohmann::json::parse(comparisonJson(*found))["intensity"][0].contains("mae"));
}

TEST(Comparison, NothingInCommonIsAnError) {
  const FexTable a = table("frame,confidence,success,AU12_r\n1,1,1,0\n");
  const FexTable b = table("frame,confidence,success,AU12_r\n2,1,1,0\n");
  const FexTable c = table("frame,confidence,success,AU01_r\n1,1,1,0\n");
  EXPECT_EQ(compareTables(a, b, "a", "b").error().code, ErrorCode::kUnsupported);
  EXPECT_EQ(compareTables(a, c, "a", "c").error().code, ErrorCode::kUnsupported);
}

}  // namespace
}  // namespace frontalis
