#include "output/report.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <nlohmann/json.hpp>
#include <random>

#include "image/convert.h"
#include "support/media.h"
#include "video/image_reader.h"

namespace frontalis {
namespace {

using testing::bytesOf;
using testing::TempFolder;
using testing::writeBytes;

const float kNan = std::numeric_limits<float>::quiet_NaN();

TEST(FindPeaks, TheStrongestASecondApartAndThePlateausMiddle) {
  std::vector<double> seconds;
  std::vector<float> values;
  for (int i = 0; i < 100; ++i) {
    seconds.push_back(0.1 * i);
    values.push_back(0);
  }
  values[10] = 3;
  values[15] = 2.9f;  // within a second of the first
  values[30] = values[31] = values[32] = 4;
  values[50] = 0.4f;  // too weak
  values[70] = 1;
  values[90] = kNan;
  values[91] = 0.6f;
  const auto peaks = findPeaks(seconds, values);
  ASSERT_EQ(peaks.size(), 3u);
  EXPECT_EQ(peaks[0].row, 31u);
  EXPECT_EQ(peaks[1].row, 10u);
  EXPECT_EQ(peaks[2].row, 70u);
  EXPECT_FLOAT_EQ(peaks[0].intensity, 4);
  EXPECT_DOUBLE_EQ(peaks[0].seconds, seconds[31]);
}

TEST(FindPeaks, NoneInWhatIsFlatEmptyOrUnseen) {
  EXPECT_TRUE(findPeaks({}, {}).empty());
  const std::vector<double> seconds = {0, 1, 2};
  EXPECT_TRUE(findPeaks(seconds, std::vector<float>{0, 0, 0}).empty());
  EXPECT_TRUE(findPeaks(seconds, std::vector<float>{kNan, kNan, kNan}).empty());
  EXPECT_EQ(findPeaks(seconds, std::vector<float>{kNan, 2, kNan}).size(), 1u);
}

/// By definition: the row is not below its neighbours, and no stronger maximum lies within a
/// second.
TEST(FindPeaks, FirstPeakIsTheGreatestValueOfRandomCurves) {
  std::mt19937 random(3);
  std::uniform_real_distribution<float> value(0, 5);
  for (int round = 0; round < 50; ++round) {
    std::vector<double> seconds;
    std::vector<float> values;
    for (int i = 0; i < 200; ++i) {
      seconds.push_back(i / 30.);
      values.push_back(value(random));
    }
    const auto peaks = findPeaks(seconds, values);
    ASSERT_FALSE(peaks.empty());
    EXPECT_EQ(peaks[0].intensity, *std::max_element(values.begin(), values.end()));
    for (std::size_t a = 0; a < peaks.size(); ++a) {
      for (std::size_t b = 0; b < a; ++b) {
        EXPECT_GE(std::abs(peaks[a].seconds - peaks[b].seconds), 1);
        EXPECT_LE(peaks[a].intensity, peaks[b].intensity);
      }
    }
  }
}

nlohmann::json dataOf(const std::string& page) {
  const std::string open = "<script id=\"data\" type=\"application/json\">";
  const std::size_t from = page.find(open) + open.size();
  return nlohmann::json::parse(page.substr(from, page.find("</script>", from) - from));
}

TEST(Report, NothingFromTheDataLeavesItsScript) {
  const TempFolder folder;
  const std::string evil = "</script><script>alert(1)</script><!-- & \xE2\x80\xA8 \xFF \"";
  writeBytes(folder / "t.csv", "frame,timestamp,success,AU12_r\n1,0,1,2.5\n2,0.1,1,3\n");
  ReportOptions options;
  options.title = evil;
  ReportSection section;
  section.title = section.paragraphs.emplace_back(evil);
  section.tables.push_back({evil, {evil}, {{evil}}});
  section.panels.push_back({evil, evil, 0, 1, {{evil, {0, 1}, {0, 1}, 0, false}}, evil});
  options.sections.push_back(section);
  const ReportSeries series{evil, folder / "t.csv"};
  const Status written = writeReport({&series, 1}, options, folder / "r.html");
  ASSERT_TRUE(written.ok()) << written.error().text();
  const std::string page = bytesOf(folder / "r.html");
  EXPECT_EQ(page.find("alert(1)</script>"), std::string::npos);
  EXPECT_EQ(page.find("<!--"), std::string::npos);
  EXPECT_EQ(page.find("\xE2\x80\xA8"), std::string::npos);
  EXPECT_EQ(page.find("{{"), std::string::npos);
  EXPECT_EQ(page.find("http://"), std::string::npos);
  const nlohmann::json data = dataOf(page);
  // As it was, but for the byte that is no UTF-8.
  const std::string title = data["title"];
  EXPECT_EQ(title.substr(0, title.find("\xEF\xBF\xBD")), evil.substr(0, evil.find('\xFF')));
  EXPECT_EQ(data["series"][0]["name"], title);
}

TEST(Report, SummaryLeavesLostFramesOut) {
  const TempFolder folder;
  std::string text = "frame,timestamp,confidence,success,AU12_r,AU12_c,AU28_c\n";
  for (int i = 0; i < 100; ++i) {
    // A lost frame keeps the tracker's last state in OpenFace's tables.
    const bool seen = i < 80;
    text += std::to_string(i + 1) + "," + std::to_string(i * 0.1) + ",0.9," + (seen ? "1" : "0") +
            "," + (seen ? std::to_string(0.05 * i) : "5") + "," + (i < 20 ? "1" : "0") + ",1\n";
  }
  writeBytes(folder / "t.csv", text);
  const ReportSeries series{"", folder / "t.csv"};
  ASSERT_TRUE(writeReport({&series, 1}, {}, folder / "r.html").ok());
  const nlohmann::json data = dataOf(bytesOf(folder / "r.html"));
  const nlohmann::json& one = data["series"][0];
  EXPECT_EQ(one["name"], "t.csv");
  EXPECT_EQ(one["rows"], 100);
  EXPECT_EQ(one["seen"], 80);
  ASSERT_EQ(one["summary"].size(), 2u);
  EXPECT_EQ(one["summary"][0]["au"], 12);
  EXPECT_NEAR(one["summary"][0]["mean"].get<double>(), 0.05 * 39.5, 1e-3);
  EXPECT_NEAR(one["summary"][0]["p95"].get<double>(), 0.05 * 75, 0.051);
  EXPECT_NEAR(one["summary"][0]["present"].get<double>(), 0.25, 1e-3);
  EXPECT_EQ(one["summary"][0]["peaks"][0]["frame"], 80);
  EXPECT_TRUE(one["summary"][1]["mean"].is_null());
  EXPECT_EQ(one["summary"][1]["present"], 1);
}

TEST(Report, ATableOfTwoFacesIsTwoSeries) {
  const TempFolder folder;
  std::string text = "frame,face_id,timestamp,success,AU12_r\n";
  for (int i = 0; i < 10; ++i) {
    for (const int face : {4, 2}) {
      text += std::to_string(i + 1) + "," + std::to_string(face) + "," + std::to_string(i) + ",1," +
              std::to_string(face) + "\n";
    }
  }
  writeBytes(folder / "t.csv", text);
  const ReportSeries series{"pair", folder / "t.csv"};
  ASSERT_TRUE(writeReport({&series, 1}, {}, folder / "r.html").ok());
  const nlohmann::json data = dataOf(bytesOf(folder / "r.html"));
  ASSERT_EQ(data["series"].size(), 2u);
  EXPECT_EQ(data["series"][0]["name"], "pair · face 4");
  EXPECT_EQ(data["series"][1]["name"], "pair · face 2");
  EXPECT_EQ(data["series"][1]["rows"], 10);
  EXPECT_EQ(data["series"][1]["summary"][0]["mean"], 2);
}

/// Every picture shows its own frame: by way of key frames as by reading through.
TEST(Report, PicturesOfPeaksAreThoseFrames) {
  FRONTALIS_NEEDS_FFMPEG();
  const TempFolder folder;
  // Frame n (0-based) is grey of level 40 + n / 2; a key frame every 50.
  testing::ffmpeg(
      "-f lavfi -i \"nullsrc=s=64x64:r=25:d=12,format=gray,geq=lum='40+N/2'\" -c:v libx264 "
      "-pix_fmt yuv420p -g 50 -bf 2 -crf 10 -preset ultrafast",
      folder / "v.mp4");
  std::string text = "frame,timestamp,success,AU12_r\n";
  for (int i = 0; i < 300; ++i) {
    const bool peak = i == 20 || i == 130 || i == 285;
    text +=
        std::to_string(i + 1) + "," + std::to_string(i / 25.) + ",1," + (peak ? "4" : "0") + "\n";
  }
  writeBytes(folder / "t.csv", text);
  std::vector<std::int64_t> read;
  ReportOptions options;
  options.progress = [&](std::int64_t frames, std::int64_t) {
    read.push_back(frames);
    return true;
  };
  const ReportSeries series{"", folder / "t.csv", folder / "v.mp4"};
  ASSERT_TRUE(writeReport({&series, 1}, options, folder / "r.html").ok());
  EXPECT_LT(read.size(), 150u);  // of 286
  const nlohmann::json pictures = dataOf(bytesOf(folder / "r.html"))["series"][0]["pictures"];
  ASSERT_EQ(pictures.size(), 3u);
  for (const int frame : {20, 130, 285}) {
    const std::string address = pictures[std::to_string(frame + 1)];
    writeBytes(folder / "data.txt", address.substr(address.find(',') + 1));
    testing::outputOf("base64 -d " + testing::quoted(folder / "data.txt") + " > " +
                      testing::quoted(folder / "p.jpg"));
    const auto picture = readImage(folder / "p.jpg");
    ASSERT_TRUE(picture.ok());
    Image bgr;
    toBgr(picture->frame, {0, 0, picture->frame.width(), picture->frame.height()}, bgr);
    EXPECT_NEAR(*bgr.at(80, 80), 40 + frame / 2., 3) << frame;
  }
}

TEST(Report, AFailureLeavesNothing) {
  const TempFolder folder;
  const ReportSeries missing{"", folder / "none.csv"};
  const Status failed = writeReport({&missing, 1}, {}, folder / "r.html");
  ASSERT_FALSE(failed.ok());
  EXPECT_EQ(failed.error().code, ErrorCode::kNotFound);
  EXPECT_TRUE(std::filesystem::is_empty(folder.path()));
  writeBytes(folder / "t.csv", "frame,AU12_r\n1,2\n");
  const ReportSeries itself{"", folder / "t.csv"};
  EXPECT_EQ(writeReport({&itself, 1}, {}, folder / "t.csv").error().code,
            ErrorCode::kInvalidArgument);
  EXPECT_EQ(bytesOf(folder / "t.csv"), "frame,AU12_r\n1,2\n");
  EXPECT_EQ(writeReport({}, {}, folder / "r.html").error().code, ErrorCode::kInvalidArgument);
}

}  // namespace
}  // namespace frontalis
