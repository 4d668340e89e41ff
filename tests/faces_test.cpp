// Several faces: who is who across crossings, losses and newcomers. The video is made of two sample
// clips that swap places, one covering the other, and of a photograph that comes and goes.

#include <gtest/gtest.h>

#include <map>
#include <nlohmann/json.hpp>
#include <set>
#include <sstream>

#include "pipeline/many_faces.h"
#include "support/environment.h"
#include "support/media.h"
#include "support/paths.h"
#include "support/process.h"
#include "video/frame_source.h"

namespace frontalis {
namespace {

namespace fs = std::filesystem;
using testing::sample;

constexpr int kFrames = 180;
constexpr std::int64_t kCrossed = 100;         // both are at each other's place
constexpr std::int64_t kThird[] = {121, 160};  // frames that show the photograph

/// 640 x 360. A man goes from the left to the right, a woman, in front of him, the other way.
fs::path crossingVideo(const fs::path& folder) {
  const std::string clip = "fps=30,setpts=N/30/TB,crop=360:360:140:0,scale=180:180";
  const std::string way = "min(max((n-30)/60,0),1)':y=10:eval=frame";
  return testing::ffmpeg(
      "-stream_loop 3 -i " + testing::quoted(sample("single_face.mp4")) + " -i " +
          testing::quoted(sample("WolfgangLanger_Pexels.mp4")) + " -i " +
          testing::quoted(sample("45-m7-di-ph.jpg")) +
          " -filter_complex \"color=c=gray:s=640x360:r=30[bg];[0:v]" + clip + "[a];[1:v]" + clip +
          "[b];[2:v]scale=-2:170[c];[bg][a]overlay=x='20+420*" + way +
          "[t];[t][b]overlay=x='440-420*" + way +
          "[u];[u][c]overlay=x=250:y=190:enable='between(n,120,159)'[v]\" -map \"[v]\" -frames:v " +
          std::to_string(kFrames) + " -preset ultrafast",
      folder / "crossing.mp4");
}

std::vector<Row> extract(const fs::path& input, const Config& config) {
  std::vector<Row> rows;
  auto extractor = Extractor::open(input, config);
  EXPECT_TRUE(extractor.ok()) << extractor.error().text();
  while (extractor.ok()) {
    auto row = extractor->next();
    EXPECT_TRUE(row.ok());
    if (!row.ok() || !*row) break;
    rows.push_back(**row);
  }
  return rows;
}

float noseX(const Row& row) { return row.landmarks[30].x; }

/// Checks the crossing video's rows: the man is one id, the woman another, before and after.
void expectEachStaysThemselves(const std::vector<Row>& rows, bool third) {
  ASSERT_FALSE(rows.empty());
  std::map<int, std::set<int>> ids;  // who -> ids: 0 the man, 1 the woman, 2 the photograph
  std::map<int, int> seen;
  std::int64_t frame = 0;
  int face = -1;
  for (const Row& row : rows) {
    // By frame, then by face; no frame is missing.
    EXPECT_TRUE(row.frame == frame + 1 || (row.frame == frame && row.face_id > face));
    frame = row.frame;
    face = row.face_id;
    if (!row.success) continue;
    const bool left = noseX(row)<240, right = noseX(row)> 400;
    const bool low = row.landmarks[30].y > 200;
    if (row.frame > 30 && row.frame < kCrossed) continue;  // on their way
    const int who = low ? 2 : left == (row.frame <= 30) ? 0 : 1;
    EXPECT_TRUE(left || right || low);
    ids[who].insert(row.face_id);
    ++seen[who];
    if (low) {
      EXPECT_GE(row.frame, kThird[0]);
      EXPECT_LE(row.frame, kThird[1]);
    }
  }
  EXPECT_EQ(frame, kFrames);
  EXPECT_EQ(ids[0].size(), 1u);
  EXPECT_EQ(ids[1].size(), 1u);
  EXPECT_NE(ids[0], ids[1]);
  EXPECT_GT(seen[0], 90);
  EXPECT_GT(seen[1], 80);  // a hand hides her for a while
  EXPECT_EQ(seen.contains(2), third);
  if (third) {
    EXPECT_EQ(ids[2].size(), 1u);
    EXPECT_FALSE(ids[0].contains(*ids[2].begin()) || ids[1].contains(*ids[2].begin()));
    EXPECT_GT(seen[2], 25);  // found at most ten frames late
  }
}

TEST(Faces, TwoThatSwapPlacesAndAThird) {
  FRONTALIS_NEEDS_FFMPEG();
  const testing::TempFolder folder;
  const fs::path video = crossingVideo(folder.path());
  Config config;
  config.faces = 3;
  expectEachStaysThemselves(extract(video, config), true);
  config.faces = 2;
  config.online = true;
  const std::vector<Row> two = extract(video, config);
  expectEachStaysThemselves(two, false);

  // The live command, without a pace, gives the same rows.
  const testing::Outcome live =
      testing::run("'" + std::string(FRONTALIS_EXECUTABLE) + "' live --no-realtime --faces 2 " +
                       testing::quoted(video),
                   folder / "run");
  ASSERT_EQ(live.code, 0) << live.err;
  std::istringstream lines(live.out);
  std::size_t count = 0;
  for (std::string line; std::getline(lines, line); ++count) {
    ASSERT_LT(count, two.size());
    const auto row = nlohmann::json::parse(line);
    EXPECT_EQ(row["frame"], two[count].frame);
    EXPECT_EQ(row["face_id"], two[count].face_id);
    if (two[count].success) {
      EXPECT_NEAR(row["aus"]["AU12"]["r"].get<double>(), two[count].intensity[8], 1e-3);
    }
  }
  EXPECT_EQ(count, two.size());
}

TEST(Faces, TheSamePersonWithOpenFacesModels) {
  FRONTALIS_NEEDS_FFMPEG();
  FRONTALIS_NEEDS_SHARED("models/OpenFaceModels");
  const testing::ScopedVariable models(
      "OPENFACE_MODELS_DIR", (testing::sharedDir() / "models" / "OpenFaceModels").string());
  const testing::TempFolder folder;
  Config config;
  config.pack = "openface";
  config.landmarks = "mesh68";
  config.faces = 2;
  expectEachStaysThemselves(extract(crossingVideo(folder.path()), config), false);
}

TEST(Faces, OneFaceAmongSeveralHasItsOwnNeutral) {
  // A single person's rows are the same to the bit whether one face may be followed or four.
  Config config;
  const std::vector<Row> one = extract(sample("single_face.mp4"), config);
  config.faces = 4;
  const std::vector<Row> four = extract(sample("single_face.mp4"), config);
  ASSERT_EQ(one.size(), four.size());
  for (std::size_t i = 0; i < one.size(); ++i) {
    EXPECT_EQ(four[i].face_id, 0);
    EXPECT_EQ(one[i].intensity, four[i].intensity) << i;
    EXPECT_EQ(one[i].presence, four[i].presence) << i;
  }
}

TEST(Faces, LostForEightSecondsAndBack) {
  FRONTALIS_NEEDS_FFMPEG();
  const testing::TempFolder folder;
  const std::string form = "fps=15,scale=640:360,setsar=1";
  const fs::path video = testing::ffmpeg(
      "-i " + testing::quoted(sample("face_noface.mov")) + " -i " +
          testing::quoted(sample("noface_face.mov")) + " -filter_complex \"[0:v]" + form +
          "[a];[1:v]" + form + "[b];[a][b]concat=n=2[v]\" -map \"[v]\" -preset ultrafast",
      folder / "lost.mp4");
  Config config;
  config.faces = 3;
  std::int64_t last = 0, longest = 0;
  std::size_t found = 0;
  for (const Row& row : extract(video, config)) {
    EXPECT_EQ(row.face_id, 0);
    if (!row.success) continue;
    longest = std::max(longest, row.frame - last);
    last = row.frame;
    ++found;
  }
  EXPECT_GT(found, 60u);
  EXPECT_GT(longest, 100);
}

TEST(Faces, AllOfAPhotograph) {
  Config config;
  config.faces = 10;
  const std::vector<Row> rows = extract(sample("multi_face.jpg"), config);
  ASSERT_EQ(rows.size(), 5u);
  for (std::size_t i = 0; i < rows.size(); ++i) {
    EXPECT_EQ(rows[i].frame, 1);
    EXPECT_EQ(rows[i].face_id, static_cast<int>(i));
    for (std::size_t k = 0; k < i; ++k) EXPECT_GT(std::abs(noseX(rows[i]) - noseX(rows[k])), 40);
  }
  config.faces = 2;
  EXPECT_EQ(extract(sample("multi_face.jpg"), config).size(), 2u);
}

TEST(Faces, TheDetectorRunsSeldom) {
  Config config;
  config.faces = 2;  // one of which never comes
  auto analysis = makeAnalysis(config, false);
  ASSERT_TRUE(analysis.ok());
  auto faces = ManyFaces::create(**analysis, config, false);
  ASSERT_TRUE(faces.ok());
  auto source = openFrameSource(sample("single_face.mp4"));
  ASSERT_TRUE(source.ok());
  std::vector<FrameRecord> records;
  int frames = 0;
  for (;; ++frames) {
    auto frame = (*source)->next();
    ASSERT_TRUE(frame.ok());
    if (!*frame) break;
    ASSERT_TRUE((*faces)->process(**frame, records).ok());
    ASSERT_EQ(records.size(), 1u);
  }
  EXPECT_EQ(frames, 72);
  EXPECT_LE((*faces)->detections(), 11);  // every tenth frame, and the checks every thirtieth
}

TEST(Faces, WhatOnlyOneFaceCanHaveIsRefused) {
  Config config;
  config.faces = 2;
  config.features = true;
  const auto features = Extractor::open(sample("single_face.mp4"), config);
  ASSERT_FALSE(features.ok());
  EXPECT_EQ(features.error().code, ErrorCode::kInvalidArgument);
}

}  // namespace
}  // namespace frontalis
