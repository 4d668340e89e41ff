// The batch command, from outside: killed, stopped, fed with bad videos, gone on with.

#include <gtest/gtest.h>
#include <unistd.h>

#include <chrono>
#include <map>
#include <nlohmann/json.hpp>
#include <random>
#include <set>
#include <sstream>
#include <thread>

#include "support/media.h"
#include "support/paths.h"
#include "support/process.h"
#include "support/sanitized.h"
#include "support/y4m.h"
#include "util/child_process.h"
#include "util/file_lock.h"

namespace frontalis {
namespace {

namespace fs = std::filesystem;
using nlohmann::json;
using std::chrono::milliseconds;
using std::chrono::steady_clock;
using testing::Outcome;
using testing::readText;
using testing::sample;
using testing::writeGrayVideo;

const std::string kFrontalis = FRONTALIS_EXECUTABLE;

class BatchTest : public ::testing::Test {
 protected:
  void SetUp() override {
    folder_ =
        fs::path(::testing::TempDir()) /
        (std::string("batch_") + ::testing::UnitTest::GetInstance()->current_test_info()->name());
    fs::remove_all(folder_);
    fs::create_directories(folder_ / "videos");
  }
  void TearDown() override { fs::remove_all(folder_); }

  [[nodiscard]] Outcome run(const std::string& arguments) const {
    return testing::run("'" + kFrontalis + "' batch -q " + arguments, folder_ / "run");
  }
  [[nodiscard]] std::string videos() const { return "'" + (folder_ / "videos").string() + "'"; }
  [[nodiscard]] std::string out(const std::string& name) const {
    return "-o '" + (folder_ / name).string() + "'";
  }
  /// A clip of the sample, ten frames with a face.
  [[nodiscard]] fs::path faceClip(const std::string& name, const std::string& options = "") const {
    return testing::ffmpeg(
        "-i " + testing::quoted(sample("single_face.mp4")) + " -frames:v 10 " + options + " -an",
        folder_ / "videos" / name);
  }
  [[nodiscard]] std::vector<json> records(const std::string& name) const {
    std::vector<json> all;
    std::istringstream lines(readText(folder_ / name / "manifest.jsonl"));
    for (std::string line; std::getline(lines, line);) all.push_back(json::parse(line));
    return all;
  }
  /// The last record of each video, by file name.
  [[nodiscard]] std::map<std::string, json> last(const std::string& name) const {
    std::map<std::string, json> all;
    for (const json& record : records(name)) {
      if (record["record"] != "video") continue;
      all[fs::path(record["input"].get<std::string>()).filename().string()] = record;
    }
    return all;
  }
  static void expectOnlyFinishedFiles(const fs::path& out) {
    for (const auto& entry : fs::recursive_directory_iterator(out)) {
      EXPECT_EQ(entry.path().string().find(".part-"), std::string::npos) << entry.path();
      EXPECT_EQ(entry.path().string().find("/.work"), std::string::npos) << entry.path();
    }
  }
  /// Processes whose command line names the folder; none are left a moment after their batch died.
  static std::size_t processesNaming(const std::string& text) {
    std::size_t count = 0;
    std::error_code ignored;
    for (const auto& entry : fs::directory_iterator("/proc", ignored)) {
      const std::string name = entry.path().filename().string();
      if (name.find_first_not_of("0123456789") != std::string::npos) continue;
      if (name == std::to_string(::getpid())) continue;
      count += readText(entry.path() / "cmdline").find(text) != std::string::npos ? 1 : 0;
    }
    return count;
  }
  static bool goneSoon(const std::string& text) {
    for (int i = 0; i < 500; ++i) {
      if (processesNaming(text) == 0) return true;
      std::this_thread::sleep_for(milliseconds(20));
    }
    return false;
  }

  fs::path folder_;
};

/// What must not depend on how often a batch was stopped: the times are left out.
std::string lasting(const fs::path& file) {
  const std::string text = readText(file);
  if (file.extension() != ".json") return text;
  json meta = json::parse(text);
  meta.erase("stages");
  return meta.dump();
}

TEST_F(BatchTest, KilledManyTimesItEndsAsIfItNeverWas) {
  constexpr int kVideos = testing::kSanitized ? 15 : 50;
  constexpr int kKills = testing::kSanitized ? 6 : 20;
  const fs::path clip = faceClip("face0.mp4");
  for (int i = 1; i < 3; ++i) {
    fs::copy(clip, folder_ / "videos" / ("face" + std::to_string(i) + ".mp4"));
  }
  for (int i = 3; i < kVideos; ++i) {
    writeGrayVideo(
        folder_ / "videos" / ("d" + std::to_string(i % 4)) / ("v" + std::to_string(i) + ".y4m"),
        2 + i % 7, 10 + i);
  }
  const auto start = steady_clock::now();
  const Outcome undisturbed = run(videos() + " " + out("once"));
  ASSERT_EQ(undisturbed.code, 0) << undisturbed.err;
  const double whole = std::chrono::duration<double>(steady_clock::now() - start).count();

  std::mt19937 random(20);
  std::uniform_real_distribution<double> moment(0.02, std::max(0.05, whole * 0.7 / kKills * 2));
  const std::string work = (folder_ / "killed" / ".work").string();
  int kills = 0;
  bool ended = false;
  std::vector<std::string> arguments = {
      "batch",   "-q", (folder_ / "videos").string(), "-o", (folder_ / "killed").string(),
      "--resume"};
  while (kills < kKills && !ended) {
    Result<ChildProcess> batch = ChildProcess::start(kFrontalis, arguments);
    ASSERT_TRUE(batch.ok()) << batch.error().text();
    const auto deadline = steady_clock::now() + std::chrono::duration<double>(moment(random));
    while (steady_clock::now() < deadline && !ended) {
      std::this_thread::sleep_for(milliseconds(5));
      ended = batch->end().has_value();
    }
    if (ended) break;
    batch->kill();
    while (!batch->end()) std::this_thread::sleep_for(milliseconds(1));
    ++kills;
    EXPECT_TRUE(goneSoon(work)) << "workers outlive their batch";
  }
  EXPECT_GE(kills, kKills / 2);
  const Outcome resumed = run("--resume " + out("killed"));
  ASSERT_EQ(resumed.code, 0) << resumed.err;

  std::map<std::string, int> done;
  for (const json& record : records("killed")) {
    if (record.value("state", "") == "done") ++done[record["input"]];
  }
  EXPECT_EQ(done.size(), static_cast<std::size_t>(kVideos));
  for (const auto& [input, times] : done) EXPECT_EQ(times, 1) << input;

  std::size_t compared = 0;
  for (const auto& entry : fs::recursive_directory_iterator(folder_ / "once")) {
    const fs::path name = entry.path().lexically_relative(folder_ / "once");
    if (!entry.is_regular_file() || name == "manifest.jsonl" || name == "summary.csv") continue;
    EXPECT_EQ(lasting(entry.path()), lasting(folder_ / "killed" / name)) << name;
    ++compared;
  }
  EXPECT_EQ(compared, 2u * kVideos + 1);  // tables, meta files, the lock
  expectOnlyFinishedFiles(folder_ / "killed");
}

TEST_F(BatchTest, BadVideosStopNothingAndAreNotTriedTwice) {
  (void)faceClip("good.mp4");
  const fs::path in = folder_ / "videos";
  writeGrayVideo(in / "a/same.y4m", 3);
  writeGrayVideo(in / "b/same.y4m", 4);
  writeGrayVideo(in / "new\nline \xff 'q'.y4m", 5);
  testing::writeBytes(in / "empty.mp4", "");
  testing::writeBytes(in / "text.avi", "this is no video\n");
  testing::writeBytes(in / "playlist.mp4", "#EXTM3U\nhttp://127.0.0.1:9/a.ts\n");
  const std::string whole = testing::bytesOf(in / "good.mp4");
  testing::writeBytes(in / "cut.mp4", whole.substr(0, whole.size() / 2));
  testing::writeBytes(folder_ / "list.txt", "# two\r\n" + (in / "a/same.y4m").string() + "\r\n\n" +
                                                (folder_ / "gone.mp4").string() + "\n");
  const Outcome done =
      run(videos() + " '" + (folder_ / "list.txt").string() + "' " + out("t") + " --sides");
  EXPECT_EQ(done.code, 3) << done.err;
  for (const char* name : {"good.csv", "a/same.csv", "b/same.csv", "new\nline \xff 'q'.csv",
                           "good.meta.json", "summary.csv"}) {
    EXPECT_TRUE(fs::exists(folder_ / "t" / name)) << name;
  }
  EXPECT_NE(readText(folder_ / "t/good.csv").find("AU12_r_left"), std::string::npos);
  EXPECT_FALSE(fs::exists(folder_ / "t/empty.csv"));
  std::map<std::string, json> records = last("t");
  EXPECT_EQ(records["empty.mp4"]["code"], "not_a_video");
  EXPECT_EQ(records["text.avi"]["code"], "not_a_video");
  EXPECT_EQ(records["playlist.mp4"]["code"], "not_a_video");
  EXPECT_EQ(records["cut.mp4"]["state"], "failed");
  EXPECT_EQ(records["gone.mp4"]["code"], "not_found");
  EXPECT_EQ(records["good.mp4"]["frames_with_face"], 10);
  EXPECT_EQ(records["good.mp4"]["sha256"].get<std::string>().size(), 64u);
  EXPECT_NE(done.out.find("  failed "), std::string::npos) << done.out;
  expectOnlyFinishedFiles(folder_ / "t");

  // Again: only what may have come back is looked for, and nothing runs.
  const std::size_t before = this->records("t").size();
  EXPECT_EQ(run("--resume " + out("t")).code, 3);
  EXPECT_EQ(this->records("t").size(), before + 2);  // the run, and gone.mp4
  // What changed is done again, what was only touched is not.
  writeGrayVideo(in / "a/same.y4m", 6);
  fs::last_write_time(in / "b/same.y4m", fs::file_time_type::clock::now());
  fs::remove(folder_ / "t/good.meta.json");
  EXPECT_EQ(run("--resume " + out("t")).code, 3);
  std::set<std::string> again;
  const std::vector<json> all = this->records("t");
  for (std::size_t i = before + 2; i < all.size(); ++i) {
    if (all[i].value("state", "") == "done") again.insert(all[i]["output"]);
  }
  EXPECT_EQ(again, (std::set<std::string>{"a/same.csv", "good.csv"}));
}

TEST_F(BatchTest, AManifestOfOthersWritesNowhereElse) {
  writeGrayVideo(folder_ / "videos/a.y4m", 3);
  ASSERT_EQ(run(videos() + " " + out("t") + " --sides").code, 0);
  const std::string manifest = readText(folder_ / "t/manifest.jsonl");
  const std::string elsewhere = (folder_ / "elsewhere").string();
  for (const std::string& argument :
       {"--hog=" + elsewhere, "--aligned=" + elsewhere, "--features=" + elsewhere,
        "--hog=" + (folder_ / "t/.work/../../elsewhere").string(), "--output=" + elsewhere,
        "-o" + elsewhere, std::string("--report-fd=1")}) {
    std::string changed = manifest;
    const std::string sides = "\"--sides\"";
    changed.replace(changed.find(sides), sides.size(), json(argument).dump());
    testing::writeBytes(folder_ / "t/manifest.jsonl", changed);
    fs::remove(folder_ / "t/a.csv");
    const int code = run("--resume --retries 0 " + out("t")).code;
    EXPECT_TRUE(code == 1 || code == 2) << argument << code;
    EXPECT_FALSE(fs::exists(elsewhere)) << argument;
  }
}

TEST_F(BatchTest, OptionsReachTheWorkersAsTheyWereGiven) {
  writeGrayVideo(folder_ / "videos/a.y4m", 2);
  const std::pair<std::string, std::vector<std::string>> cases[] = {
      {"--format jsonl --sides --no-mask --neutral 0-1",
       {"--format=jsonl", "--sides", "--no-mask", "--neutral=0-1"}},
      {"--no-mask=false --sides=mirror", {"--sides=mirror", "--no-mask=false"}}};
  int count = 0;
  for (const auto& [given, kept] : cases) {
    const std::string name = "t" + std::to_string(++count);
    EXPECT_EQ(run(videos() + " " + out(name) + " --threads 1 " + given).code, 0) << given;
    EXPECT_EQ(records(name).front()["arguments"], json(kept)) << given;
    EXPECT_EQ(last(name).at("a.y4m")["state"], "done");
  }
}

TEST_F(BatchTest, OneFolderIsMadeOneWayByOneBatchAtATime) {
  writeGrayVideo(folder_ / "videos/a.y4m", 3);
  EXPECT_EQ(run(videos()).code, 2);
  EXPECT_EQ(run(out("t")).code, 2);
  EXPECT_EQ(run("--resume " + out("t")).code, 1);
  ASSERT_EQ(run(videos() + " " + out("t") + " --blendshapes --format jsonl").code, 0);
  EXPECT_TRUE(fs::exists(folder_ / "t/a.jsonl"));
  EXPECT_EQ(run(videos() + " " + out("t") + " --blendshapes --format jsonl").code, 2);
  EXPECT_EQ(run("--resume " + out("t") + " --format jsonl --blendshapes").code, 0);
  const Outcome other = run("--resume " + videos() + " " + out("t") + " --sides");
  EXPECT_EQ(other.code, 2);
  EXPECT_NE(other.err.find("other options"), std::string::npos) << other.err;
  EXPECT_EQ(run("--redo " + videos() + " " + out("t") + " --hog --features").code, 0);
  for (const char* name : {"a.csv", "a.hog", "a_geometry.csv"}) {
    EXPECT_TRUE(fs::exists(folder_ / "t" / name)) << name;
  }
  EXPECT_EQ(run("--resume " + out("t")).code, 0);

  Result<FileLock> lock =
      FileLock::acquire(folder_ / "t/.manifest.lock", std::chrono::milliseconds(0));
  ASSERT_TRUE(lock.ok());
  const Outcome second = run("--resume " + out("t"));
  EXPECT_EQ(second.code, 1);
  EXPECT_NE(second.err.find("another batch is at work"), std::string::npos) << second.err;
}

TEST_F(BatchTest, CtrlCStopsAndSaysHowToGoOn) {
  testing::outputOf("ffmpeg -loglevel error -y -stream_loop 40 -i " +
                    testing::quoted(sample("WolfgangLanger_Pexels.mp4")) + " -c copy " +
                    testing::quoted(folder_ / "videos/long.mp4"));
  writeGrayVideo(folder_ / "videos/short.y4m", 3);
  const std::string command = "'" + kFrontalis + "' batch -q --jobs 1 " + videos() + " " + out("t");
  const Outcome stopped =
      testing::run(command + " & pid=$!; sleep 1; kill -INT $pid; wait $pid", folder_ / "run");
  EXPECT_EQ(stopped.code, 130) << stopped.err;
  EXPECT_NE(stopped.err.find("go on with: frontalis batch --resume -o"), std::string::npos)
      << stopped.err;
  EXPECT_TRUE(goneSoon((folder_ / "t/.work").string()));
  expectOnlyFinishedFiles(folder_ / "t");
  EXPECT_EQ(last("t")["long.mp4"]["state"], "interrupted");
  EXPECT_NE(readText(folder_ / "t/summary.csv").find("short.csv,waiting,0"), std::string::npos);

  // A deadline gives the long one up (on a busy machine the short one too). Little memory: one by
  // one.
  const Outcome late = run("--resume --timeout 1 --retries 0 --memory 1M --jobs 2 " + out("t"));
  EXPECT_TRUE(late.code == 3 || late.code == 1) << late.code << late.err;
  EXPECT_EQ(last("t")["long.mp4"]["code"], "timeout");
  EXPECT_EQ(last("t")["long.mp4"]["attempt"], 2);
  int at_work = 0;
  for (const json& record : records("t")) {
    if (record["record"] != "video") continue;
    at_work += record["state"] == "running" ? 1 : -1;
    EXPECT_LE(at_work, 1);
  }
}

TEST_F(BatchTest, AWorkerThatIsKilledIsTriedAgain) {
  writeGrayVideo(folder_ / "videos/a.y4m", 3);
  // The first worker that is seen is killed from outside, as a system short of memory does.
  Result<ChildProcess> batch =
      ChildProcess::start(kFrontalis, {"batch", "-q", (folder_ / "videos").string(), "-o",
                                       (folder_ / "t").string(), "--retries", "2"});
  ASSERT_TRUE(batch.ok());
  const std::string work = (folder_ / "t/.work/1/").string();
  bool killed = false;
  std::optional<ProcessEnd> end;
  const auto deadline = steady_clock::now() + std::chrono::seconds(60);
  while (!(end = batch->end()) && steady_clock::now() < deadline) {
    for (const auto& entry : fs::directory_iterator("/proc")) {
      const std::string name = entry.path().filename().string();
      if (killed || name.find_first_not_of("0123456789") != std::string::npos) continue;
      if (readText(entry.path() / "cmdline").find(work) == std::string::npos) continue;
      killed = ::kill(std::stoi(name), SIGKILL) == 0;
    }
    std::this_thread::sleep_for(milliseconds(2));
  }
  ASSERT_TRUE(killed);
  ASSERT_TRUE(end.has_value());
  EXPECT_EQ(end->exit_code, 0);
  std::vector<std::string> states;
  for (const json& record : records("t")) states.push_back(record.value("state", "run"));
  EXPECT_EQ(states, (std::vector<std::string>{"run", "running", "failed", "running", "done"}));
  EXPECT_EQ(records("t")[2]["code"], "crashed");
}

}  // namespace
}  // namespace frontalis
