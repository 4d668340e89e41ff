// Face Mirror from a video to its files: what it must not depend on, and what it must show.

#include "frontalis/mirror.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstring>
#include <functional>

#include "frontalis/pipeline.h"
#include "image/convert.h"
#include "pipeline/mirror_sides.h"
#include "support/media.h"
#include "support/paths.h"
#include "support/process.h"
#include "util/csv_table.h"
#include "video/video_reader.h"
#include "video/video_writer.h"

namespace frontalis {
namespace {

namespace fs = std::filesystem;
using testing::sample;
using testing::TempFolder;

constexpr Region kAll{0, 0, 1 << 20, 1 << 20};
constexpr std::size_t kAu12 = 8;
constexpr int kSize = 361;  // px of the made pictures; their middle is a column
constexpr int kMiddle = 180;

/// A face to work on: a sample's picture and where its midline is.
struct SampleFace {
  Image picture;
  Midline midline;
  Landmarks68 landmarks{};
};

const SampleFace& sampleFace() {
  static const SampleFace face = [] {
    SampleFace made;
    auto reader = VideoReader::open(sample("single_face.mp4"));
    const auto frame = reader->next();
    toBgr(**frame, kAll, made.picture, ColorRule::kStream);
    Config single;
    single.static_models = true;
    auto pipeline = Pipeline::open(single);
    const Result<Row> row = pipeline->process({.data = made.picture.data(),
                                               .stride = made.picture.stride(),
                                               .width = made.picture.width(),
                                               .height = made.picture.height()},
                                              0);
    EXPECT_TRUE(row.ok() && row->success);
    made.landmarks = row->landmarks;
    made.midline = midlineOf(row->landmarks);
    return made;
  }();
  return face;
}

/// Where a made picture looks in the face: midline coordinates, px; x to the picture's right.
using Warp = std::function<Point2f(Point2f)>;

/// kSize x kSize, the face upright in the middle, seen through `warp`.
Image faceThrough(const Warp& warp) {
  const SampleFace& face = sampleFace();
  const Line line = face.midline.line();
  const float length = std::hypot(face.midline.chin.x - face.midline.glabella.x,
                                  face.midline.chin.y - face.midline.glabella.y);
  Image out(kSize, kSize, 3);
  for (int y = 0; y < kSize; ++y) {
    for (int x = 0; x < kSize; ++x) {
      // The glabella lies a little above the middle.
      const Point2f at =
          warp({static_cast<float>(x - kMiddle), static_cast<float>(y - kMiddle) + 0.4f * length});
      const Point2f across{line.direction.y, -line.direction.x};
      const float sx = face.midline.glabella.x + at.x * across.x + at.y * line.direction.x;
      const float sy = face.midline.glabella.y + at.x * across.y + at.y * line.direction.y;
      const float cx = std::clamp(sx, 0.f, static_cast<float>(face.picture.width()) - 1.001f);
      const float cy = std::clamp(sy, 0.f, static_cast<float>(face.picture.height()) - 1.001f);
      const int x0 = static_cast<int>(cx);
      const int y0 = static_cast<int>(cy);
      const float fx = cx - static_cast<float>(x0);
      const float fy = cy - static_cast<float>(y0);
      for (int c = 0; c < 3; ++c) {
        const auto v = [&](int i, int j) {
          return static_cast<float>(face.picture.at(x0 + i, y0 + j)[c]);
        };
        out.at(x, y)[c] =
            static_cast<std::uint8_t>((1 - fy) * ((1 - fx) * v(0, 0) + fx * v(1, 0)) +
                                      fy * ((1 - fx) * v(0, 1) + fx * v(1, 1)) + 0.5f);
      }
    }
  }
  return out;
}

Warp plain() {
  return [](Point2f p) { return p; };
}
/// Both sides are the picture's left one, the patient's right.
Warp symmetric() {
  return [](Point2f p) { return Point2f{-std::abs(p.x), p.y}; };
}
Warp flipped(const Warp& warp) {
  return [=](Point2f p) { return warp({-p.x, p.y}); };
}
Warp turned(const Warp& warp, double degrees) {
  const double a = degrees / 180 * 3.14159265358979;
  return [=](Point2f p) {
    return warp({static_cast<float>(std::cos(a) * p.x - std::sin(a) * p.y),
                 static_cast<float>(std::sin(a) * p.x + std::cos(a) * p.y)});
  };
}

/// A smile: corners of the mouth and the cheeks beside them go up and outwards by up to `right` and
/// `left` (the patient's) shares of the mouth's half width.
Warp smile(float right, float left) {
  const SampleFace& face = sampleFace();
  const Line line = face.midline.line();
  const auto local = [&](std::size_t i) {
    const Point2f p = face.landmarks[i];
    return Point2f{-line.distance(p), (p.x - line.point.x) * line.direction.x +
                                          (p.y - line.point.y) * line.direction.y};
  };
  const Point2f corner_right = local(48);
  const Point2f corner_left = local(54);
  const float half = (corner_left.x - corner_right.x) / 2;
  return [=](Point2f p) {
    Point2f from = p;
    const auto pull = [&](Point2f corner, float amount) {
      const float out = corner.x < 0 ? -1.f : 1.f;
      // The corner ends up at `to`; what is seen there comes from the corner.
      const Point2f shift{out * 0.5f * amount * half, -0.6f * amount * half};
      const Point2f to{corner.x + shift.x, corner.y + shift.y};
      const float reach = 0.75f * half;
      const float far =
          ((p.x - to.x) * (p.x - to.x) + (p.y - to.y) * (p.y - to.y)) / (reach * reach);
      // Nothing moves on the other side of the midline.
      const float share =
          p.x * out > 0 ? std::exp(-far) * std::min(1.f, std::abs(p.x) / (0.3f * half)) : 0.f;
      from.x -= share * shift.x;
      from.y -= share * shift.y;
    };
    pull(corner_right, right);
    pull(corner_left, left);
    return from;
  };
}

struct Part {
  Image picture;
  int frames;
};

/// A video of pictures that stand still, almost without loss.
fs::path clip(const fs::path& path, const std::vector<Part>& parts) {
  const Image& first = parts.front().picture;
  auto writer = VideoWriter::create(path, {.width = first.width(),
                                           .height = first.height(),
                                           .time_base = {1, 25},
                                           .crf = 4,
                                           .preset = "ultrafast",
                                           .threads = 1});
  EXPECT_TRUE(writer.ok());
  int frame = 0;
  for (const Part& part : parts) {
    for (int k = 0; k < part.frames; ++k) {
      EXPECT_TRUE(writer->write(part.picture.view(), frame++ / 25.0).ok());
    }
  }
  EXPECT_TRUE(writer->finish().ok());
  return path;
}

/// Measures a clip's halves, without videos.
std::vector<MirrorRow> halvesOf(const fs::path& video, const fs::path& folder) {
  MirrorOptions options;
  options.videos = options.debug_video = false;
  std::vector<MirrorRow> rows;
  const auto done =
      mirror(video, folder, options, [&](const MirrorRow& row) { rows.push_back(row); });
  EXPECT_TRUE(done.ok()) << done.error().text();
  return rows;
}

float mean(const std::vector<MirrorRow>& rows, std::size_t from, Row MirrorRow::*side,
           std::size_t au) {
  float sum = 0;
  for (std::size_t t = from; t < rows.size(); ++t) sum += (rows[t].*side).intensity[au];
  return sum / static_cast<float>(rows.size() - from);
}

constexpr int kRest = 16, kSmile = 5;
constexpr std::size_t kIn = kRest + 1;  // the smile is there

TEST(Mirror, AOneSidedSmileShowsInItsHalfAndTheWholeFaceHidesHalfOfIt) {
  TempFolder folder;
  const auto smiling = [&](const char* name, const Warp& warp) {
    return clip(folder / name, {{faceThrough(plain()), kRest}, {faceThrough(warp), kSmile}});
  };
  const fs::path right = smiling("right.mp4", smile(1, 0));
  const fs::path both = smiling("both.mp4", smile(1, 1));
  const auto halves = halvesOf(right, folder / "out");
  ASSERT_EQ(halves.size(), std::size_t{kRest + kSmile});
  const float mirrored_right = mean(halves, kIn, &MirrorRow::right, kAu12);
  const float mirrored_left = mean(halves, kIn, &MirrorRow::left, kAu12);

  const auto wholeFace = [](const fs::path& video, bool mirror_sides) {
    Config config;
    config.mirror_sides = mirror_sides;
    auto extractor = Extractor::open(video, config);
    EXPECT_TRUE(extractor.ok());
    std::array<float, 3> mean_of{};
    std::size_t t = 0;
    while (const std::optional<Row> row = extractor->next().value()) {
      if (t++ < kIn) continue;
      mean_of[0] += row->intensity[kAu12] / (kRest + kSmile - kIn);
      mean_of[1] += row->intensity_right[kAu12] / (kRest + kSmile - kIn);
      mean_of[2] += row->intensity_left[kAu12] / (kRest + kSmile - kIn);
    }
    return mean_of;
  };
  const auto face = wholeFace(right, false);
  const auto truth = wholeFace(both, false);
  std::printf(
      "AU12 of a smile on the right: whole face %.2f, its sides right %.2f left %.2f; "
      "mirrored halves right %.2f left %.2f; the same smile on both sides %.2f\n",
      face[0], face[1], face[2], mirrored_right, mirrored_left, truth[0]);
  EXPECT_GT(mirrored_right, 1);
  EXPECT_LT(mirrored_left, 0.5f);
  EXPECT_GT(mirrored_right - mirrored_left, 1.2f * (face[1] - face[2]));
}

TEST(Mirror, MirroringTheInputSwapsTheSidesAndATiltedFaceIsTheSame) {
  TempFolder folder;
  const auto measured = [&](const std::string& name, const std::function<Warp(const Warp&)>& view) {
    const fs::path video =
        clip(folder / (name + ".mp4"),
             {{faceThrough(view(plain())), kRest}, {faceThrough(view(smile(1, 0))), kSmile}});
    return halvesOf(video, folder / "out");
  };
  const auto upright = measured("upright", [](const Warp& warp) { return warp; });
  const auto mirrored = measured("mirrored", flipped);
  const auto tilted = measured("tilted", [](const Warp& warp) { return turned(warp, 12); });
  for (std::size_t au = 0; au < kIntensityAus; ++au) {
    const float right = mean(upright, kIn, &MirrorRow::right, au);
    const float left = mean(upright, kIn, &MirrorRow::left, au);
    EXPECT_NEAR(mean(mirrored, kIn, &MirrorRow::left, au), right, 0.5) << kIntensityAuNumbers[au];
    EXPECT_NEAR(mean(mirrored, kIn, &MirrorRow::right, au), left, 0.5) << kIntensityAuNumbers[au];
    EXPECT_NEAR(mean(tilted, kIn, &MirrorRow::right, au), right, 0.6) << kIntensityAuNumbers[au];
    EXPECT_NEAR(mean(tilted, kIn, &MirrorRow::left, au), left, 0.6) << kIntensityAuNumbers[au];
  }
  EXPECT_GT(mean(mirrored, kIn, &MirrorRow::left, kAu12),
            1 + mean(mirrored, kIn, &MirrorRow::right, kAu12));
  EXPECT_GT(mean(tilted, kIn, &MirrorRow::right, kAu12),
            1 + mean(tilted, kIn, &MirrorRow::left, kAu12));
}

/// Planes symmetric to the bit about column kMiddle, whose chroma lies on even columns.
Frame symmetricFrame(std::int64_t index) {
  static const Image picture = faceThrough(symmetric());
  FramePool pool;
  Frame like;
  like.siting = ChromaSiting::kTopLeft;
  like.index = index;
  like.timestamp_seconds = static_cast<double>(index) / 25;
  const WritableFrame out = pool.take(like, kSize, kSize);
  for (int k = 0; k < 3; ++k) {
    const Plane& plane = out.frame.planes[k];
    const int step = k == 0 ? 1 : 2;
    for (int y = 0; y < plane.height; ++y) {
      for (int x = 0; x < plane.width; ++x) {
        const std::uint8_t* p = picture.at(step * x, step * y);
        const double b = p[0], g = p[1], r = p[2];
        const double value = k == 0   ? 16 + 0.2568 * r + 0.5041 * g + 0.0979 * b
                             : k == 1 ? 128 - 0.1482 * r - 0.2910 * g + 0.4392 * b
                                      : 128 + 0.4392 * r - 0.3678 * g - 0.0714 * b;
        out.planes[k][y * plane.width + x] = static_cast<std::uint8_t>(std::lround(value));
      }
    }
  }
  return out.frame;
}

TEST(Mirror, ASymmetricFaceGivesTwiceTheSamePictureAndNoAsymmetry) {
  Config config;
  config.static_models = true;
  config.threads = 1;
  auto analysis = makeAnalysis(config, false);
  ASSERT_TRUE(analysis.ok());
  auto sides = MirrorSides::create(**analysis, config, false);
  ASSERT_TRUE(sides.ok());
  std::vector<Frame> right, left;
  (*sides)->show({{},
                  [&](const Frame& frame) {
                    right.push_back(frame);
                    return Status();
                  },
                  [&](const Frame& frame) {
                    left.push_back(frame);
                    return Status();
                  }});
  Row whole;  // landmarks of the made picture, to the bit
  whole.success = true;
  whole.landmarks[21] = {kMiddle - 9, 100};
  whole.landmarks[22] = {kMiddle + 9, 100};
  whole.landmarks[8] = {kMiddle, 280};
  constexpr int kFrames = 3;
  const Frame first = symmetricFrame(0);
  for (int t = 0; t < kFrames; ++t) {
    ASSERT_TRUE((*sides)->take(symmetricFrame(t), whole).ok());
  }
  ASSERT_TRUE((*sides)->finish().ok());
  ASSERT_EQ(right.size(), std::size_t{kFrames});
  for (int t = 0; t < kFrames; ++t) {
    for (int k = 0; k < 3; ++k) {
      const auto bytes = static_cast<std::size_t>(first.planes[k].width * first.planes[k].height);
      EXPECT_EQ(std::memcmp(right[t].planes[k].data, left[t].planes[k].data, bytes), 0) << k;
      EXPECT_EQ(std::memcmp(right[t].planes[k].data, first.planes[k].data, bytes), 0) << k;
    }
    MirrorRow row;
    ASSERT_TRUE((*sides)->complete(row, 5).ok());
    ASSERT_TRUE(row.right.success);
    float strongest = 0;
    for (std::size_t au = 0; au < kIntensityAus; ++au) {
      EXPECT_EQ(row.asymmetry[au], 0) << kIntensityAuNumbers[au];
      strongest = std::max(strongest, row.right.intensity[au]);
    }
    EXPECT_GT(strongest, 0.1f);  // there is something to compare
  }
}

TEST(Mirror, ASymmetricFaceThroughTheWholeWayIsNearlySo) {
  TempFolder folder;
  const Image still = faceThrough(symmetric());
  const fs::path video = clip(folder / "face.mp4", {{still, 4}});
  MirrorOptions options;
  options.config.static_models = true;
  options.debug_video = false;
  std::vector<MirrorRow> rows;
  const auto done =
      mirror(video, folder / "out", options, [&](const MirrorRow& row) { rows.push_back(row); });
  ASSERT_TRUE(done.ok()) << done.error().text();
  ASSERT_EQ(rows.size(), 4U);
  float worst = 0;
  for (const float index : rows.back().asymmetry) worst = std::max(worst, std::abs(index));
  std::printf("symmetric face, midline found by itself: largest index %.3f, yaw %.2f\n", worst,
              rows.back().yaw);
  EXPECT_LT(worst, 0.25f);
  EXPECT_LT(std::abs(rows.back().yaw), 1);
  EXPECT_TRUE(rows.back().usable);
}

struct Timing {
  std::vector<double> seconds;
  double duration = 0;
  int width = 0, height = 0;
  Orientation orientation;
};
Timing timingOf(const fs::path& video) {
  Timing timing;
  auto reader = VideoReader::open(video);
  EXPECT_TRUE(reader.ok()) << video;
  while (const auto frame = reader->next().value()) {
    timing.seconds.push_back(frame->timestamp_seconds);
    timing.width = frame->width();
    timing.height = frame->height();
  }
  timing.duration = reader->info().duration_seconds;
  timing.orientation = reader->info().orientation;
  return timing;
}

TEST(Mirror, CountTimesAndDurationAreTheInputs) {
  FRONTALIS_NEEDS_FFMPEG();
  TempFolder folder;
  const std::string from = "-i " + testing::quoted(sample("single_face.mp4"));
  const fs::path constant = testing::ffmpeg(
      from + " -frames:v 20 -an -vf scale=320:-2,fps=60000/1001 -c:v libx264 -preset ultrafast",
      folder / "5994.mp4");
  // Every frame a little later than the last one's distance, and some left out.
  const fs::path variable = testing::ffmpeg(
      from +
          " -t 1.2 -vf \"scale=320:-2,select='not(eq(mod(n,7),3))',setpts='PTS+0.0003*N*N/TB'\" "
          "-vsync vfr -video_track_timescale 90000 -c:v libx264 -preset ultrafast -c:a copy",
      folder / "vfr.mp4");
  const fs::path upright = testing::ffmpeg(
      from + " -frames:v 15 -vf scale=320:-2,transpose=2 -c:v libx264 -preset ultrafast",
      folder / "upright.mp4");
  const fs::path phone =
      testing::ffmpeg("-i " + testing::quoted(upright) + " -c copy -metadata:s:v:0 rotate=90",
                      folder / "phone.mov");
  for (const fs::path& video : {constant, variable, phone}) {
    MirrorOptions options;
    options.measure = false;
    const auto done = mirror(video, folder / "out", options);
    ASSERT_TRUE(done.ok()) << done.error().text();
    EXPECT_EQ(done->audio, video != constant);
    ASSERT_EQ(done->files.size(), 3U);
    const Timing wanted = timingOf(video);
    EXPECT_GE(wanted.seconds.size(), 15U);
    for (const fs::path& file : done->files) {
      const Timing is = timingOf(file);
      ASSERT_EQ(is.seconds.size(), wanted.seconds.size()) << file;
      for (std::size_t t = 0; t < is.seconds.size(); ++t) {
        EXPECT_NEAR(is.seconds[t], wanted.seconds[t], 1e-6) << file << ", frame " << t;
      }
      EXPECT_NEAR(is.duration, wanted.duration, 1e-3) << file;
      EXPECT_EQ(is.width, wanted.width) << file;
      EXPECT_EQ(is.height, wanted.height) << file;
      EXPECT_TRUE(is.orientation.identity()) << file;
      EXPECT_EQ(testing::probedFrames(file), static_cast<std::int64_t>(is.seconds.size()));
    }
  }
  EXPECT_FALSE(timingOf(phone).orientation.identity());
}

TEST(Mirror, FramesWithoutAFaceAreCopiedMarkedAndNotMeasured) {
  TempFolder folder;
  Image blank(kSize, kSize, 3);
  std::fill_n(blank.data(), blank.bytes(), std::uint8_t{90});
  const fs::path video =
      clip(folder / "clip.mp4", {{blank, 6}, {faceThrough(plain()), 16}, {blank, 5}});
  MirrorOptions options;
  options.crf = 4;
  std::vector<MirrorRow> rows;
  const auto done =
      mirror(video, folder / "out", options, [&](const MirrorRow& row) { rows.push_back(row); });
  ASSERT_TRUE(done.ok()) << done.error().text();
  ASSERT_EQ(rows.size(), 27U);
  EXPECT_EQ(done->summary.frames_with_face, 16);
  auto table = CsvTable::read(folder / "out" / "clip_asymmetry.csv");
  auto half = CsvTable::read(folder / "out" / "clip_left_mirrored.csv");
  ASSERT_TRUE(table.ok() && half.ok());
  for (std::size_t t = 0; t < rows.size(); ++t) {
    const bool face = t >= 6 && t < 22;
    EXPECT_EQ(rows[t].mirrored, face) << t;
    EXPECT_EQ(rows[t].right.success, face) << t;
    EXPECT_EQ(std::isnan(rows[t].asymmetry[kAu12]), !face) << t;
    EXPECT_EQ(table->number(t, table->column("mirrored").value()), face ? 1 : 0);
    EXPECT_EQ(table->number(t, table->column("AU12_right").value()).has_value(), face) << t;
    EXPECT_EQ(half->number(t, half->column("AU12_r").value()).has_value(), face) << t;
    EXPECT_EQ(half->number(t, half->column("success").value()), face ? 1 : 0);
  }
  for (const fs::path& file : {done->files[0], done->files[1]}) {
    auto reader = VideoReader::open(file);
    ASSERT_TRUE(reader.ok());
    for (std::size_t t = 0; t < rows.size(); ++t) {
      const auto frame = reader->next().value();
      ASSERT_TRUE(frame);
      if (t >= 6 && t < 22) continue;
      Image picture;
      toBgr(*frame, kAll, picture, ColorRule::kStream);
      EXPECT_NEAR(picture.at(100, 100)[1], 90, 3) << t;
      EXPECT_NEAR(picture.at(300, 300)[1], 90, 3) << t;
    }
  }
  const std::string page = testing::bytesOf(folder / "out" / "clip_mirror.html");
  EXPECT_NE(page.find("no face was found in 40.7 %"), std::string::npos);
  EXPECT_NE(page.find("Synkinesis hints"), std::string::npos);
}

TEST(Mirror, ResultsDependNeitherOnThreadsNorOnTheVideoBefore) {
  FRONTALIS_NEEDS_FFMPEG();
  TempFolder folder;
  const auto part = [&](const char* name, const char* from) {
    return testing::ffmpeg(std::string("-ss ") + from + " -i " +
                               testing::quoted(sample("single_face.mp4")) +
                               " -frames:v 12 -vf scale=320:-2 -c:v libx264 -preset ultrafast",
                           folder / name);
  };
  const fs::path video = part("clip.mp4", "1.2");
  const fs::path other = part("other.mp4", "0");
  const auto run = [&](const fs::path& input, const char* out, int threads) {
    MirrorOptions options;
    options.config.threads = threads;
    options.hardware_encoder = false;
    const auto done = mirror(input, folder / out, options);
    EXPECT_TRUE(done.ok()) << done.error().text();
  };
  run(video, "one", 1);
  run(other, "between", 2);
  run(video, "many", 3);
  int files = 0;
  for (const auto& entry : fs::directory_iterator(folder / "one")) {
    if (entry.path().extension() == ".html") continue;  // names the folder
    EXPECT_TRUE(testing::bytesOf(entry.path()) ==
                testing::bytesOf(folder / "many" / entry.path().filename()))
        << entry.path();
    ++files;
  }
  EXPECT_EQ(files, 6);
}

TEST(Mirror, ARunThatIsStoppedLeavesNothing) {
  TempFolder folder;
  MirrorOptions options;
  options.hardware_encoder = false;
  options.progress = [](const Progress& now) { return now.frames < 5; };
  const auto done = mirror(sample("single_face.mp4"), folder / "out", options);
  ASSERT_FALSE(done.ok());
  EXPECT_EQ(done.error().code, ErrorCode::kCancelled);
  EXPECT_TRUE(fs::is_empty(folder / "out"));
}

TEST(MirrorCommand, KeepsResultsGoesOnAfterAFailureAndAgreesWithExtract) {
  FRONTALIS_NEEDS_FFMPEG();
  TempFolder folder;
  const fs::path video = testing::ffmpeg("-i " + testing::quoted(sample("single_face.mp4")) +
                                             " -frames:v 12 -vf scale=320:-2 -c:v libx264 "
                                             "-preset ultrafast -an",
                                         folder / "good.mp4");
  testing::writeBytes(folder / "broken.mp4", "this is no video");
  const std::string frontalis = std::string("'") + FRONTALIS_EXECUTABLE + "' ";
  const auto command = [&](const std::string& arguments) {
    return testing::run(frontalis + arguments, folder / "run");
  };
  const std::string out = testing::quoted(folder / "out");
  const std::string both =
      "mirror " + testing::quoted(folder / "broken.mp4") + " " + testing::quoted(video);
  const auto first = command(both + " --no-debug-video -o " + out);
  EXPECT_EQ(first.code, 3) << first.err;
  EXPECT_NE(first.err.find("broken.mp4"), std::string::npos);
  EXPECT_NE(first.out.find("done"), std::string::npos) << first.out;
  const std::string summary = testing::bytesOf(folder / "out" / "mirror_summary.csv");
  EXPECT_NE(summary.find("broken.mp4,failed,0,0,"), std::string::npos) << summary;
  EXPECT_NE(summary.find("good.mp4,done,12,12,"), std::string::npos) << summary;
  EXPECT_FALSE(fs::exists(folder / "out" / "good_debug.mp4"));
  EXPECT_FALSE(fs::exists(folder / "out" / "broken_right_mirrored.mp4"));

  // What is there is kept, with its line of the summary, and made anew only on demand.
  EXPECT_EQ(command(both + " --no-debug-video -o " + out).code, 3);
  const std::string kept = testing::bytesOf(folder / "out" / "mirror_summary.csv");
  EXPECT_NE(kept.find("good.mp4,kept,12,12,"), std::string::npos) << kept;
  const fs::path table = folder / "out" / "good_asymmetry.csv";
  const std::string content = testing::bytesOf(table);
  testing::writeBytes(table, "mine");
  const auto again = command("mirror " + testing::quoted(video) + " --no-debug-video -o " + out);
  EXPECT_EQ(again.code, 0) << again.err;
  EXPECT_NE(again.err.find("--overwrite"), std::string::npos);
  EXPECT_EQ(testing::bytesOf(table), "mine");
  const auto anew =
      command("mirror " + testing::quoted(video) + " --tables-only --overwrite -o " + out);
  EXPECT_EQ(anew.code, 0) << anew.err;
  EXPECT_EQ(testing::bytesOf(table), content);
  // Where one is missing, or older than its video, all are made: halves of two runs do not mix.
  testing::writeBytes(table, "mine");
  fs::remove(folder / "out" / "good_left_mirrored.csv");
  const std::string tables = "mirror " + testing::quoted(video) + " --tables-only -o " + out;
  EXPECT_EQ(command(tables).code, 0);
  EXPECT_EQ(testing::bytesOf(table), content);
  testing::writeBytes(table, "mine");
  fs::last_write_time(video, fs::file_time_type::clock::now() + std::chrono::seconds(5));
  EXPECT_EQ(command(tables).code, 0);
  EXPECT_EQ(testing::bytesOf(table), content);
  // No video may be replaced by what is made of another.
  fs::copy(video, folder / "good_left_mirrored.mp4");
  const auto own = command("mirror " + testing::quoted(video) + " " +
                           testing::quoted(folder / "good_left_mirrored.mp4") + " --overwrite -o " +
                           testing::quoted(folder.path()));
  EXPECT_EQ(own.code, 2) << own.err;

  const auto extracted = command("extract --sides mirror " + testing::quoted(video) + " -o " +
                                 testing::quoted(folder / "sides.csv"));
  ASSERT_EQ(extracted.code, 0) << extracted.err;
  const auto sides = CsvTable::read(folder / "sides.csv");
  ASSERT_TRUE(sides.ok());
  for (const std::string side : {"right", "left"}) {
    const auto half = CsvTable::read(folder / "out" / ("good_" + side + "_mirrored.csv"));
    ASSERT_TRUE(half.ok());
    ASSERT_EQ(half->rows(), sides->rows());
    for (const char* au : {"AU01_r", "AU12_r", "AU25_r", "AU45_r"}) {
      for (std::size_t t = 0; t < half->rows(); ++t) {
        EXPECT_EQ(half->number(t, half->column(au).value()),
                  sides->number(t, sides->column(au + ("_" + side)).value()))
            << au << ", " << side << ", frame " << t;
      }
    }
  }
  const auto online =
      command("extract --sides mirror --online " + testing::quoted(video) + " -o -");
  EXPECT_EQ(online.code, 2);
  EXPECT_NE(online.err.find("frames to come"), std::string::npos) << online.err;
  EXPECT_EQ(command("mirror").code, 2);
}

}  // namespace
}  // namespace frontalis
