// The render and report commands and `extract --annotate`, from outside.

#include <gtest/gtest.h>

#include <algorithm>
#include <sstream>

#include "image/convert.h"
#include "support/media.h"
#include "support/paths.h"
#include "support/process.h"
#include "util/csv_table.h"
#include "video/image_reader.h"
#include "video/video_reader.h"

namespace frontalis {
namespace {

namespace fs = std::filesystem;
using testing::Outcome;
using testing::sample;

const std::string kFrontalis = FRONTALIS_EXECUTABLE;

class RenderTest : public ::testing::Test {
 protected:
  void SetUp() override {
    FRONTALIS_NEEDS_FFMPEG();
    folder_ =
        fs::path(::testing::TempDir()) /
        (std::string("render_") + ::testing::UnitTest::GetInstance()->current_test_info()->name());
    fs::remove_all(folder_);
    fs::create_directories(folder_);
  }
  void TearDown() override {
    if (!folder_.empty()) fs::remove_all(folder_);
  }

  [[nodiscard]] Outcome run(const std::string& arguments) const {
    return testing::run("'" + kFrontalis + "' " + arguments, folder_ / "run");
  }
  [[nodiscard]] std::string out(const std::string& name) const { return (folder_ / name).string(); }
  [[nodiscard]] fs::path table(const std::string& name, const std::string& text) const {
    testing::writeBytes(folder_ / name, text);
    return folder_ / name;
  }
  void expectNoLeftovers() const {
    for (const auto& entry : fs::recursive_directory_iterator(folder_)) {
      EXPECT_EQ(entry.path().string().find(".part-"), std::string::npos) << entry.path();
    }
  }

  fs::path folder_;
};

std::vector<double> timesOf(const fs::path& video) {
  auto reader = VideoReader::open(video);
  EXPECT_TRUE(reader.ok()) << reader.error().text();
  std::vector<double> times;
  while (true) {
    auto frame = reader->next();
    if (!frame.ok() || !*frame) break;
    times.push_back((*frame)->timestamp_seconds);
  }
  return times;
}

/// Hashes of a video's sound packets, as ffmpeg reads them.
std::vector<std::string> soundOf(const fs::path& video) {
  std::istringstream lines(testing::outputOf("ffmpeg -v error -nostdin -i " +
                                             testing::quoted(video) +
                                             " -map 0:a:0 -c copy -f framemd5 -"));
  std::vector<std::string> hashes;
  for (std::string line; std::getline(lines, line);) {
    if (!line.starts_with('#')) hashes.push_back(line.substr(line.rfind(' ') + 1));
  }
  return hashes;
}

constexpr const char* kRows =
    "frame,face_id,timestamp,confidence,success,pose_Tx,pose_Ty,pose_Tz,pose_Rx,pose_Ry,pose_Rz,"
    "AU12_r,AU12_c\n";

TEST_F(RenderTest, EveryFrameAtItsOwnTimeAndTheSoundAsItWas) {
  const std::string video = sample("single_face.mp4").string();
  ASSERT_EQ(run("extract -q '" + video + "' --landmarks-2d --sides -o " + out("a.csv")).code, 0);
  const Outcome done = run("render '" + video + "' " + out("a.csv") + " -o " + out("a.mp4"));
  ASSERT_EQ(done.code, 0) << done.err;
  EXPECT_NE(done.err.find("with sound"), std::string::npos) << done.err;
  EXPECT_EQ(done.err.find("warning"), std::string::npos) << done.err;
  EXPECT_EQ(timesOf(folder_ / "a.mp4"), timesOf(video));
  // The sound itself, but for a packet at either end that reaches beyond the pictures.
  const std::vector<std::string> sound = soundOf(folder_ / "a.mp4");
  const std::vector<std::string> source = soundOf(video);
  ASSERT_GE(sound.size() + 2, source.size());
  EXPECT_NE(std::search(source.begin(), source.end(), sound.begin(), sound.end()), source.end());
  const auto reader = VideoReader::open(folder_ / "a.mp4");
  ASSERT_TRUE(reader.ok());
  EXPECT_EQ(reader->info().codec, "h264");
  EXPECT_GT(reader->info().width, 640);
  EXPECT_EQ(reader->info().height, 360);
  expectNoLeftovers();
}

TEST_F(RenderTest, VariableFrameRateAndRotation) {
  // Frames at 0, 1, 2, 5, 6, 9, 10, ... of 30 per second, to be turned by a quarter.
  const fs::path flat = testing::ffmpeg(
      "-f lavfi -i testsrc2=size=320x180:rate=30:duration=1 -vf "
      "\"select='not(eq(mod(n,4),3))*not(eq(n,4))'\" -vsync vfr -c:v libx264 -preset ultrafast",
      folder_ / "flat.mp4");
  const fs::path turned = testing::ffmpeg(
      "-i " + testing::quoted(flat) + " -c copy -metadata:s:v:0 rotate=90", folder_ / "turned.mp4");
  const std::vector<double> times = timesOf(turned);
  ASSERT_GT(times.size(), 10u);
  std::string rows = kRows;
  for (std::size_t i = 0; i < times.size(); ++i) {
    rows +=
        std::to_string(i + 1) + ",0," + std::to_string(times[i]) + ",0.9,1,0,0,500,0,0,0,2.5,1\n";
  }
  const Outcome done = run("render --bars none " + turned.string() + " " +
                           table("t.csv", rows).string() + " -o " + out("o.mp4"));
  ASSERT_EQ(done.code, 0) << done.err;
  EXPECT_EQ(timesOf(folder_ / "o.mp4"), times);
  const auto reader = VideoReader::open(folder_ / "o.mp4");
  ASSERT_TRUE(reader.ok());
  EXPECT_TRUE(reader->info().orientation.identity());
  EXPECT_EQ(reader->info().width, 180);
  EXPECT_EQ(reader->info().height, 320);
}

TEST_F(RenderTest, EachFaceOfAFrameIsDrawn) {
  const fs::path video = testing::ffmpeg(
      "-f lavfi -i color=black:size=320x240:rate=25:duration=0.2 -c:v libx264 -preset ultrafast",
      folder_ / "v.mp4");
  std::string rows = kRows;
  for (int i = 1; i <= 5; ++i) {
    for (const char* place : {"0,0,0.9,1,-250,0,600", "1,0,0.9,1,250,0,600"}) {
      const std::string cells = place;  // the face's number, then the rest
      rows += std::to_string(i) + "," + cells + ",0,0,0,2.5,1\n";
    }
  }
  const Outcome done = run("render --bars none --no-caption " + video.string() + " " +
                           table("t.csv", rows).string() + " -o " + out("o.mp4"));
  ASSERT_EQ(done.code, 0) << done.err;
  auto reader = VideoReader::open(folder_ / "o.mp4");
  ASSERT_TRUE(reader.ok());
  const auto frame = reader->next();
  ASSERT_TRUE(frame.ok() && *frame);
  Image bgr;
  toBgr(**frame, {0, 0, 320, 240}, bgr);
  std::array<int, 3> drawn{};  // pixels in each third
  for (int y = 0; y < 240; ++y) {
    for (int x = 0; x < 320; ++x) {
      const std::uint8_t* p = bgr.at(x, y);
      if (std::max({p[0], p[1], p[2]}) > 80) ++drawn[static_cast<std::size_t>(x * 3 / 320)];
    }
  }
  EXPECT_GT(drawn[0], 50);
  EXPECT_EQ(drawn[1], 0);
  EXPECT_GT(drawn[2], 50);
}

TEST_F(RenderTest, WhatDoesNotBelongTogetherIsSaid) {
  const fs::path video = testing::ffmpeg(
      "-f lavfi -i testsrc2=size=160x120:rate=25:duration=0.4 -c:v libx264 -preset ultrafast",
      folder_ / "v.mp4");
  std::string rows = kRows;
  for (int i = 0; i < 30; ++i) {
    rows +=
        std::to_string(i + 1) + ",0," + std::to_string(i * 0.2) + ",0.9,1,0,0,500,0,0,0,2.5,1\n";
  }
  const Outcome done =
      run("render " + video.string() + " " + table("t.csv", rows).string() + " -o " + out("o.mkv"));
  EXPECT_EQ(done.code, 0) << done.err;
  for (const char* what : {"20 rows left", "time stamps", "--landmarks-2d"}) {
    EXPECT_NE(done.err.find(what), std::string::npos) << done.err;
  }
  const Outcome page =
      run("report -q " + out("t.csv") + " --video " + video.string() + " -o " + out("r.html"));
  EXPECT_EQ(page.code, 0) << page.err;
  EXPECT_NE(page.err.find("lasts 0.4 s, its table 5.8 s"), std::string::npos) << page.err;
  // The input is not written over, and a table of images is none of a video.
  const std::string before = testing::bytesOf(video);
  EXPECT_EQ(run("render " + video.string() + " " + out("t.csv") + " -o " + video.string()).code, 2);
  EXPECT_EQ(testing::bytesOf(video), before);
  const fs::path images = table("i.csv", "file,frame,success,AU12_r\na.jpg,1,1,2\n");
  EXPECT_EQ(run("render " + video.string() + " " + images.string() + " -o " + out("x.mp4")).code,
            2);
  EXPECT_FALSE(fs::exists(folder_ / "x.mp4"));
  expectNoLeftovers();
}

TEST_F(RenderTest, InterruptedItKeepsWhatWasDrawn) {
  const fs::path video = testing::ffmpeg(
      "-f lavfi -i testsrc2=size=640x360:rate=30:duration=20 -c:v libx264 -preset ultrafast",
      folder_ / "v.mp4");
  const fs::path rows = table("t.csv", std::string(kRows) + "1,0,0,0.9,1,0,0,500,0,0,0,2.5,1\n");
  // Interrupted once it has begun to write.
  const Outcome done = testing::run("'" + kFrontalis + "' render -q " + video.string() + " " +
                                        rows.string() + " -o " + out("o.mp4") +
                                        " & p=$!; until ls -l /proc/$p/fd " + folder_.string() +
                                        " | grep -qE 'part-|#[0-9]+ .deleted'; do kill -0 $p || "
                                        "exit 9; sleep 0.02; done; kill -INT $p; wait $p",
                                    folder_ / "run");
  EXPECT_EQ(done.code, 130) << done.err;
  expectNoLeftovers();
  const std::size_t frames = timesOf(folder_ / "o.mp4").size();
  EXPECT_GT(frames, 0u);
  EXPECT_LT(frames, 600u);
}

TEST_F(RenderTest, AnImageBecomesAnAnnotatedPicture) {
  const std::string image = sample("single_face.jpg").string();
  ASSERT_EQ(run("extract -q '" + image + "' --annotate -o " + out("a.csv")).code, 0);
  const auto original = readImage(image);
  const auto annotated = readImage(folder_ / "a_annotated.png");
  ASSERT_TRUE(annotated.ok()) << annotated.error().text();
  EXPECT_EQ(annotated->frame.height(), original->frame.height());
  EXPECT_GT(annotated->frame.width(), original->frame.width());
  const Outcome video =
      run("extract -q '" + sample("no_face.mp4").string() + "' --annotate -o " + out("v.csv"));
  EXPECT_EQ(video.code, 2);
  EXPECT_NE(video.err.find("frontalis render"), std::string::npos) << video.err;
  expectNoLeftovers();
}

TEST_F(RenderTest, AFolderOfImagesIsOneTableAndAReport) {
  fs::create_directories(folder_ / "photos");
  for (const char* name : {"single_face.jpg", "multi_face.jpg"}) {
    fs::copy_file(sample(name), folder_ / "photos" / name);
  }
  ASSERT_EQ(run("extract -q " + out("photos") + " -o " + out("p.csv")).code, 0);
  const auto rows = CsvTable::read(folder_ / "p.csv");
  ASSERT_TRUE(rows.ok());
  ASSERT_EQ(rows->rows(), 2u);
  EXPECT_EQ(rows->column("file"), 0u);
  EXPECT_EQ(rows->cell(0, 0), "multi_face.jpg");
  EXPECT_EQ(rows->cell(1, 0), "single_face.jpg");
  const Outcome report = run("report " + out("p.csv") + " -o " + out("p.html"));
  EXPECT_EQ(report.code, 0) << report.err;
  EXPECT_NE(testing::bytesOf(folder_ / "p.html").find("single_face.jpg"), std::string::npos);
}

TEST_F(RenderTest, AReportsVideoIsLinkedFromItsPlaceOrWithinThePage) {
  const fs::path video = testing::ffmpeg(
      "-f lavfi -i testsrc2=size=160x120:rate=25:duration=1 -c:v libx264 -preset ultrafast",
      folder_ / "a b#1.mp4");
  std::string rows = kRows;
  for (int i = 0; i < 25; ++i) {
    rows += std::to_string(i + 1) + ",0," + std::to_string(i * 0.04) + ",0.9,1,0,0,500,0,0,0," +
            std::to_string(i % 10 * 0.5) + ",1\n";
  }
  const std::string input = table("t.csv", rows).string() + " --video '" + video.string() + "'";
  fs::create_directories(folder_ / "deep");
  const Outcome done = run("report -q " + input + " -o " + out("deep/r.html"));
  ASSERT_EQ(done.code, 0);
  EXPECT_EQ(done.err, "");
  const std::string linked = testing::bytesOf(folder_ / "deep" / "r.html");
  EXPECT_NE(linked.find("\"./../a%20b%231.mp4\""), std::string::npos);
  EXPECT_NE(linked.find("data:image/jpeg;base64,"), std::string::npos);
  ASSERT_EQ(run("report -q --embed-video " + input + " -o " + out("whole.html")).code, 0);
  EXPECT_NE(testing::bytesOf(folder_ / "whole.html").find("data:video/mp4;base64,"),
            std::string::npos);
  EXPECT_EQ(run("report " + out("t.csv") + " --video a.mp4 --video b.mp4").code, 2);
  EXPECT_EQ(run("report " + out("none.csv") + " -o " + out("x.html")).code, 1);
  EXPECT_FALSE(fs::exists(folder_ / "x.html"));
  expectNoLeftovers();
}

}  // namespace
}  // namespace frontalis
