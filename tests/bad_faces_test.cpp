// Pictures that are hard on a face tracker: whatever is in them, rows hold finite numbers in their
// ranges, and a picture without a face has none.

#include <gtest/gtest.h>

#include <cmath>
#include <map>

#include "frontalis/pipeline.h"
#include "output/csv.h"
#include "output/row_values.h"
#include "support/media.h"
#include "support/own_pack.h"
#include "support/paths.h"
#include "support/research_models.h"

namespace frontalis {
namespace {

namespace fs = std::filesystem;

constexpr int kWidth = 320, kHeight = 240;  // px

enum class Face { kNone, kMaybe, kYes };

struct Case {
  std::string name;
  std::string ffmpeg;  ///< what makes its pictures
  Face face = Face::kMaybe;
};

std::string still(const std::string& file) {
  return "-loop 1 -framerate 10 -t 0.6 -i " + testing::quoted(testing::sample(file)) + " ";
}
std::string lavfi(const std::string& source) { return "-f lavfi -t 0.4 -i '" + source + "' "; }
std::string canvas(const std::string& filter) {
  return "-vf '" + filter + ",scale=320:240:force_original_aspect_ratio=decrease," +
         "pad=320:240:(ow-iw)/2:(oh-ih)/2' ";
}
/// Two pictures over a grey one; x(t) of each.
std::string twoFaces(const std::string& first_x, const std::string& second_x) {
  return still("0-f15-hao-ph.jpg") + still("0-f1-su-ph.jpg") +
         "-filter_complex '[0]scale=150:150[a];[1]scale=150:150[b];"
         "color=gray:s=320x240:r=10:d=0.6[c];[c][a]overlay=" +
         first_x + ":40:shortest=1[d];[d][b]overlay=" + second_x + ":40:shortest=1' ";
}

const std::vector<Case>& cases() {
  static const std::vector<Case> all = {
      {"black", lavfi("color=black:s=320x240:r=10"), Face::kNone},
      {"white", lavfi("color=white:s=320x240:r=10"), Face::kNone},
      {"noise", lavfi("color=gray:s=320x240:r=10,noise=alls=100:allf=t"), Face::kNone},
      {"test pattern", lavfi("testsrc2=s=320x240:r=10"), Face::kNone},
      {"landscape", still("free-mountain-vector-01.jpg") + canvas("null"), Face::kNone},
      {"plain face", still("0-f15-hao-ph.jpg") + canvas("null"), Face::kYes},
      {"20 px", still("0-f15-hao-ph.jpg") + "-vf 'scale=48:48,pad=320:240:140:90' "},
      {"8 px", still("0-f15-hao-ph.jpg") + "-vf 'scale=20:20,pad=320:240:140:90' "},
      {"larger than the picture", still("0-f15-hao-ph.jpg") + canvas("crop=200:150:160:200")},
      {"cut by the left border",
       still("0-f15-hao-ph.jpg") + "-vf 'scale=240:240,crop=120:240:120:0,pad=320:240:0:0' "},
      {"cut by the lower border",
       still("0-f15-hao-ph.jpg") + "-vf 'scale=240:240,crop=240:110:0:0,pad=320:240:40:130' "},
      {"upside down", still("0-f15-hao-ph.jpg") + canvas("vflip,hflip")},
      {"on its side", still("0-f15-hao-ph.jpg") + canvas("transpose=1")},
      {"turned away", still("45-m7-di-ph.jpg") + canvas("null")},
      {"half a profile", still("45-m7-di-ph.jpg") + canvas("crop=iw*0.3:ih:0:0")},
      {"squeezed", still("0-f15-hao-ph.jpg") + "-vf 'scale=40:240,pad=320:240:140:0' "},
      {"two that cross", twoFaces("t*280-10", "180-t*280")},
      {"a poster behind", twoFaces("160", "t*t*900-150")},
      {"dark", still("0-f15-hao-ph.jpg") + canvas("eq=brightness=-0.85")},
      {"bleached", still("0-f15-hao-ph.jpg") + canvas("eq=brightness=0.85")},
      {"noisy", still("0-f15-hao-ph.jpg") + canvas("noise=alls=90:allf=t")},
      {"flashing", still("0-f15-hao-ph.jpg") + canvas("drawbox=t=fill:enable=mod(n\\,2)")},
      {"jumping", still("0-f15-hao-ph.jpg") +
                      "-filter_complex '[0]scale=120:120[a];color=gray:s=320x240:r=10:d=0.6[b];"
                      "[b][a]overlay=mod(n*97\\,240):mod(n*53\\,160):shortest=1' "},
  };
  return all;
}

/// Packed B, G, R, one picture after the other; made once.
const std::string& pictures(const Case& what) {
  static std::map<std::string, std::string> made;
  std::string& bytes = made[what.name];
  if (bytes.empty()) {
    bytes = testing::outputOf("ffmpeg -v error -nostdin " + what.ffmpeg +
                              "-s 320x240 -r 10 -pix_fmt bgr24 -f rawvideo -");
    EXPECT_GE(bytes.size(), std::size_t{4} * kWidth * kHeight * 3) << what.name;
  }
  return bytes;
}

void expectSound(const Row& row, const Columns& columns) {
  forEachValue(row, columns, [](float value, int) { EXPECT_TRUE(std::isfinite(value)); });
  EXPECT_TRUE(row.confidence >= 0 && row.confidence <= 1) << row.confidence;
  for (const auto& intensities : {row.intensity, row.intensity_left, row.intensity_right}) {
    for (const float value : intensities) EXPECT_TRUE(value >= 0 && value <= 5) << value;
  }
  for (const float value : row.blendshapes) EXPECT_TRUE(value >= 0 && value <= 1) << value;
  if (row.success) {
    EXPECT_GT(row.pose.tz, 0);
    float left = 1e9f, right = -1e9f;
    for (const Point2f& p : row.landmarks) {
      left = std::min(left, p.x);
      right = std::max(right, p.x);
    }
    EXPECT_TRUE(right > 0 && left < kWidth) << "a face outside the picture";
  }
  std::string text;
  CsvFormat(columns, CsvStyle::kFrontalis).append(row, "", text);
  CsvFormat(columns, CsvStyle::kOpenFace).append(row, "", text);
  EXPECT_EQ(text.find("nan"), std::string::npos);
  EXPECT_EQ(text.find("inf"), std::string::npos);
}

void expectSoundRows(const Config& config) {
  Result<Pipeline> pipeline = Pipeline::open(config);
  ASSERT_TRUE(pipeline.ok()) << pipeline.error().text();
  Columns columns = pipeline->columns();
  columns.landmarks_2d = columns.landmarks_3d = columns.sides = columns.blendshapes = true;
  for (const Case& what : cases()) {
    SCOPED_TRACE(config.pack + " " + config.landmarks + ": " + what.name);
    pipeline->reset();
    const std::string& bytes = pictures(what);
    const std::size_t size = std::size_t{3} * kWidth * kHeight;
    int successes = 0;
    int frames = 0;
    for (std::size_t at = 0; at + size <= bytes.size(); at += size, ++frames) {
      Picture picture;
      picture.data = reinterpret_cast<const std::uint8_t*>(bytes.data()) + at;
      picture.stride = 3 * kWidth;
      picture.width = kWidth;
      picture.height = kHeight;
      const Result<Row> row = pipeline->process(picture, 0.1 * frames);
      ASSERT_TRUE(row.ok()) << row.error().text();
      expectSound(*row, columns);
      successes += row->success ? 1 : 0;
    }
    if (what.face == Face::kNone) {
      EXPECT_EQ(successes, 0);
    }
    if (what.face == Face::kYes) {
      EXPECT_EQ(successes, frames);
    }
  }
}

TEST(BadFaces, OpenPack) {
  FRONTALIS_NEEDS_FFMPEG();
  expectSoundRows({});
}

TEST(BadFaces, LinearModelsOnLandmarksOfTheMesh) {
  FRONTALIS_NEEDS_FFMPEG();
  const testing::TempFolder folder;
  testing::writeOwnPack(folder / "pack", testing::syntheticAuModels(3), FRONTALIS_DATA_DIR);
  Config config;
  config.pack = (folder / "pack").string() + "/";
  config.landmarks = "mesh68";
  expectSoundRows(config);
}

class BadFacesOfOpenFace : public ::testing::TestWithParam<const char*> {};

TEST_P(BadFacesOfOpenFace, Landmarks) {
  FRONTALIS_NEEDS_FFMPEG();
  FRONTALIS_NEEDS_SHARED("models/OpenFaceModels");
  FRONTALIS_NEEDS_SHARED("models/research/pfld_cunjian.onnx");
  if (std::string(GetParam()) == "ceclm") {
    FRONTALIS_NEEDS_SHARED(
        "models/OpenFaceModels/2.2.0/originals/lib/local/LandmarkDetector/model/patch_experts/"
        "cen_patches_0.25_of.dat");
  }
  const testing::ResearchModels models;
  ASSERT_TRUE(models.imported().ok());
  Config config;
  config.pack = "openface";
  config.landmarks = GetParam();
  expectSoundRows(config);
}

INSTANTIATE_TEST_SUITE_P(Sources, BadFacesOfOpenFace,
                         ::testing::Values("clnf", "ceclm", "pfld", "mesh68"));

}  // namespace
}  // namespace frontalis
