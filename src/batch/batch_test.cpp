#include "batch/batch.h"

#include <gtest/gtest.h>

#include <fstream>

#include "batch/inputs.h"
#include "batch/job_queue.h"
#include "batch/path_text.h"
#include "batch/worker.h"
#include "support/media.h"
#include "util/csv_table.h"
#include "util/system_memory.h"

namespace frontalis {
namespace {

namespace fs = std::filesystem;
using std::chrono::seconds;

void touch(const fs::path& path) {
  fs::create_directories(path.parent_path());
  std::ofstream(path) << "x";
}

std::vector<fs::path> namesOf(const FoundInputs& found) {
  std::vector<fs::path> names;
  for (const BatchInput& input : found.inputs) names.push_back(input.name);
  return names;
}

TEST(FindInputs, SearchesFoldersAndReadsLists) {
  const testing::TempFolder folder;
  for (const char* name : {"v/b/2.MOV", "v/a.mp4", "v/.hidden.mp4", "v/.git/x.mp4", "v/notes.txt",
                           "v/out/drawn.mp4", "w/a.mp4"}) {
    touch(folder / name);
  }
  fs::create_directory_symlink(folder / "v", folder / "v/loop");
  testing::writeBytes(folder / "list.txt", "# comment\n" + (folder / "w").string() + "\r\n\n" +
                                               (folder / "v/a.mp4").string() + "\n" +
                                               (folder / "missing.mp4").string());
  const Result<FoundInputs> found =
      findInputs({folder / "v/", folder / "list.txt"}, folder / "v/out");
  ASSERT_TRUE(found.ok()) << found.error().text();
  EXPECT_EQ(namesOf(*found), (std::vector<fs::path>{"a.mp4", "b/2.MOV", "a.mp4", "missing.mp4"}));
  EXPECT_TRUE(found->inputs[0].path.is_absolute());
  EXPECT_TRUE(found->warnings.empty());

  fs::create_directories(folder / "hollow");
  EXPECT_EQ(findInputs({folder / "hollow"}, folder / "o").error().code, ErrorCode::kNotFound);
  EXPECT_EQ(findInputs({folder / "no.txt"}, folder / "o").error().code, ErrorCode::kNotFound);
  testing::writeBytes(folder / "binary.txt", std::string("a\0b\n", 4));
  EXPECT_EQ(findInputs({folder / "binary.txt"}, folder / "o").error().code, ErrorCode::kCorrupt);
}

TEST(OutputNames, MirrorTheTreeAndNeverMeet) {
  const std::vector<BatchInput> inputs = {
      {"/v/a/t.mp4", "a/t.mp4"}, {"/v/b/t.mp4", "b/t.mp4"},         {"/v/b/u.mp4", "b/u.mp4"},
      {"/v/b/U.mov", "b/U.mov"}, {"/w/a/t.mp4", "a/t.mp4"},         {"/x/one.mp4", "one.mp4"},
      {"/y/one.mp4", "one.mp4"}, {"/z/summary.mp4", "summary.mp4"},
  };
  const std::vector<fs::path> names = outputNames(inputs, ".csv", {});
  EXPECT_EQ(names,
            (std::vector<fs::path>{"v/a/t.csv", "b/t.csv", "b/u.mp4.csv", "b/U.mov.csv",
                                   "w/a/t.csv", "x/one.csv", "y/one.csv", "summary.mp4.csv"}));
  // Names once given stay, also those of videos not named any more.
  const std::vector<fs::path> later =
      outputNames(inputs, ".csv", {{"/w/a/t.mp4", "a/t.csv"}, {"/gone.mp4", "b/t.csv"}});
  EXPECT_EQ(later[0], "a/t.mp4.csv");
  EXPECT_EQ(later[1], "b/t.mp4.csv");
  EXPECT_EQ(later[4], "a/t.csv");
}

TEST(JobQueue, LargestFirstWithinMemoryAndTime) {
  const auto job = [](const char* name, std::uint64_t bytes, std::uint64_t memory) {
    BatchJob made;
    made.input = name;
    made.bytes = bytes;
    made.memory = memory;
    return made;
  };
  JobQueue queue({job("small", 1, 0), job("large", 9, 500), job("middle", 5, 0)});
  const SteadyTime now{};
  EXPECT_EQ(queue.take(now, 200, 100, false)->input, "middle");  // large would need 500
  EXPECT_FALSE(queue.take(now, 50, 100, false).has_value());
  EXPECT_EQ(queue.take(now, 50, 100, true)->input, "large");  // alone it may
  BatchJob later = job("later", 7, 0);
  later.not_before = now + seconds(4);
  queue.putBack(later);
  EXPECT_EQ(queue.take(now, 1000, 100, true)->input, "small");
  EXPECT_FALSE(queue.take(now, 1000, 100, true).has_value());
  EXPECT_EQ(queue.take(now + seconds(4), 1000, 100, true)->input, "later");
  EXPECT_TRUE(queue.empty());
}

TEST(ShareCores, JobsTimesThreadsStayWithin) {
  const auto expectShare = [](Share share, int jobs, int threads) {
    EXPECT_EQ(share.jobs, jobs);
    EXPECT_EQ(share.threads, threads);
  };
  expectShare(shareCores(8, 0, 0, 100), 8, 1);
  expectShare(shareCores(8, 0, 0, 2), 2, 4);
  expectShare(shareCores(8, 3, 0, 100), 3, 2);
  expectShare(shareCores(8, 0, 4, 100), 2, 4);
  expectShare(shareCores(8, 4, 4, 100), 4, 2);
  expectShare(shareCores(2, 16, 0, 100), 2, 1);
  expectShare(shareCores(2, 0, 16, 1), 1, 2);
}

TEST(Memory, NeedGrowsWithThePicture) {
  EXPECT_LT(memoryNeed(640, 360, 1), memoryNeed(1920, 1080, 1));
  EXPECT_LT(memoryNeed(1920, 1080, 1), memoryNeed(1920, 1080, 4));
  EXPECT_GT(memoryNeed(3840, 2160, 2), std::uint64_t{328} << 20);  // measured
#if defined(__linux__)
  EXPECT_GT(availableMemory(), std::uint64_t{1} << 20);
#endif
}

TEST(PathText, KeepsEveryByte) {
  for (const std::string bytes :
       {"plain", "\xC3\xA4\xE2\x82\xAC\xF0\x9F\x98\x80", "bad\xFF", "cut\xC3", "long\xC0\xAF",
        "surrogate\xED\xA0\x80", "hex:61", "new\nline", ""}) {
    const std::string text = pathText(bytes);
    EXPECT_TRUE(isUtf8(text));
    EXPECT_EQ(pathFromText(text)->native(), bytes);
  }
  EXPECT_EQ(pathText("bad\xFF"), "hex:626164ff");
  EXPECT_EQ(pathFromText("hex:6"), std::nullopt);
  EXPECT_EQ(pathFromText("hex:zz"), std::nullopt);
}

VideoRecord record(const std::string& input, VideoState state) {
  VideoRecord made;
  made.input = input;
  made.output = "a/b.csv";
  made.state = state;
  made.attempt = 3;
  made.time = timeText();
  made.bytes = 12;
  made.mtime_ns = 1763789000123456789;
  made.worker = "node:1";
  made.sha256 = "00ff";
  made.files = {{"a/b.csv", 34}, {"a/b\xFF", 5}};
  made.frames = 7;
  made.frames_with_face = 6;
  made.seconds = 1.25;
  made.peak_mb = 400;
  made.code = "crashed";
  made.message = "said \"no\"\n";
  made.warnings = {"w"};
  return made;
}

TEST(Manifest, SaysAgainWhatWasSaid) {
  RunRecord run;
  run.frontalis = "1";
  run.pack = "open";
  run.arguments = {"--sides"};
  run.inputs = {"/v", "/w\xFF"};
  const VideoRecord first = record("/v/x\xFF.mp4", VideoState::kFailed);
  const ManifestContent content =
      parseManifest(toLine(run) + toLine(first) + toLine(record("/v/y", VideoState::kDone)), "m");
  EXPECT_TRUE(content.warnings.empty());
  ASSERT_TRUE(content.run.has_value());
  EXPECT_EQ(content.run->arguments, run.arguments);
  EXPECT_EQ(content.run->inputs, run.inputs);
  ASSERT_EQ(content.last.size(), 2u);
  EXPECT_EQ(toLine(content.last.at("/v/x\xFF.mp4")), toLine(first));
}

TEST(Manifest, ATornEndAndForeignLinesHarmNothing) {
  const std::string good = toLine(record("/v/x", VideoState::kDone));
  const std::string torn = good.substr(0, good.size() / 2);
  std::string outside = good;
  outside.replace(outside.find("a/b.csv"), 7, "../b.cs");
  const std::string text = good + "no json\n[1]\n" + outside + "{\"record\":\"later\"}\n" + torn;
  const ManifestContent content = parseManifest(text, "m");
  EXPECT_EQ(content.last.size(), 1u);
  EXPECT_EQ(content.last.at("/v/x").output, "a/b.csv");
  EXPECT_EQ(content.warnings.size(), 3u);
  EXPECT_EQ(content.size, text.size() - torn.size());

  const testing::TempFolder folder;
  testing::writeBytes(folder / "manifest.jsonl", good + torn);
  {
    Result<Manifest> manifest = Manifest::open(folder.path());
    ASSERT_TRUE(manifest.ok());
    EXPECT_EQ(Manifest::open(folder.path()).error().code, ErrorCode::kTimeout);
    ASSERT_TRUE(manifest->append(record("/v/z", VideoState::kRunning)).ok());
  }
  const ManifestContent after = parseManifest(testing::bytesOf(folder / "manifest.jsonl"), "m");
  EXPECT_TRUE(after.warnings.empty());
  EXPECT_EQ(after.last.size(), 2u);

  Result<Manifest> manifest = Manifest::open(folder.path());
  ASSERT_TRUE(manifest.ok());
  fs::remove(folder / "manifest.jsonl");
  EXPECT_EQ(manifest->append(record("/v/z", VideoState::kDone)).error().code,
            ErrorCode::kUnwritable);
}

TEST(Manifest, ARedoForgetsWhatWasBefore) {
  RunRecord redo;
  redo.redo = true;
  const std::string text = toLine(record("/v/x", VideoState::kDone)) + toLine(redo);
  EXPECT_TRUE(parseManifest(text, "m").last.empty());
}

TEST(WorkerWords, TakeOnlyWhatTheyKnow) {
  WorkerWords words;
  for (const char* line :
       {"", "x", "[]", "{\"event\":1}", R"({"event":"opened","width":1e99,"height":-4})",
        R"({"event":"opened","width":640,"height":"x","expected_frames":10})",
        R"({"event":"done","state":"damaged","frames":9,"warnings":["a",1]})"}) {
    words.take(line);
  }
  EXPECT_EQ(words.width, 640);
  EXPECT_EQ(words.height, 0);
  EXPECT_EQ(words.expected_frames, 10);
  EXPECT_EQ(words.state, "damaged");
  EXPECT_EQ(words.frames, 9);
  EXPECT_EQ(words.warnings, std::vector<std::string>{"a"});
}

TEST(Summary, IsATableWhateverTheNames) {
  VideoRecord strange = record("/v/a,\"b\"\n.mp4", VideoState::kFailed);
  VideoRecord waiting = record("/v/c.mp4", VideoState::kInterrupted);
  waiting.attempt = 0;
  const Result<CsvTable> table = CsvTable::parse(summaryCsv({strange, waiting}), "summary");
  ASSERT_TRUE(table.ok()) << table.error().text();
  ASSERT_EQ(table->rows(), 2u);
  EXPECT_EQ(table->cell(0, 0), "/v/a,\"b\"\n.mp4");
  EXPECT_EQ(table->cell(0, 2), "failed");
  EXPECT_EQ(table->cell(1, 2), "waiting");
}

TEST(Codes, NoneIsBothPassingAndForGood) {
  EXPECT_TRUE(mayPass("crashed"));
  EXPECT_TRUE(mayPass("unreadable"));
  EXPECT_FALSE(mayPass("not_a_video"));
  EXPECT_TRUE(failsForGood("not_a_video"));
  EXPECT_FALSE(failsForGood("crashed"));
  EXPECT_FALSE(failsForGood("not_found"));
}

}  // namespace
}  // namespace frontalis
