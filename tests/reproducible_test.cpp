// The same input, pack and version give the same bytes: on any number of threads, in pieces or not,
// every time. The other packs are compared in extract_test.cpp.

#include <gtest/gtest.h>

#include <algorithm>

#include "support/media.h"
#include "support/own_pack.h"
#include "support/paths.h"
#include "support/process.h"

namespace frontalis {
namespace {

namespace fs = std::filesystem;

/// 120 frames with ten key frames, where a face comes, goes and comes again.
fs::path video(const testing::TempFolder& folder) {
  return testing::ffmpeg(
      "-i " + testing::quoted(testing::sample("face_noface.mov")) + " -i " +
          testing::quoted(testing::sample("single_face.mp4")) +
          " -filter_complex '[0]trim=start_frame=80:end_frame=110,setpts=PTS-STARTPTS,"
          "scale=320:180,setsar=1,fps=30[a];[1]trim=end_frame=60,setpts=PTS-STARTPTS,"
          "scale=320:180,setsar=1,fps=30[b];[b]split[c][d];[c]trim=end_frame=40[e];"
          "[e][a][d]concat=n=3' -g 12 -an",
      folder / "in.mp4");
}

void expectSameBytes(const testing::TempFolder& folder, const std::string& options) {
  const std::string input = testing::quoted(video(folder));
  std::string first;
  for (const char* threads : {"1", "2", "4", "4"}) {
    const fs::path out = folder / (std::string("out") + threads + ".csv");
    const testing::Outcome done = testing::run(
        std::string(FRONTALIS_EXECUTABLE) + " extract -q --landmarks-2d --landmarks-3d " + options +
            " --threads " + threads + " " + input + " -o " + testing::quoted(out),
        folder / "run");
    ASSERT_EQ(done.code, 0) << done.err;
    const std::string bytes = testing::readText(out);
    EXPECT_GT(std::count(bytes.begin(), bytes.end(), '\n'), 100);
    if (first.empty()) first = bytes;
    EXPECT_TRUE(bytes == first) << threads << " threads";
  }
}

TEST(Reproducible, OwnPack) {
  FRONTALIS_NEEDS_FFMPEG();
  const testing::TempFolder folder;
  testing::writeOwnPack(folder / "pack", testing::syntheticAuModels(5), FRONTALIS_DATA_DIR);
  expectSameBytes(folder,
                  "--landmarks mesh68 --pack " + testing::quoted((folder / "pack").string() + "/"));
}

}  // namespace
}  // namespace frontalis
