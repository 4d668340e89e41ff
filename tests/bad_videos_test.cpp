// One batch over a folder of bad videos: each gets the answer it deserves, none stops the rest, and
// what is written is finite, in range and in order.

#include <gtest/gtest.h>
#include <sys/stat.h>

#include <cstdio>
#include <map>
#include <nlohmann/json.hpp>
#include <random>
#include <set>
#include <sstream>

#include "support/media.h"
#include "support/paths.h"
#include "support/process.h"
#include "support/y4m.h"
#include "util/csv_table.h"

namespace frontalis {
namespace {

namespace fs = std::filesystem;
using testing::bytesOf;
using testing::ffmpeg;
using testing::quoted;
using testing::writeBytes;

using Answers = std::set<std::string>;  // states and codes that are right

/// Numbers finite, intensities 0..5, presences and success 0 or 1, times increasing.
void expectSound(const fs::path& path) {
  const Result<CsvTable> table = CsvTable::read(path);
  ASSERT_TRUE(table.ok()) << table.error().text();
  double last = -1;
  for (std::size_t r = 0; r < table->rows(); ++r) {
    for (std::size_t c = 0; c < table->header().size(); ++c) {
      const std::string& name = table->header()[c];
      if (table->cell(r, c).empty()) continue;
      const std::optional<double> value = table->number(r, c);
      ASSERT_TRUE(value.has_value())
          << path << " row " << r << " " << name << ": " << table->cell(r, c);
      if (name.ends_with("_r")) {
        EXPECT_TRUE(*value >= 0 && *value <= 5) << path << " " << name << " " << *value;
      }
      if (name.ends_with("_c") || name == "success") {
        EXPECT_TRUE(*value == 0 || *value == 1) << path << " " << name;
      }
      if (name == "timestamp") {
        EXPECT_TRUE(*value > last) << path << " row " << r;
        last = *value;
      }
    }
  }
}

TEST(BadVideos, EachGetsItsAnswerFromOneBatch) {
  FRONTALIS_NEEDS_FFMPEG();
  const testing::TempFolder folder;
  const fs::path in = folder / "in";
  fs::create_directories(in);
  std::map<std::string, Answers> right;
  const auto made = [&](const std::string& name, const std::string& arguments, Answers answers) {
    ffmpeg(arguments, in / name);
    right[name] = std::move(answers);
  };
  const auto written = [&](const std::string& name, std::string_view bytes, Answers answers) {
    writeBytes(in / name, bytes);
    right[name] = std::move(answers);
  };
  const std::string moving = "-f lavfi -i testsrc2=s=64x48:r=25 -frames:v 20 -c:v libx264 ";
  const std::string raw = "-f lavfi -i testsrc2=s=64x48:r=25 -frames:v 4 -c:v ffv1 ";

  // Bytes that are missing or wrong.
  const fs::path whole = ffmpeg(moving + "-g 5", folder / "whole.mkv");
  const std::string bytes = bytesOf(whole);
  for (std::size_t tenth = 0; tenth < 10; ++tenth) {
    written("cut" + std::to_string(tenth) + ".mkv",
            std::string_view(bytes).substr(0, bytes.size() * tenth / 10),
            tenth == 0  ? Answers{"not_a_video"}
            : tenth < 4 ? Answers{"corrupt", "no_frames", "damaged"}
                        : Answers{"damaged"});
  }
  std::string noisy = bytes;
  std::mt19937 random(4);
  for (std::size_t bit = 0; bit < noisy.size() * 8; ++bit) {
    if (random() % 10000 == 0) noisy[bit / 8] = static_cast<char>(noisy[bit / 8] ^ 1 << bit % 8);
  }
  written("noisy.mkv", noisy, {"done", "damaged", "corrupt", "no_frames", "not_a_video"});
  written("header.mkv", std::string_view(bytes).substr(0, 48),
          {"corrupt", "no_frames", "not_a_video", "no_video_stream"});
  written("zeros.mp4", std::string(5000, '\0'), {"not_a_video"});
  written("text.avi", "no video\n", {"not_a_video"});
  made("empty.mkv", moving + "-frames:v 0", {"no_frames", "no_video_stream", "corrupt"});
  made("sound.mp4", "-f lavfi -i sine=duration=0.1", {"no_video_stream"});
  std::string sounds = "-f lavfi -i testsrc2=s=64x48:r=25:d=0.1 -f lavfi -i sine=d=0.1 -map 0";
  for (int i = 0; i < 256; ++i) sounds += " -map 1";
  made("streams.mkv", sounds + " -c:v ffv1 -c:a pcm_s16le", {"unsupported"});
  made("locked.mp4",
       moving +
           "-encryption_scheme cenc-aes-ctr -encryption_key "
           "00112233445566778899aabbccddeeff -encryption_kid 00112233445566778899aabbccddeeff",
       {"no_frames", "damaged", "corrupt", "unsupported"});

  // Things that are no file of their own.
  writeBytes(folder / "secret.txt", "secret");
  written("list.mp4", "#EXTM3U\n#EXTINF:1,\n" + whole.string() + "\n", {"not_a_video"});
  written("script.mp4", "ffconcat version 1.0\nfile '" + whole.string() + "'\n", {"not_a_video"});
  fs::create_symlink(whole, in / "link.mkv");
  right["link.mkv"] = {"done"};
  fs::create_symlink(folder / "nowhere.mkv", in / "dangling.mkv");
  right["dangling.mkv"] = {"not_found"};
  fs::create_symlink(in / "loop.mkv", in / "loop.mkv");
  right["loop.mkv"] = {"not_found", "unreadable"};
  ASSERT_EQ(::mkfifo((in / "pipe.mkv").c_str(), 0600), 0);
  right["pipe.mkv"] = {"unreadable"};
  fs::create_directories(in / "folder.mp4");
  fs::copy(whole, in / "other\n'name' \"\xff\xfe;$(x).mkv");
  right["other\n'name' \"\xff\xfe;$(x).mkv"] = {"done"};
  fs::copy(whole, in / "-q.mp4");  // an option's name, another container's suffix
  right["-q.mp4"] = {"done"};

  // Sizes, formats and times.
  testing::writeGrayVideo(in / "one.y4m", 2, 25, 2);
  right["one.y4m"] = {"done"};
  made("1x1.mkv",
       "-f lavfi -i testsrc2=s=64x48:r=25 -frames:v 3 -vf scale=1:1 -c:v ffv1 -pix_fmt yuv444p",
       {"done"});
  made("wide.mkv", "-f lavfi -i testsrc2=s=16384x16:r=25 -frames:v 2 -c:v ffv1", {"done"});
  made("odd.mkv", "-f lavfi -i testsrc2=s=63x47:r=25 -frames:v 3 -c:v ffv1", {"done"});
  const fs::path small = ffmpeg(moving + "-bsf:v h264_mp4toannexb", folder / "small.h264");
  const fs::path large = ffmpeg(
      "-f lavfi -i testsrc2=s=128x96:r=25 -frames:v 9 -c:v libx264 "
      "-pix_fmt yuv444p",
      folder / "large.h264");
  writeBytes(folder / "both.h264", bytesOf(small) + bytesOf(large));
  fs::rename(folder / "both.h264", in / "changes.m4v");  // size and pixel format, in the middle
  right["changes.m4v"] = {"done", "damaged"};
  made("negative.mkv", raw + "-output_ts_offset -5", {"done"});
  made("late.mkv", raw + "-output_ts_offset 172800", {"done"});
  made("fast.mkv", "-f lavfi -i testsrc2=s=64x48:r=1000 -frames:v 6 -c:v ffv1", {"done"});
  made("slow.mkv", "-f lavfi -i testsrc2=s=64x48:r=0.1 -frames:v 4 -c:v ffv1", {"done"});
  made("backward.avi", raw + "-vf 'setpts=(5-N)/25/TB' -fps_mode passthrough -copyts -f nut",
       {"done", "damaged"});
  made("untimed.nut",
       "-f lavfi -i testsrc2=s=64x48:r=25 -frames:v 4 -vf setpts=0 -fps_mode passthrough -c:v ffv1",
       {"done", "damaged"});

  const testing::Outcome done = testing::run("'" FRONTALIS_EXECUTABLE "' batch -q --timeout 60 " +
                                                 quoted(in) + " -o " + quoted(folder / "out"),
                                             folder / "run");
  EXPECT_EQ(done.code, 3) << done.err;
  std::map<std::string, nlohmann::json> last;
  std::istringstream lines(testing::readText(folder / "out/manifest.jsonl"));
  for (std::string line; std::getline(lines, line);) {
    const nlohmann::json record = nlohmann::json::parse(line);
    if (record["record"] == "video") last[record["input"].get<std::string>()] = record;
  }
  EXPECT_EQ(last.size(), right.size());
  for (auto& [input, record] : last) {
    ASSERT_TRUE(record.contains("message")) << record;
    std::string name = fs::path(input).filename().string();
    if (input.starts_with("hex:")) name = "other\n'name' \"\xff\xfe;$(x).mkv";
    const std::string state = record["state"];
    const std::string answer = state == "failed" ? record["code"].get<std::string>() : state;
    std::printf("%-12s %s\n", answer.c_str(), name.c_str());
    EXPECT_EQ(right[name].count(answer), 1u) << name << ": " << answer << " " << record["message"];
    EXPECT_EQ(state == "failed", record["files"].empty()) << name;
    if (state == "failed") {
      EXPECT_FALSE(record["message"].get<std::string>().empty()) << name;
    }
  }
  std::size_t tables = 0;
  for (const auto& entry : fs::directory_iterator(folder / "out")) {
    if (entry.path().extension() != ".csv" || entry.path().filename() == "summary.csv") continue;
    expectSound(entry.path());
    ++tables;
  }
  EXPECT_GT(tables, 18u);
}

}  // namespace
}  // namespace frontalis
