// The extract command, from outside: real videos, real models, every way it can end.

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "support/media.h"
#include "support/paths.h"
#include "support/process.h"
#include "util/csv_table.h"

namespace frontalis {
namespace {

namespace fs = std::filesystem;
using testing::Outcome;
using testing::readText;
using testing::sample;

const std::string kFrontalis = FRONTALIS_EXECUTABLE;

class ExtractTest : public ::testing::Test {
 protected:
  void SetUp() override {
    folder_ =
        fs::path(::testing::TempDir()) /
        (std::string("extract_") + ::testing::UnitTest::GetInstance()->current_test_info()->name());
    fs::remove_all(folder_);
    fs::create_directories(folder_);
  }
  void TearDown() override { fs::remove_all(folder_); }

  [[nodiscard]] Outcome run(const std::string& arguments,
                            const std::string& environment = "") const {
    return testing::run(environment + " '" + kFrontalis + "' " + arguments, folder_ / "run");
  }
  [[nodiscard]] Outcome shell(const std::string& command) const {
    return testing::run(command, folder_ / "run");
  }
  [[nodiscard]] std::string out(const std::string& name) const { return (folder_ / name).string(); }
  [[nodiscard]] CsvTable table(const std::string& name) const {
    auto read = CsvTable::read(folder_ / name);
    EXPECT_TRUE(read.ok()) << read.error().text();
    return std::move(read).value();
  }
  [[nodiscard]] nlohmann::json meta(const std::string& name) const {
    return nlohmann::json::parse(readText(folder_ / name));
  }
  /// Nothing but finished files.
  void expectNoLeftovers() const {
    for (const auto& entry : fs::recursive_directory_iterator(folder_)) {
      EXPECT_EQ(entry.path().string().find(".part-"), std::string::npos) << entry.path();
    }
  }

  fs::path folder_;
};

double at(const CsvTable& table, std::size_t row, const char* column) {
  return table.number(row, table.column(column).value()).value_or(-1);
}

double mean(const CsvTable& table, std::size_t from, std::size_t to, const char* column) {
  double sum = 0;
  for (std::size_t r = from; r < to; ++r) sum += at(table, r, column);
  return sum / static_cast<double>(to - from);
}

TEST_F(ExtractTest, SmileAndBlinkShowInTheRightFrames) {
  const Outcome done =
      run("extract '" + sample("single_face.mp4").string() + "' -o " + out("a.csv"));
  ASSERT_EQ(done.code, 0) << done.err;
  const CsvTable rows = table("a.csv");
  const Outcome counted = shell(
      "ffprobe -v error -count_frames -select_streams v -show_entries "
      "stream=nb_read_frames -of csv=p=0 '" +
      sample("single_face.mp4").string() + "'");
  EXPECT_EQ(rows.rows(), static_cast<std::size_t>(std::stoi(counted.out)));
  for (std::size_t r = 0; r < rows.rows(); ++r) {
    EXPECT_EQ(at(rows, r, "frame"), static_cast<double>(r + 1));
    EXPECT_EQ(at(rows, r, "success"), 1);
    if (r > 0) {
      EXPECT_GT(at(rows, r, "timestamp"), at(rows, r - 1, "timestamp"));
    }
  }
  // A neutral start, a blink around 0-based frame 27, a wide smile from 40 on.
  EXPECT_LT(mean(rows, 0, 16, "AU12_r"), 0.5);
  EXPECT_GT(mean(rows, 40, 70, "AU12_r"), 4.0);
  EXPECT_GT(mean(rows, 40, 70, "AU06_r"), 2.5);
  EXPECT_EQ(at(rows, 55, "AU12_c"), 1);
  EXPECT_EQ(at(rows, 5, "AU12_c"), 0);
  EXPECT_GT(at(rows, 27, "AU45_r"), 4.0);
  EXPECT_LT(at(rows, 15, "AU45_r"), 1.0);

  const nlohmann::json json = meta("a.meta.json");
  EXPECT_EQ(json["frames"]["read"], rows.rows());
  EXPECT_EQ(json["frames"]["with_face"], rows.rows());
  EXPECT_EQ(json["input"]["sha256"].get<std::string>().size(), 64u);
  EXPECT_EQ(json["pack"]["name"], "open");
  EXPECT_GE(json["models"].size(), 3u);
  EXPECT_FALSE(json["stages"].empty());
  expectNoLeftovers();
}

TEST_F(ExtractTest, LostFacesHaveEmptyCells) {
  ASSERT_EQ(run("extract -q '" + sample("face_noface.mov").string() + "' -o " + out("a.csv")).code,
            0);
  const CsvTable rows = table("a.csv");
  const std::size_t last = rows.rows() - 1;
  EXPECT_EQ(at(rows, 0, "success"), 1);
  EXPECT_EQ(at(rows, last, "success"), 0);
  EXPECT_EQ(rows.cell(last, rows.column("AU12_r").value()), "");
  EXPECT_EQ(rows.cell(last, rows.column("pose_Tx").value()), "");
}

TEST_F(ExtractTest, NoFaceIsAWarning) {
  const Outcome done = run("extract '" + sample("no_face.mp4").string() + "' -o " + out("a.csv"));
  EXPECT_EQ(done.code, 0);
  EXPECT_NE(done.err.find("no face was found"), std::string::npos) << done.err;
  EXPECT_GT(table("a.csv").rows(), 0u);
}

TEST_F(ExtractTest, JsonLinesHoldTheSameRows) {
  ASSERT_EQ(run("extract -q '" + sample("single_face.mp4").string() + "' -o " + out("a.csv")).code,
            0);
  const Outcome lines =
      run("extract -q --format jsonl -o - '" + sample("single_face.mp4").string() + "'");
  ASSERT_EQ(lines.code, 0);
  const CsvTable rows = table("a.csv");
  std::istringstream stream(lines.out);
  std::string line;
  std::size_t count = 0;
  while (std::getline(stream, line)) {
    const auto json = nlohmann::json::parse(line);
    EXPECT_NEAR(json["aus"]["AU12"]["r"].get<double>(), at(rows, count, "AU12_r"), 0.006);
    ++count;
  }
  EXPECT_EQ(count, rows.rows());
  ASSERT_EQ(
      run("extract -q '" + sample("single_face.mp4").string() + "' -o " + out("a.jsonl")).code, 0);
  EXPECT_EQ(readText(folder_ / "a.jsonl"), lines.out) << "the name says so";
}

TEST_F(ExtractTest, ANeutralThatIsGivenRules) {
  const std::string video = "extract -q '" + sample("single_face.mp4").string() + "' -o ";
  ASSERT_EQ(run(video + out("smile.csv") + " --neutral 1.5-2.4").code, 0);
  EXPECT_LT(mean(table("smile.csv"), 45, 70, "AU12_r"), 0.5);
  EXPECT_EQ(meta("smile.meta.json")["options"]["neutral"], nlohmann::json({1.5, 2.4}));
  ASSERT_EQ(run(video + out("rest.csv") + " --neutral 0-0.5").code, 0);
  EXPECT_GT(mean(table("rest.csv"), 45, 70, "AU12_r"), 4);
  for (const char* how : {" --online", " --faces 2", " --sides mirror", " --threads 2"}) {
    ASSERT_EQ(run(video + out("how.csv") + " --neutral 1.5-2.4" + how).code, 0) << how;
    EXPECT_LT(mean(table("how.csv"), 50, 70, "AU12_r"), 0.5) << how;
    const Outcome nowhere = run(video + out("nowhere.csv") + " --neutral 100-200" + how);
    EXPECT_EQ(nowhere.code, 0);
    EXPECT_NE(nowhere.err.find("given as neutral"), std::string::npos) << how << nowhere.err;
  }
  for (const char* wrong :
       {"2-1", "1", "-1-2", "1-", "1-2-3", "a-b", "nan-nan", "0-inf", "0-1 --static"}) {
    EXPECT_EQ(run(video + out("w.csv") + " --neutral=" + wrong).code, 2) << wrong;
  }
}

TEST_F(ExtractTest, OnlineRowsNeedNoSecondPass) {
  ASSERT_EQ(
      run("extract -q --online '" + sample("single_face.mp4").string() + "' -o " + out("a.csv"))
          .code,
      0);
  const CsvTable rows = table("a.csv");
  EXPECT_EQ(rows.rows(), 72u);
  EXPECT_GT(mean(rows, 40, 70, "AU12_r"), 2.5);
}

TEST_F(ExtractTest, SeveralInputsGoToAFolder) {
  const Outcome done = run("extract -q '" + sample("single_face.mp4").string() + "' '" +
                           sample("no_face.mp4").string() + "' -o " + out("tables/"));
  EXPECT_EQ(done.code, 0) << done.err;
  EXPECT_TRUE(fs::exists(folder_ / "tables/single_face.csv"));
  EXPECT_TRUE(fs::exists(folder_ / "tables/no_face.meta.json"));
}

TEST_F(ExtractTest, OneBadInputDoesNotStopTheOthers) {
  const Outcome done =
      run("extract -q nothing.mp4 '" + sample("single_face.mp4").string() + "' -o " + out("t/"));
  EXPECT_EQ(done.code, 3);
  EXPECT_NE(done.err.find("nothing.mp4"), std::string::npos);
  EXPECT_TRUE(fs::exists(folder_ / "t/single_face.csv"));
}

TEST_F(ExtractTest, SameNameTwiceIsRefusedBeforeWork) {
  const std::string video = sample("single_face.mp4").string();
  const Outcome done = run("extract '" + video + "' '" + video + "' -o " + out("t/"));
  EXPECT_EQ(done.code, 2);
  EXPECT_FALSE(fs::exists(folder_ / "t"));
}

TEST_F(ExtractTest, SeveralInputsAreNotOneTable) {
  const std::string video = sample("single_face.mp4").string();
  for (const std::string& output : {std::string("-"), out("t.csv"), out("t.jsonl")}) {
    const Outcome done = run("extract '" + video + "' '" + video + "' -o " + output);
    EXPECT_EQ(done.code, 2) << output;
    EXPECT_NE(done.err.find("several inputs"), std::string::npos) << done.err;
    EXPECT_FALSE(fs::exists(output));
  }
}

TEST_F(ExtractTest, NothingThatIsReadIsOverwritten) {
  const fs::path video = folder_ / "v.mp4";
  fs::copy(sample("single_face.mp4"), video);
  const std::string bytes = testing::bytesOf(video);
  const std::string name = testing::quoted(video);
  const std::string table = " -o " + out("t.csv");
  fs::create_directories(folder_ / "x");
  for (const std::string& arguments :
       {"extract " + name + " -o " + name, "extract " + name + " -o " + out("x/../v.mp4"),
        "extract " + name + table + " --features " + out("f") + " --hog " + name,
        "extract " + name + table + " --hog " + out("t.csv"),
        "extract " + name + table + " --hog " + out("t.meta.json"),
        "extract " + name + " --pack openface --landmarks " + out("t.csv") + table}) {
    if (arguments.find("--landmarks") != std::string::npos) {
      std::ofstream(folder_ / "t.csv") << "frame\n";
    }
    const Outcome done = run(arguments);
    EXPECT_EQ(done.code, 2) << arguments << done.err;
    EXPECT_EQ(testing::bytesOf(video), bytes) << arguments;
  }
  EXPECT_EQ(readText(folder_ / "t.csv"), "frame\n");
  const Outcome compared = run("compare " + out("t.csv") + " " + name + table);
  EXPECT_EQ(compared.code, 2) << compared.err;
  ASSERT_EQ(::mkfifo((folder_ / "pipe").c_str(), 0600), 0);
  const Outcome device = run("extract " + name + " -o " + out("pipe"));
  EXPECT_EQ(device.code, 1);
  EXPECT_NE(device.err.find("is a device or pipe"), std::string::npos) << device.err;
  EXPECT_TRUE(fs::is_fifo(folder_ / "pipe"));
}

TEST_F(ExtractTest, AlignedFacesOfAnotherRunGo) {
  const std::string features = " --features " + out("f") + " -o " + out("f/s.csv");
  ASSERT_EQ(run("extract -q '" + sample("single_face.mp4").string() + "'" + features).code, 0);
  const auto faces = [&] {
    return std::distance(fs::directory_iterator(folder_ / "f/s_aligned"), {});
  };
  EXPECT_EQ(faces(), 72);
  std::ofstream(folder_ / "f/s_aligned/mine.bmp") << "mine";
  ASSERT_EQ(shell("ffmpeg -v error -i '" + sample("single_face.mp4").string() +
                  "' -frames:v 3 -c copy " + out("short.mp4"))
                .code,
            0);
  ASSERT_EQ(run("extract -q " + out("short.mp4") + features).code, 0);
  EXPECT_EQ(faces(), 4);
}

TEST_F(ExtractTest, LostImagesAndOblongPixelsAreTold) {
  fs::create_directories(folder_ / "photos");
  for (const auto& entry : fs::directory_iterator(sample("single_face.mp4").parent_path())) {
    if (entry.path().extension() == ".jpg") {
      fs::copy(entry.path(), folder_ / "photos/a.jpg");
      break;
    }
  }
  std::ofstream(folder_ / "photos/broken.png") << "text";
  const Outcome photos = run("extract -q " + out("photos") + " -o " + out("p.csv"));
  EXPECT_EQ(photos.code, 3) << photos.err;
  EXPECT_NE(photos.err.find("broken.png"), std::string::npos) << photos.err;
  ASSERT_EQ(shell("ffmpeg -v error -i '" + sample("single_face.mp4").string() +
                  "' -frames:v 3 -vf scale=480:360,setsar=4/3 " + out("sar.mp4"))
                .code,
            0);
  const Outcome oblong = run("extract -q " + out("sar.mp4") + " -o " + out("s.csv"));
  EXPECT_EQ(oblong.code, 0) << oblong.err;
  EXPECT_NE(oblong.err.find("1.33 times as wide"), std::string::npos) << oblong.err;
}

TEST_F(ExtractTest, ErrorsNameTheInputAndExitWithOne) {
  std::ofstream(folder_ / "empty.mp4").close();
  std::ofstream(folder_ / "text.mp4") << "this is no video\n";
  fs::create_directories(folder_ / "hollow");
  ASSERT_EQ(
      shell("ffmpeg -loglevel error -y -f lavfi -i sine=duration=0.2 " + out("sound.m4a")).code, 0);
  for (const char* name : {"missing.mp4", "empty.mp4", "text.mp4", "sound.m4a", "hollow"}) {
    const Outcome done = run("extract '" + out(name) + "' -o " + out("never.csv"));
    EXPECT_EQ(done.code, 1) << name;
    EXPECT_NE(done.err.find("error: "), std::string::npos) << name;
    EXPECT_NE(done.err.find(name), std::string::npos) << done.err;
    EXPECT_FALSE(fs::exists(folder_ / "never.csv")) << name;
  }
  expectNoLeftovers();
}

TEST_F(ExtractTest, TruncatedVideoGivesWhatDecodesAndExitsWithThree) {
  ASSERT_EQ(shell("ffmpeg -loglevel error -y -i '" + sample("single_face.mp4").string() +
                  "' -c copy -f matroska " + out("whole.mkv"))
                .code,
            0);
  fs::copy(folder_ / "whole.mkv", folder_ / "cut.mkv");
  fs::resize_file(folder_ / "cut.mkv", fs::file_size(folder_ / "whole.mkv") / 2);
  const Outcome done = run("extract '" + out("cut.mkv") + "' -o " + out("a.csv"));
  EXPECT_EQ(done.code, 3) << done.err;
  const std::size_t rows = table("a.csv").rows();
  EXPECT_GT(rows, 10u);
  EXPECT_LT(rows, 72u);
  EXPECT_NE(done.err.find("truncated"), std::string::npos) << done.err;
  EXPECT_EQ(meta("a.meta.json")["truncated"], true);
}

TEST_F(ExtractTest, UnwritableOutputFailsBeforeWork) {
  std::ofstream(folder_ / "file").close();
  const Outcome done =
      run("extract '" + sample("single_face.mp4").string() + "' -o " + out("file/a.csv"));
  EXPECT_EQ(done.code, 1);
  EXPECT_NE(done.err.find("a.csv"), std::string::npos) << done.err;
}

TEST_F(ExtractTest, AFullDiskLeavesNothingBehind) {
  // A limit on file size stands in for a full disk: the write fails in the same place.
  const Outcome done =
      shell("trap '' XFSZ; ulimit -f 4; '" + kFrontalis + "' extract -q --landmarks-2d '" +
            sample("single_face.mp4").string() + "' -o " + out("a.csv"));
  EXPECT_EQ(done.code, 1);
  EXPECT_NE(done.err.find("error: "), std::string::npos);
  EXPECT_FALSE(fs::exists(folder_ / "a.csv"));
  expectNoLeftovers();
}

TEST_F(ExtractTest, AClosedPipeIsAnErrorNotACrash) {
  const Outcome done = shell("'" + kFrontalis + "' extract -q --format jsonl -o - '" +
                             sample("single_face.mp4").string() + "' > /dev/full");
  EXPECT_EQ(done.code, 1);
  EXPECT_NE(done.err.find("standard output"), std::string::npos) << done.err;
}

TEST_F(ExtractTest, CorruptModelNamesHashesAndRepair) {
  fs::create_directories(folder_ / "home/packs");
  fs::copy(testing::openPackDir(), folder_ / "home/packs/open");
  {
    std::fstream file(folder_ / "home/packs/open/retinaface.onnx",
                      std::ios::in | std::ios::out | std::ios::binary);
    file.seekp(1000);
    file.put('x');
    file.put('y');
  }
  const std::string environment = "FRONTALIS_HOME=" + out("home");
  const Outcome corrupt =
      run("extract '" + sample("single_face.mp4").string() + "' -o " + out("a.csv"), environment);
  EXPECT_EQ(corrupt.code, 1);
  EXPECT_NE(corrupt.err.find("retinaface.onnx"), std::string::npos) << corrupt.err;
  EXPECT_NE(corrupt.err.find("b7a7acab55e1"), std::string::npos) << corrupt.err;
  fs::remove(folder_ / "home/packs/open/retinaface.onnx");
  const Outcome missing =
      run("extract '" + sample("single_face.mp4").string() + "' -o " + out("a.csv"), environment);
  EXPECT_EQ(missing.code, 1);
  EXPECT_NE(missing.err.find("retinaface.onnx"), std::string::npos) << missing.err;
}

TEST_F(ExtractTest, CtrlCKeepsWhatIsDone) {
  // Slow enough to be interrupted in the middle: ten times the sample.
  ASSERT_EQ(shell("ffmpeg -loglevel error -y -stream_loop 40 -i '" +
                  sample("WolfgangLanger_Pexels.mp4").string() + "' -c copy " + out("long.mp4"))
                .code,
            0);
  const Outcome done = shell("'" + kFrontalis + "' extract -q '" + out("long.mp4") + "' -o " +
                             out("a.csv") + " & pid=$!; sleep 3; kill -INT $pid; wait $pid");
  EXPECT_EQ(done.code, 130) << done.err;
  const CsvTable rows = table("a.csv");
  EXPECT_GT(rows.rows(), 0u);
  const nlohmann::json json = meta("a.meta.json");
  EXPECT_EQ(json["interrupted"], true);
  EXPECT_EQ(json["frames"]["read"], rows.rows());
  expectNoLeftovers();
}

TEST_F(ExtractTest, WrongUsageExitsWithTwo) {
  EXPECT_EQ(run("extract").code, 2);
  EXPECT_EQ(run("extract --format xml a.mp4").code, 2);
  EXPECT_EQ(run("--help").code, 0);
  for (const char* unknown : {"extrakt", "models nonsense"}) {
    const Outcome done = run(unknown);
    EXPECT_EQ(done.code, 2);
    EXPECT_NE(done.err.find("there is no command"), std::string::npos) << done.err;
  }
  const std::string video = "extract -q '" + sample("single_face.mp4").string() + "' ";
  const Outcome parquet = run(video + "-o " + out("a.parquet"));
  EXPECT_EQ(parquet.code, 2);
  EXPECT_EQ(run(video + "-o " + out("a.json")).code, 2);
  EXPECT_EQ(run(video + "--format csv -o " + out("a.jsonl")).code, 2);
  EXPECT_NE(parquet.err.find("Python"), std::string::npos) << parquet.err;
  EXPECT_EQ(run(video + "--faces 2 --hog " + out("a.hog") + " -o " + out("a.csv")).code, 2);
  EXPECT_EQ(run("bench " + sample("single_face.mp4").string() + " --only nonsense").code, 2);
  EXPECT_FALSE(fs::exists(folder_ / "a.csv"));
}

TEST_F(ExtractTest, ProfileListsTheStages) {
  const Outcome done =
      run("extract --profile '" + sample("single_face.mp4").string() + "' -o " + out("a.csv"));
  for (const char* stage : {"decode", "track", "blendshapes", "shape", "aus"}) {
    EXPECT_NE(done.err.find(stage), std::string::npos) << stage;
  }
}

/// Two scenes, in which a face leaves and comes back: 278 frames, a key frame every 40.
fs::path cutVideo(const fs::path& folder) {
  std::string inputs;
  for (const char* name : {"single_face.mp4", "face_noface.mov", "noface_face.mov"}) {
    inputs += "-i " + testing::quoted(sample(name)) + " ";
  }
  return testing::ffmpeg(inputs +
                             "-filter_complex \"[0:v]split[a][d];"
                             "[a]scale=320:180,setpts=N/30/TB[s0];"
                             "[1:v]scale=320:180,select='not(mod(n,2))',setpts=N/30/TB[s1];"
                             "[2:v]scale=320:180,select='not(mod(n,2))',setpts=N/30/TB[s2];"
                             "[d]scale=320:180,setpts=N/30/TB[s3];"
                             "[s0][s1][s2][s3]concat=n=4,setsar=1\" -r 30 -an -pix_fmt yuv420p "
                             "-c:v libx264 -preset veryfast -g 40 -bf 2",
                         folder / "cut.mp4");
}

// Pieces of a video measured side by side give the bytes of one thread, every time.
TEST_F(ExtractTest, ThreadsDoNotChangeAByte) {
  FRONTALIS_NEEDS_FFMPEG();
  const fs::path video = cutVideo(folder_);
  std::vector<std::pair<std::string, std::string>> ways = {
      {"", "--landmarks-2d --blendshapes --sides"}};
  const fs::path openface = testing::sharedDir() / "models" / "OpenFaceModels";
  const fs::path pfld = testing::sharedDir() / "models" / "research" / "pfld_cunjian.onnx";
  if (fs::exists(openface) && fs::exists(pfld)) {  // research models: where a checkout has them
    const std::string environment =
        "OPENFACE_MODELS_DIR='" + openface.string() + "' FRONTALIS_HOME='" + out("home") + "'";
    ASSERT_EQ(run("models import '" + pfld.string() + "'", environment).code, 0);
    for (const char* landmarks : {"pfld", "mesh68", "clnf"}) {
      ways.emplace_back(environment, std::string("--pack openface --landmarks ") + landmarks);
    }
  }
  for (const auto& [environment, options] : ways) {
    std::string one;
    for (const char* threads : {"1", "2", "4", "4"}) {
      const Outcome done = run("extract '" + video.string() + "' -q " + options + " --threads " +
                                   threads + " -o " + out("rows.csv"),
                               environment);
      ASSERT_EQ(done.code, 0) << done.err;
      const std::string bytes = readText(folder_ / "rows.csv");
      if (one.empty()) {
        one = bytes;
        EXPECT_GT(meta("rows.meta.json")["frames"]["read"], 250);
      }
      EXPECT_TRUE(bytes == one) << options << " --threads " << threads;
    }
  }
}

TEST_F(ExtractTest, BenchMeasuresInstalledWaysBesideDecoding) {
  const Outcome done =
      run("bench '" + sample("single_face.mp4").string() + "' --threads 1 --only open --json",
          "OPENFACE_MODELS_DIR='" + out("none") + "'");
  ASSERT_EQ(done.code, 0) << done.err;
  const nlohmann::json runs = nlohmann::json::parse(done.out)["runs"];
  ASSERT_EQ(runs.size(), 2u);
  EXPECT_EQ(runs[0]["way"], "decode");
  EXPECT_EQ(runs[1]["way"], "open");
  for (const nlohmann::json& run : runs) {
    EXPECT_EQ(run["frames"], 72);
    EXPECT_GT(run["frames_per_second"], 0);
    EXPECT_GT(run["peak_mb"], 1);
  }
  EXPECT_LT(runs[1]["of_decode"], 1);
  EXPECT_GT(runs[1]["stage_ms"]["track"], 0);
  EXPECT_GT(runs[1]["first_row_seconds"], 0);
  EXPECT_EQ(run("bench '" + out("none.mp4") + "'").code, 2);
  const Outcome missing =
      run("bench '" + sample("single_face.mp4").string() + "' --threads 1 --only 'openface clnf'",
          "OPENFACE_MODELS_DIR='" + out("none") + "'");
  EXPECT_EQ(missing.code, 0) << missing.err;
  EXPECT_NE(missing.out.find("not installed"), std::string::npos) << missing.out;
}

}  // namespace
}  // namespace frontalis
