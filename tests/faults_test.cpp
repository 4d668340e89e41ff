// The system fails under extract and batch: no space, broken reads, signals, no memory, no folder.
// After each fault no partial file stands under a final name, the error is told, and a rerun gives
// what an undisturbed run gives.

#include <gtest/gtest.h>
#include <unistd.h>

#include <chrono>
#include <csignal>
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

namespace frontalis {
namespace {

namespace fs = std::filesystem;
using std::chrono::milliseconds;
using testing::Outcome;
using testing::quoted;
using testing::readText;

const std::string kFrontalis = FRONTALIS_EXECUTABLE;

class Faults : public ::testing::Test {
 protected:
  void SetUp() override {
    folder_ =
        fs::path(::testing::TempDir()) /
        (std::string("faults_") + ::testing::UnitTest::GetInstance()->current_test_info()->name());
    fs::remove_all(folder_);
    video_ = testing::writeGrayVideo(folder_ / "in/a.y4m", 3);
    const Outcome whole = run("extract -q " + quoted(video_) + " -o " + quoted(whole_name()));
    ASSERT_EQ(whole.code, 0) << whole.err;
    whole_ = readText(whole_name());
  }
  void TearDown() override { fs::remove_all(folder_); }

  [[nodiscard]] fs::path whole_name() const { return folder_ / "whole/a.csv"; }
  [[nodiscard]] Outcome run(const std::string& arguments, const std::string& before = "") const {
    return testing::run(before + " '" + kFrontalis + "' " + arguments, folder_ / "run");
  }
  [[nodiscard]] std::string extract() const {
    return "extract -q " + quoted(video_) + " -o " + quoted(folder_ / "out/a.csv");
  }
  [[nodiscard]] std::string batch(const std::string& options = "") const {
    return "batch -q " + quoted(folder_ / "in") + " -o " + quoted(folder_ / "out") + " " + options;
  }
  /// The table is not there, or is whole.
  void expectNoPartialTable(const std::string& when) const {
    if (fs::exists(folder_ / "out/a.csv")) {
      EXPECT_EQ(readText(folder_ / "out/a.csv"), whole_) << when;
    }
    if (fs::exists(folder_ / "out/a.meta.json")) {
      EXPECT_TRUE(nlohmann::json::accept(readText(folder_ / "out/a.meta.json"))) << when;
    }
  }
  void expectNoTemporaries(const std::string& when) const {
    for (const auto& entry : fs::recursive_directory_iterator(folder_)) {
      EXPECT_EQ(entry.path().string().find(".part-"), std::string::npos) << when;
    }
  }
  void expectRerunSucceeds(const std::string& arguments, const std::string& when) const {
    const Outcome again = run(arguments);
    EXPECT_EQ(again.code, 0) << when << ": " << again.err;
    EXPECT_EQ(readText(folder_ / "out/a.csv"), whole_) << when;
  }

  fs::path folder_, video_;
  std::string whole_;
};

#if defined(FRONTALIS_FAULT_SHIM)
TEST_F(Faults, ExtractWithAFullDiskAtAnyWrite) {
  for (int calls = 0;; ++calls) {
    ASSERT_LT(calls, 60);
    const std::string when = "full after " + std::to_string(calls) + " calls";
    const fs::path mark = folder_ / "full";
    fs::remove_all(folder_ / "out");
    fs::remove(mark);
    const Outcome done = run(extract(), "FAULT_WRITE_AFTER=" + std::to_string(calls) +
                                            " FAULT_FULL=" + quoted(mark) +
                                            " LD_PRELOAD='" FRONTALIS_FAULT_SHIM "'");
    if (!fs::exists(mark)) {
      EXPECT_EQ(done.code, 0);
      EXPECT_GT(calls, 4) << "the fault never struck";
      break;
    }
    EXPECT_EQ(done.code, 1) << when;
    EXPECT_NE(done.err.find("No space left on device"), std::string::npos) << when << done.err;
    expectNoPartialTable(when);
    expectNoTemporaries(when);
  }
  expectRerunSucceeds(extract(), "after all");
}

TEST_F(Faults, BatchWithAFullDiskAtAnyWrite) {
  bool struck = false;
  for (int calls = 0;; calls += calls < 8 ? 1 : 3) {
    ASSERT_LT(calls, 60);
    const std::string when = "full after " + std::to_string(calls) + " calls";
    const fs::path mark = folder_ / "full";
    fs::remove_all(folder_ / "out");
    fs::remove(mark);
    const Outcome done =
        run(batch(), "FAULT_WRITE_AFTER=" + std::to_string(calls) + " FAULT_FULL=" + quoted(mark) +
                         " LD_PRELOAD='" FRONTALIS_FAULT_SHIM "'");
    if (!fs::exists(mark)) {
      EXPECT_EQ(done.code, 0);
      break;
    }
    struck = true;
    EXPECT_EQ(done.code, 1) << when;
    EXPECT_NE(done.err.find("error: "), std::string::npos) << when << done.err;
    expectNoPartialTable(when);
    if (calls % 4 == 2) expectRerunSucceeds(batch("--resume"), when);
  }
  EXPECT_TRUE(struck);
}

TEST_F(Faults, ADiskThatCannotBeReadIsToldAndTriedAgain) {
  const std::string broken =
      "FAULT_READ_AFTER=1 FAULT_READ_OF=.y4m LD_PRELOAD='" FRONTALIS_FAULT_SHIM "'";
  // More than one read's worth, so that the error strikes behind the header.
  (void)testing::writeGrayVideo(video_, 60, 25, 128);
  const Outcome done = run(extract(), broken);
  EXPECT_TRUE(done.code == 1 || done.code == 3) << done.code << done.err;
  EXPECT_FALSE(done.err.empty());
  const Outcome many = run(batch("--retries 0"), broken);
  EXPECT_TRUE(many.code == 1 || many.code == 3) << many.err;
  const std::string manifest = readText(folder_ / "out/manifest.jsonl");
  EXPECT_EQ(manifest.find("\"state\":\"done\""), std::string::npos) << manifest;
}

// Whoever waited by the wall clock would wait for years, or not at all.
TEST_F(Faults, TheClockJumps) {
  video_ = testing::writeGrayVideo(folder_ / "in/a.y4m", 40);
  ASSERT_EQ(run("extract -q " + quoted(video_) + " -o " + quoted(whole_name())).code, 0);
  whole_ = readText(whole_name());
  const std::string jumping =
      "FAULT_CLOCK=800000000 LD_PRELOAD='" FRONTALIS_FAULT_SHIM "' timeout -k 1 60 ";
  const Outcome one = run(extract(), jumping);
  EXPECT_EQ(one.code, 0) << one.err;
  EXPECT_EQ(readText(folder_ / "out/a.csv"), whole_);

  fs::remove_all(folder_ / "out");
  fs::copy(video_, folder_ / "in/b.y4m");
  const Outcome many = run(batch("--timeout 50 --jobs 1"), jumping);
  EXPECT_EQ(many.code, 0) << many.err;
  EXPECT_EQ(readText(folder_ / "out/a.csv"), whole_);
  EXPECT_EQ(readText(folder_ / "out/b.csv"), whole_);
  std::set<std::string> decades;
  std::istringstream lines(readText(folder_ / "out/manifest.jsonl"));
  for (std::string line; std::getline(lines, line);) {
    const nlohmann::json record = nlohmann::json::parse(line);
    decades.insert(record["time"].get<std::string>().substr(0, 3));
    EXPECT_LT(record.value("seconds", 0.0), 50);
  }
  EXPECT_GT(decades.size(), 1u) << "the clock did not jump";

  const std::string live = "live -q --timeout 20 --no-realtime " + quoted(video_);
  const auto withoutAges = [](const std::string& rows) {
    std::string text;
    std::istringstream parts(rows);
    for (std::string line; std::getline(parts, line);) {
      nlohmann::json row = nlohmann::json::parse(line);
      EXPECT_TRUE(row["age_ms"] >= 0 && row["age_ms"] < 50'000) << line;
      row.erase("age_ms");
      text += row.dump() + "\n";
    }
    return text;
  };
  const Outcome rows = run(live, jumping);
  EXPECT_EQ(rows.code, 0) << rows.err;
  EXPECT_EQ(std::count(rows.out.begin(), rows.out.end(), '\n'), 40);
  EXPECT_EQ(withoutAges(rows.out), withoutAges(run(live).out));
  const Outcome paced = run("live -q --timeout 20 " + quoted(video_), jumping);
  EXPECT_EQ(paced.code, 0) << paced.err;
  EXPECT_GT(std::count(paced.out.begin(), paced.out.end(), '\n'), 0);
}
#endif

TEST_F(Faults, SignalsAtRandomMoments) {
  // Long enough to be met while it works.
  (void)testing::writeGrayVideo(video_, 800, 25, 64);
  const auto start = std::chrono::steady_clock::now();
  ASSERT_EQ(run("extract -q " + quoted(video_) + " -o " + quoted(whole_name())).code, 0);
  const double whole =
      std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
  whole_ = readText(whole_name());
  std::mt19937 random(11);
  std::uniform_real_distribution<double> moment(0, whole);
  for (int i = 0; i < 9; ++i) {
    const int signal = i % 3 == 0 ? SIGKILL : i % 3 == 1 ? SIGTERM : SIGINT;
    const std::string when = "signal " + std::to_string(signal) + ", round " + std::to_string(i);
    fs::remove_all(folder_ / "out");
    Result<ChildProcess> process = ChildProcess::start(
        kFrontalis, {"extract", "-q", video_.string(), "-o", (folder_ / "out/a.csv").string()});
    ASSERT_TRUE(process.ok());
    std::this_thread::sleep_for(std::chrono::duration<double>(moment(random)));
    process->signal(signal);
    std::optional<ProcessEnd> end;
    while (!(end = process->end())) std::this_thread::sleep_for(milliseconds(2));
    const bool told = end->exit_code == 130 || end->signal == signal;  // before it listened
    EXPECT_TRUE(told || end->exit_code == 0) << when << ": " << end->exit_code;
    if (!fs::exists(folder_ / "out/a.csv")) continue;
    // What was seen until then, or all: whole lines, from the first.
    const std::string table = readText(folder_ / "out/a.csv");
    ASSERT_FALSE(table.empty()) << when;
    EXPECT_EQ(table.back(), '\n') << when;
    EXPECT_EQ(whole_.compare(0, table.size(), table), 0) << when;
  }
  expectRerunSucceeds(extract(), "after all");
}

TEST_F(Faults, LittleMemoryIsAnErrorNotACrash) {
  if (testing::kSanitized) GTEST_SKIP() << "a sanitizer reserves terabytes of address space";
  // OpenVINO that is refused a thread may wait for ever: the limit ends that.
  const std::string patient = extract() + " --prepare-limit 10";
  for (const int mebibytes : {300, 360, 420, 700, 710, 722, 1000, 1200}) {
    fs::remove_all(folder_ / "out");
    const std::string limit = "ulimit -v " + std::to_string(mebibytes * 1024) + ";";
    const Outcome done = run(patient, limit);
    if (done.code == 127) continue;  // not even the program's libraries could be loaded
    EXPECT_TRUE(done.code == 0 || done.code == 1) << mebibytes << ": " << done.code << done.err;
    if (done.code == 1) {
      EXPECT_NE(done.err.find("error: "), std::string::npos) << mebibytes;
      expectNoPartialTable(limit);
    }
  }
  expectRerunSucceeds(extract(), "after all");
}

#ifdef __linux__
TEST_F(Faults, MemoryIsLimitedOnTheCpuOnly) {
  (void)testing::writeGrayVideo(video_, 3000, 25, 64);
  const auto limitOf = [&](const std::string& before, const std::string& options) {
    fs::remove_all(folder_ / "out");
    const Outcome done =
        testing::run("{ " + before + " '" + kFrontalis + "' " + extract() + options +
                         " & pid=$!; while kill -0 $pid && [ ! -d " + quoted(folder_ / "out") +
                         " ]; do sleep 0.02; done; grep 'Max data' /proc/$pid/limits; " +
                         "kill $pid; wait $pid; }",
                     folder_ / "run");
    std::istringstream words(done.out);
    std::string max, data, size, soft;
    words >> max >> data >> size >> soft;
    return soft;
  };
  const std::string ours = limitOf("", "");
  EXPECT_GE(std::strtoull(ours.c_str(), nullptr, 10), 4ULL << 30) << ours;
  EXPECT_EQ(limitOf("", " --device AUTO"), "unlimited");
  if (testing::kSanitized) return;  // they reserve terabytes
  EXPECT_EQ(limitOf("ulimit -d 2000000;", ""), "2048000000") << "a limit that was set stays";
}
#endif

TEST_F(Faults, TheOutputFolderGoesWhileItWorks) {
  (void)testing::writeGrayVideo(video_, 6000, 25, 64);
  const auto removedUnder = [&](const std::string& command) {
    fs::remove_all(folder_ / "out");
    return testing::run(
        "'" + kFrontalis + "' " + command + " & pid=$!; while [ ! -d " + quoted(folder_ / "out") +
            " ]; do sleep 0.02; done; sleep 0.2; rm -rf " + quoted(folder_ / "out") + "; wait $pid",
        folder_ / "run");
  };
  const Outcome one = removedUnder(extract());
  EXPECT_EQ(one.code, 1) << one.err;
  EXPECT_NE(one.err.find("a.csv"), std::string::npos) << one.err;
  const Outcome many = removedUnder(batch());
  EXPECT_EQ(many.code, 1) << many.err;
  EXPECT_NE(many.err.find("error: "), std::string::npos) << many.err;
  video_ = testing::writeGrayVideo(folder_ / "in/a.y4m", 3);
  fs::remove_all(folder_ / "out");
  expectRerunSucceeds(batch(), "after all");
}

TEST_F(Faults, AReaderThatGoesEndsTheRows) {
  (void)testing::writeGrayVideo(video_, 3000, 25, 64);
  const Outcome rows =
      testing::run("{ '" + kFrontalis + "' extract -q --online --format jsonl -o - " +
                       quoted(video_) + "; echo code $? >&2; } | head -n 2",
                   folder_ / "run");
  EXPECT_EQ(std::count(rows.out.begin(), rows.out.end(), '\n'), 2);
  // 141: by SIGPIPE, as any program of a pipeline; 1: told by write().
  EXPECT_TRUE(rows.err.find("code 141") != std::string::npos ||
              rows.err.find("code 1\n") != std::string::npos)
      << rows.err;
  // A batch goes on without those who read along.
  video_ = testing::writeGrayVideo(folder_ / "in/a.y4m", 3);
  (void)testing::run("'" + kFrontalis + "' " + batch() + " | true", folder_ / "run");
  EXPECT_EQ(readText(folder_ / "out/a.csv"), whole_);
}

TEST_F(Faults, AModelReplacedMeanwhileIsFoundOut) {
  fs::create_directories(folder_ / "home/packs");
  fs::copy(testing::openPackDir(), folder_ / "home/packs/open");
  testing::writeGrayVideo(folder_ / "in/b.y4m", 4);
  const fs::path model = folder_ / "home/packs/open/retinaface.onnx";
  const std::string good = testing::bytesOf(model);
  const std::string home = "FRONTALIS_HOME=" + quoted(folder_ / "home");
  // As an installation that is half through would leave it, while the batch is at work.
  const Outcome done = testing::run(
      home + " '" + kFrontalis + "' " + batch("--jobs 1") + " & pid=$!; while [ ! -d " +
          quoted(folder_ / "out/.work") + " ]; do sleep 0.01; done; head -c 1000 " + quoted(model) +
          " > " + quoted(folder_ / "half") + "; mv " + quoted(folder_ / "half") + " " +
          quoted(model) + "; wait $pid",
      folder_ / "run");
  EXPECT_EQ(done.code, 1) << done.err;
  EXPECT_NE(done.err.find("retinaface.onnx"), std::string::npos) << done.err;
  expectNoPartialTable("model replaced");
  testing::writeBytes(model, good);
  const Outcome again = run(batch("--resume"), home);
  EXPECT_EQ(again.code, 0) << again.err;
  EXPECT_EQ(readText(folder_ / "out/a.csv"), whole_);
}

}  // namespace
}  // namespace frontalis
