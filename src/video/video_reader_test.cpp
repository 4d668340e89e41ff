#include "video/video_reader.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <cstring>
#include <memory>
#include <numeric>
#include <string>
#include <utility>
#include <vector>

#include "image/convert.h"
#include "image/geometry.h"
#include "support/libav.h"
#include "support/media.h"
#include "support/pgm.h"
#include "support/reference.h"

namespace frontalis {
namespace {

namespace fs = std::filesystem;
using testing::bytesOf;
using testing::ffmpeg;
using testing::TempFolder;
using testing::writeBytes;

constexpr Region kAll{0, 0, 1 << 20, 1 << 20};

struct Whole {
  std::vector<Frame> frames;
  VideoInfo info;
  VideoStats stats;
  std::optional<Error> error;
};

Whole readWhole(const fs::path& path, const VideoOptions& options = {.threads = 1}) {
  Whole whole;
  Result<VideoReader> reader = VideoReader::open(path, options);
  if (!reader.ok()) {
    whole.error = reader.error();
    return whole;
  }
  for (;;) {
    Result<std::optional<Frame>> frame = reader->next();
    if (!frame.ok()) whole.error = frame.error();
    if (!frame.ok() || !*frame) break;
    whole.frames.push_back(**frame);
  }
  whole.info = reader->info();
  whole.stats = reader->stats();
  return whole;
}

/// The first plane as displayed, row by row.
std::string displayedLuma(const Frame& frame) {
  const Affine map = displayToStored(frame.orientation, frame.stored_width, frame.stored_height);
  std::string luma;
  for (int y = 0; y < frame.height(); ++y) {
    for (int x = 0; x < frame.width(); ++x) {
      const auto sx = static_cast<int>(map.xx * x + map.xy * y + map.x0);
      const auto sy = static_cast<int>(map.yx * x + map.yy * y + map.y0);
      luma += static_cast<char>(frame.planes[0].data[sy * frame.planes[0].stride + sx]);
    }
  }
  return luma;
}

double meanDifference(const Image& a, const Image& b) {
  EXPECT_EQ(a.width(), b.width());
  EXPECT_EQ(a.height(), b.height());
  EXPECT_EQ(a.channels(), b.channels());
  if (a.bytes() != b.bytes()) return 255;
  double sum = 0;
  for (std::size_t k = 0; k < a.bytes(); ++k) sum += std::abs(a.data()[k] - b.data()[k]);
  return sum / static_cast<double>(a.bytes());
}

void expectIncreasing(const std::vector<Frame>& frames) {
  for (std::size_t k = 0; k < frames.size(); ++k) {
    EXPECT_EQ(frames[k].index, static_cast<std::int64_t>(k));
    if (k == 0) continue;
    EXPECT_GT(frames[k].timestamp_seconds, frames[k - 1].timestamp_seconds);
  }
}

class Video : public ::testing::Test {
 protected:
  void SetUp() override { FRONTALIS_NEEDS_FFMPEG(); }

  /// A moving test card of `frames` pictures; `options` before the output name.
  fs::path card(const std::string& name, int frames, const std::string& options,
                const std::string& size = "64x48") {
    return ffmpeg("-f lavfi -i testsrc2=size=" + size + ":rate=30 -frames:v " +
                      std::to_string(frames) + " " + options,
                  folder_ / name);
  }

  TempFolder folder_;
};

// ---------------------------------------------------------------- what is refused, and how

TEST_F(Video, MissingFolderAndEmptyAreNamed) {
  const auto error = [&](const fs::path& path) { return VideoReader::open(path).error(); };
  EXPECT_EQ(error(folder_ / "none.mp4").code, ErrorCode::kNotFound);
  EXPECT_NE(error(folder_ / "none.mp4").message.find("none.mp4"), std::string::npos);
  EXPECT_EQ(error(folder_.path()).code, ErrorCode::kUnreadable);
  writeBytes(folder_ / "empty.mp4", "");
  EXPECT_EQ(error(folder_ / "empty.mp4").code, ErrorCode::kNotAVideo);
  writeBytes(folder_ / "text.mp4", "This is not a video. It only has the name of one.\n");
  EXPECT_EQ(error(folder_ / "text.mp4").code, ErrorCode::kNotAVideo);
  std::string noise(50'000, '\0');
  unsigned seed = 1;
  for (char& c : noise) c = static_cast<char>((seed = seed * 1664525 + 1013904223) >> 24);
  writeBytes(folder_ / "noise.avi", noise);
  EXPECT_EQ(error(folder_ / "noise.avi").code, ErrorCode::kNotAVideo);
  EXPECT_EQ(error("/dev/null").code, ErrorCode::kUnreadable);
  for (const char* name : {"none.mp4", "empty.mp4", "text.mp4"}) {
    EXPECT_FALSE(error(folder_ / name).remedy.empty()) << name;
  }
}

TEST_F(Video, SoundWithoutPicturesHasNoVideoStream) {
  const std::string tone = "-f lavfi -i sine=duration=1 ";
  for (const char* name : {"a.wav", "a.mp4", "a.mp3", "a.mkv", "a.flac"}) {
    const Result<VideoReader> reader = VideoReader::open(ffmpeg(tone, folder_ / name));
    ASSERT_FALSE(reader.ok()) << name;
    EXPECT_EQ(reader.error().code, ErrorCode::kNoVideoStream) << name;
  }
}

TEST_F(Video, CoverArtIsNotAVideo) {
  const fs::path cover = card("cover.png", 1, "");
  const std::string attach = " -i " + testing::quoted(cover) + " -map 0 -map 1 ";
  const fs::path song =
      ffmpeg("-f lavfi -i sine=duration=1" + attach + "-c:v mjpeg -disposition:v attached_pic",
             folder_ / "song.mp3");
  EXPECT_EQ(VideoReader::open(song).error().code, ErrorCode::kNoVideoStream);

  const fs::path video = card("video.mp4", 5, "-c:v libx264");
  const fs::path both =
      ffmpeg("-i " + testing::quoted(video) + " -i " + testing::quoted(cover) +
                 " -map 1 -map 0 -c:v:0 png -c:v:1 copy -disposition:v:0 attached_pic",
             folder_ / "both.mp4");
  const Whole whole = readWhole(both);
  EXPECT_EQ(whole.info.codec, "h264");
  EXPECT_EQ(whole.frames.size(), 5u);
}

TEST_F(Video, PlaylistsAndScriptsOpenNothing) {
  const fs::path part = card("part.ts", 10, "-c:v libx264");
  const std::string name = part.filename().string();
  const std::pair<const char*, std::string> lists[] = {
      {"list.m3u8", "#EXTM3U\n#EXT-X-TARGETDURATION:1\n#EXTINF:1,\n" + name + "\n#EXT-X-ENDLIST\n"},
      {"list.mp4", "#EXTM3U\n#EXT-X-TARGETDURATION:1\n#EXTINF:1,\n" + name + "\n#EXT-X-ENDLIST\n"},
      {"list.ffconcat", "ffconcat version 1.0\nfile " + name + "\n"},
      {"list.txt", "file '" + part.string() + "'\n"},
      {"list.sdp",
       "v=0\no=- 0 0 IN IP4 127.0.0.1\ns=x\nc=IN IP4 127.0.0.1\nt=0 0\n"
       "m=video 5004 RTP/AVP 96\na=rtpmap:96 H264/90000\n"},
      {"list.mpd",
       "<?xml version=\"1.0\"?><MPD xmlns=\"urn:mpeg:dash:schema:mpd:2011\" "
       "type=\"static\" mediaPresentationDuration=\"PT1S\"></MPD>"}};
  for (const auto& [file, text] : lists) {
    writeBytes(folder_ / file, text);
    const Result<VideoReader> reader = VideoReader::open(folder_ / file);
    ASSERT_FALSE(reader.ok()) << file;
    EXPECT_EQ(reader.error().code, ErrorCode::kNotAVideo) << file;
  }
}

TEST_F(Video, AReferenceToAnotherFileOpensNothing) {
  // The pictures of a QuickTime movie may lie elsewhere: its data reference becomes an alias of the
  // file itself, under its name.
  std::string bytes = bytesOf(card("movie.mov", 10, "-c:v mpeg4"));
  ASSERT_EQ(readWhole(folder_ / "movie.mov").frames.size(), 10u);
  const auto big = [](std::size_t value, int size) {
    std::string text;
    while (size-- > 0) text.push_back(static_cast<char>(value >> 8 * size));
    return text;
  };
  const std::string path = (folder_ / "movie.mov").string();
  std::string alias = "alis" + big(0, 4) + std::string(10, '\0') + std::string(28, '\0') +
                      std::string(12, '\0') + std::string(64, '\0') + std::string(16, '\0') +
                      big(0, 2) + big(1, 2) + std::string(16, '\0') + big(2, 2) +
                      big(path.size(), 2) + path + std::string(path.size() % 2, '\0') +
                      big(0xffff, 2) + big(0, 2);
  alias = big(alias.size() + 4, 4) + alias;
  const std::size_t dref = bytes.find("dref", bytes.find("vmhd"));
  ASSERT_NE(dref, std::string::npos);
  const std::size_t entry = dref + 12;  // behind version, flags and count; one of 12 bytes
  for (const char* box : {"moov", "trak", "mdia", "minf", "dinf", "dref"}) {
    const std::size_t at = bytes.rfind(box, dref) - 4;
    std::size_t size = 0;
    for (int k = 0; k < 4; ++k) size = size << 8 | static_cast<unsigned char>(bytes[at + k]);
    bytes.replace(at, 4, big(size + alias.size() - 12, 4));
  }
  bytes.replace(entry, 12, alias);
  writeBytes(folder_ / "reference.mov", bytes);
  const auto reader = VideoReader::open(folder_ / "reference.mov");
  if (reader.ok()) {
    EXPECT_EQ(readWhole(folder_ / "reference.mov").frames.size(), 0u);
  }
}

TEST_F(Video, LargePicturesAreRefused) {
  const fs::path video = card("big.mp4", 2, "-c:v libx264", "320x200");
  VideoOptions options;
  options.max_pixels = 320 * 200 - 1;
  EXPECT_EQ(VideoReader::open(video, options).error().code, ErrorCode::kUnsupported);
  options.max_pixels = 320 * 200;
  EXPECT_EQ(readWhole(video, options).frames.size(), 2u);
}

/// Makes the index of each track of a QuickTime movie stand for `samples` samples of one byte.
void claimSamples(const fs::path& movie, std::uint32_t samples) {
  std::string bytes = bytesOf(movie);
  const auto put = [&](std::size_t at, std::uint32_t value) {
    for (int k = 0; k < 4; ++k) bytes.at(at + k) = static_cast<char>(value >> (24 - 8 * k));
  };
  const auto each = [&](const char* box, auto&& change) {
    for (std::size_t at = bytes.find(box); at != std::string::npos; at = bytes.find(box, at + 4)) {
      change(at);
    }
  };
  each("stsz", [&](std::size_t at) { put(at + 8, 1); });
  each("stsz", [&](std::size_t at) { put(at + 12, samples); });
  each("stsc", [&](std::size_t at) { put(at + 16, samples); });
  each("stts", [&](std::size_t at) { put(at + 12, samples); });
  writeBytes(movie, bytes);
}

TEST_F(Video, AnIndexOfGigabytesIsRefused) {
  const fs::path movie = card("claims.mov", 2, "-c:v mpeg4");
  claimSamples(movie, 90'000'000);  // 24 bytes each in libav's index
  const Whole whole = readWhole(movie);
  ASSERT_TRUE(whole.error.has_value());
  EXPECT_EQ(whole.stats.packets, 0);
  const std::unique_ptr<void, decltype(&av_free)> small(av_malloc(std::size_t{1} << 29), av_free);
  const std::unique_ptr<void, decltype(&av_free)> large(av_malloc(std::size_t{7} << 28), av_free);
  EXPECT_NE(small, nullptr);
  EXPECT_EQ(large, nullptr);
}

TEST_F(Video, TooManyStreamsAreRefused) {
  const auto with = [&](int sounds) {
    std::string arguments = "-f lavfi -i testsrc2=s=64x48:r=25:d=0.2 -f lavfi -i sine=d=0.1:r=8000";
    arguments += " -map 0:v";
    for (int i = 0; i < sounds; ++i) arguments += " -map 1:a";
    return ffmpeg(arguments + " -c:v ffv1 -c:a pcm_s16le", folder_ / "many.mkv");
  };
  ASSERT_TRUE(VideoReader::open(with(255)).ok());
  const auto many = VideoReader::open(with(256));
  ASSERT_FALSE(many.ok());
  EXPECT_EQ(many.error().code, ErrorCode::kUnsupported);
  EXPECT_NE(many.error().text().find("more than 256 streams"), std::string::npos)
      << many.error().text();
}

TEST_F(Video, NothingToDecodeIsNoFrames) {
  // The samples of a good file replaced by zeros: the container is whole, nothing decodes.
  std::string bytes = bytesOf(card("good.mp4", 10, "-c:v libx264 -movflags +faststart"));
  const std::size_t samples = bytes.find("mdat") + 4;
  std::fill(bytes.begin() + static_cast<std::ptrdiff_t>(samples), bytes.end(), '\0');
  writeBytes(folder_ / "zeroed.mp4", bytes);
  const Whole whole = readWhole(folder_ / "zeroed.mp4");
  ASSERT_TRUE(whole.error.has_value());
  EXPECT_EQ(whole.error->code, ErrorCode::kNoFrames);
  EXPECT_GT(whole.stats.packet_errors, 0);
}

// ---------------------------------------------------------------- counts, codecs, containers

TEST_F(Video, CountsEqualFfprobesOnTheSamples) {
  if (!fs::exists(testing::sample("single_face.mp4"))) GTEST_SKIP() << "needs the sample videos";
  for (const char* name : {"single_face.mp4", "no_face.mp4", "WolfgangLanger_Pexels.mp4",
                           "face_noface.mov", "noface_face.mov"}) {
    const fs::path path = testing::sample(name);
    Result<VideoReader> reader = VideoReader::open(path);
    ASSERT_TRUE(reader.ok()) << name;
    double last = -1;
    std::int64_t count = 0;
    for (;; ++count) {
      const Result<std::optional<Frame>> frame = reader->next();
      ASSERT_TRUE(frame.ok()) << name;
      if (!*frame) break;
      EXPECT_EQ((*frame)->index, count);
      EXPECT_GT((*frame)->timestamp_seconds, last);
      last = (*frame)->timestamp_seconds;
    }
    EXPECT_EQ(count, testing::probedFrames(path)) << name;
    const VideoStats& stats = reader->stats();
    EXPECT_EQ(stats.frames, count);
    EXPECT_FALSE(stats.truncated) << name;
    EXPECT_EQ(stats.packet_errors + stats.damaged_frames, 0) << name;
    EXPECT_EQ(stats.repaired_timestamps, 0) << name;
    EXPECT_GE(stats.bytes_read, stats.file_bytes / 2) << name;
  }
}

TEST_F(Video, CodecsAndContainers) {
  const std::pair<const char*, const char*> kinds[] = {
      {"a.mp4", "-c:v libx264"},
      {"a.mov", "-c:v libx265 -x265-params log-level=none"},
      {"a.mkv", "-c:v libx264 -bf 2"},
      {"a.webm", "-c:v libvpx-vp9"},
      {"b.webm", "-c:v libvpx"},
      {"a.avi", "-c:v mpeg4"},
      {"a.wmv", "-c:v wmv2"},
      {"b.avi", "-c:v mjpeg"},
      {"a.ts", "-c:v libx264"},
      {"a.mpg", "-c:v mpeg2video"},
      {"a.flv", "-c:v flv"},
      {"a.gif", ""},
      {"b.mkv", "-c:v libaom-av1 -cpu-used 8 -usage realtime"},

      {"a.h264", "-c:v libx264"},
      {"a.nut", "-c:v ffv1"},
      {"frag.mp4", "-c:v libx264 -g 5 -movflags frag_keyframe"}};
  for (const auto& [name, options] : kinds) {
    const fs::path video = card(name, 20, options);
    const Whole whole = readWhole(video);
    EXPECT_FALSE(whole.error) << name << ": " << (whole.error ? whole.error->text() : "");
    EXPECT_EQ(static_cast<std::int64_t>(whole.frames.size()), testing::probedFrames(video)) << name;
    EXPECT_EQ(whole.frames.size(), 20u) << name;
    EXPECT_EQ(whole.info.width, 64) << name;
    EXPECT_EQ(whole.info.height, 48) << name;
    EXPECT_FALSE(whole.stats.truncated) << name;
    EXPECT_EQ(whole.stats.packet_errors + whole.stats.damaged_frames, 0) << name;
    expectIncreasing(whole.frames);
    // A centisecond clock (GIF) or none (raw H.264) may shift single pictures.
    EXPECT_NEAR(whole.frames.back().timestamp_seconds, 19 / 30., .11) << name;
  }
}

TEST_F(Video, ThreadsDoNotMatterAndFramesOutliveTheReader) {
  const fs::path video = card("a.mp4", 60, "-c:v libx264 -bf 2", "128x96");
  const Whole one = readWhole(video, {.threads = 1});
  const Whole four = readWhole(video, {.threads = 4});
  ASSERT_EQ(one.frames.size(), 60u);
  ASSERT_EQ(four.frames.size(), 60u);
  // All frames of both runs are still held: no picture may have been given out twice.
  int previous_equal = 0;
  for (std::size_t k = 0; k < 60; ++k) {
    EXPECT_EQ(displayedLuma(one.frames[k]), displayedLuma(four.frames[k]));
    EXPECT_EQ(one.frames[k].timestamp_seconds, four.frames[k].timestamp_seconds);
    if (k > 0 && displayedLuma(one.frames[k]) == displayedLuma(one.frames[k - 1])) {
      ++previous_equal;
    }
  }
  EXPECT_EQ(previous_equal, 0);
}

/// Reads from each key frame: the same pictures, numbers and times as in the whole.
void expectKeyFramesLeadIn(const fs::path& video, std::size_t key_frames) {
  SCOPED_TRACE(video.filename());
  const Whole whole = readWhole(video);
  const auto keys = findKeyFrames(video);
  ASSERT_TRUE(keys.ok()) << keys.error().text();
  EXPECT_GE(keys->size(), key_frames);
  for (const KeyFrame& key : *keys) {
    const Whole rest = readWhole(video, {.threads = 1, .start = key});
    ASSERT_EQ(rest.frames.size() + static_cast<std::size_t>(key.frame), whole.frames.size());
    EXPECT_FALSE(rest.stats.truncated);
    EXPECT_EQ(rest.stats.repaired_timestamps, 0);
    for (std::size_t k = 0; k < rest.frames.size(); ++k) {
      const Frame& expected = whole.frames[static_cast<std::size_t>(key.frame) + k];
      ASSERT_EQ(rest.frames[k].index, expected.index);
      ASSERT_EQ(rest.frames[k].timestamp_seconds, expected.timestamp_seconds) << key.frame;
      ASSERT_EQ(displayedLuma(rest.frames[k]), displayedLuma(expected)) << key.frame << "+" << k;
    }
  }
}

TEST_F(Video, EveryKeyFrameLeadsIntoTheWhole) {
  const std::string x264 = "-c:v libx264 -threads 1 -x264-params ";
  expectKeyFramesLeadIn(card("b.mp4", 60, x264 + "keyint=12:bframes=3", "128x96"), 5);
  expectKeyFramesLeadIn(card("open.mp4", 60, x264 + "keyint=12:bframes=3:open-gop=1", "128x96"), 4);
  expectKeyFramesLeadIn(card("open.mkv", 60, x264 + "keyint=12:bframes=3:open-gop=1", "128x96"), 4);
  expectKeyFramesLeadIn(card("one.mp4", 20, x264 + "keyint=100", "128x96"), 1);
  expectKeyFramesLeadIn(card("all.mov", 12, "-c:v mjpeg", "128x96"), 12);
  expectKeyFramesLeadIn(card("alt.webm", 40, "-c:v libvpx-vp9 -g 10 -row-mt 0", "128x96"), 3);
  // Variable frame rate, and an edit list that hides the first half second.
  expectKeyFramesLeadIn(
      ffmpeg("-f lavfi -i testsrc2=s=128x96:r=30:d=3 -vf \"select='not(mod(n\\,3))+gt(n\\,50)'\" "
             "-vsync vfr -c:v libx264 -x264-params keyint=10:bframes=2",
             folder_ / "vfr.mp4"),
      5);
  expectKeyFramesLeadIn(ffmpeg("-ss 0.5 -i " + testing::quoted(folder_ / "b.mp4") + " -c copy",
                               folder_ / "edited.mp4"),
                        2);
}

TEST_F(Video, WhereNoKeyFrameCanBeFoundNoneIsTold) {
  for (const char* name : {"a.avi", "a.ts", "a.wmv", "a.gif"}) {
    const auto keys = findKeyFrames(card(name, 30, "-g 10", "128x96"));
    ASSERT_TRUE(keys.ok()) << keys.error().text();
    EXPECT_TRUE(keys->empty()) << name;
  }
  const std::string whole = bytesOf(card("cut.mkv", 30, "-c:v libx264 -g 10", "128x96"));
  writeBytes(folder_ / "cut.mkv", whole.substr(0, whole.size() * 2 / 3));
  EXPECT_TRUE(findKeyFrames(folder_ / "cut.mkv")->empty());
}

TEST_F(Video, NamesOfAnyBytes) {
  const fs::path video = card("plain.mp4", 3, "-c:v libx264");
  for (const std::string& name :
       {std::string("new\nline.mp4"), std::string("quo'te\".mp4"), std::string("\xff\xfe.mp4"),
        std::string("http:host.mp4"), std::string("100%d.mp4"), std::string("no extension")}) {
    fs::copy_file(video, folder_ / name);
    EXPECT_EQ(readWhole(folder_ / name).frames.size(), 3u);
  }
  fs::create_symlink(video, folder_ / "link.mp4");
  EXPECT_EQ(readWhole(folder_ / "link.mp4").frames.size(), 3u);
  fs::create_symlink(folder_ / "gone", folder_ / "dangling.mp4");
  EXPECT_EQ(readWhole(folder_ / "dangling.mp4").error->code, ErrorCode::kNotFound);
}

// ---------------------------------------------------------------- orientation

/// The 2x2 part of a 'tkhd' matrix, in units of 1/65536.
using Matrix = std::array<int, 4>;

std::string withMatrix(std::string mp4, const Matrix& m) {
  const std::size_t at = mp4.find("tkhd") + 4 + 40;
  const std::array<int, 9> whole = {m[0], m[1], 0, m[2], m[3], 0, 0, 0, 1 << 14};
  for (std::size_t k = 0; k < whole.size(); ++k) {
    const auto fixed = static_cast<std::uint32_t>(whole[k]) << 16;
    for (std::size_t byte = 0; byte < 4; ++byte) {
      mp4[at + 4 * k + byte] = static_cast<char>(fixed >> (24 - 8 * byte));
    }
  }
  return mp4;
}

TEST_F(Video, AllEightOrientationsLookAsFfmpegShowsThem) {
  const std::string plain = bytesOf(card("plain.mp4", 1, "-c:v libx264 -qp 0 -pix_fmt yuv420p"));
  const Matrix matrices[] = {{1, 0, 0, 1},  {0, 1, -1, 0}, {-1, 0, 0, -1}, {0, -1, 1, 0},
                             {-1, 0, 0, 1}, {1, 0, 0, -1}, {0, 1, 1, 0},   {0, -1, -1, 0}};
  std::vector<std::string> seen;
  for (const Matrix& m : matrices) {
    const fs::path turned = folder_ / "turned.mp4";
    writeBytes(turned, withMatrix(plain, m));
    const Whole whole = readWhole(turned);
    ASSERT_EQ(whole.frames.size(), 1u);
    const Frame& frame = whole.frames[0];
    const bool swapped = m[0] == 0;
    EXPECT_EQ(frame.width(), swapped ? 48 : 64);
    EXPECT_EQ(frame.height(), swapped ? 64 : 48);
    EXPECT_EQ(whole.info.width, frame.width());
    const fs::path shown = ffmpeg("-i " + testing::quoted(turned) + " -f rawvideo -pix_fmt yuv420p",
                                  folder_ / "shown.yuv");
    const std::string expected = bytesOf(shown).substr(0, 64 * 48);
    EXPECT_EQ(displayedLuma(frame) == expected, true)
        << "matrix " << m[0] << ' ' << m[1] << ' ' << m[2] << ' ' << m[3];
    seen.push_back(displayedLuma(frame));
  }
  std::sort(seen.begin(), seen.end());
  EXPECT_EQ(std::unique(seen.begin(), seen.end()), seen.end()) << "two orientations look alike";
}

// ---------------------------------------------------------------- time

TEST_F(Video, VariableFrameRateKeepsPresentationTimes) {
  for (const char* name : {"vfr.mp4", "vfr.mkv", "vfr.webm"}) {
    const bool webm = std::strcmp(name, "vfr.webm") == 0;
    const fs::path video = ffmpeg(
        "-f lavfi -i testsrc2=size=64x48:rate=30 -frames:v 25 "
        "-vf \"settb=1/1000,setpts='500+N*33+mod(N\\,4)*7+N*N'\" -vsync passthrough "
        "-enc_time_base 1/1000 -video_track_timescale 1000 " +
            std::string(webm ? "-c:v libvpx-vp9" : "-c:v libx264 -bf 2"),
        folder_ / name);
    const Whole whole = readWhole(video);
    ASSERT_EQ(whole.frames.size(), 25u) << name;
    for (int n = 0; n < 25; ++n) {
      EXPECT_NEAR(whole.frames[n].timestamp_seconds, (n * 33 + n % 4 * 7 + n * n) / 1000., 1e-9)
          << name << " frame " << n;
    }
    EXPECT_EQ(whole.stats.repaired_timestamps, 0) << name;
  }
}

/// A VP8 video whose presentation times are replaced (IVF keeps them in each frame's header).
std::string withTimes(std::string ivf, const std::vector<std::int64_t>& times) {
  std::size_t at = 32;
  for (const std::int64_t time : times) {
    std::uint32_t size = 0;
    std::memcpy(&size, &ivf[at], 4);
    std::memcpy(&ivf[at + 4], &time, 8);
    at += 12 + size;
  }
  return ivf;
}

TEST_F(Video, BackwardAndRepeatedTimesAreRepaired) {
  const std::string plain = bytesOf(card("plain.ivf", 10, "-c:v libvpx -lag-in-frames 0"));
  writeBytes(folder_ / "bad.ivf", withTimes(plain, {0, 1, 2, 2, 4, 3, 6, 7, 8, 9}));
  const Whole whole = readWhole(folder_ / "bad.ivf");
  ASSERT_EQ(whole.frames.size(), 10u);
  expectIncreasing(whole.frames);
  EXPECT_GE(whole.stats.repaired_timestamps, 2);
  for (const int good : {0, 1, 2, 4, 6, 7, 8, 9}) {
    EXPECT_NEAR(whole.frames[good].timestamp_seconds, good / 30., 1e-9) << good;
  }
}

TEST_F(Video, FarNegativeFastAndSlowTimes) {
  const std::string plain = bytesOf(card("plain.ivf", 4, "-c:v libvpx -lag-in-frames 0"));
  const std::int64_t two_days = 48 * 3600 * 30;
  writeBytes(folder_ / "far.ivf",
             withTimes(plain, {two_days, two_days + 1, two_days + 2, 2 * two_days}));
  const Whole far = readWhole(folder_ / "far.ivf");
  ASSERT_EQ(far.frames.size(), 4u);
  EXPECT_EQ(far.frames[0].timestamp_seconds, 0);
  EXPECT_NEAR(far.frames[1].timestamp_seconds, 1 / 30., 1e-9);
  EXPECT_NEAR(far.frames[3].timestamp_seconds, 48 * 3600., 1e-6);

  const fs::path negative =
      card("negative.mkv", 6, "-c:v libx264 -output_ts_offset -0.5 -avoid_negative_ts disabled");
  const Whole shifted = readWhole(negative);
  ASSERT_EQ(shifted.frames.size(), 6u);
  EXPECT_EQ(shifted.frames[0].timestamp_seconds, 0);
  EXPECT_NEAR(shifted.frames[5].timestamp_seconds, 5 / 30., .002);

  for (const auto& [rate, step] : {std::pair("1000", .001), {"1/10", 10.}}) {
    const fs::path video = ffmpeg(
        "-f lavfi -i testsrc2=size=64x48:rate=" + std::string(rate) + " -frames:v 5 -c:v libx264",
        folder_ / "rate.mp4");
    const Whole whole = readWhole(video);
    ASSERT_EQ(whole.frames.size(), 5u);
    EXPECT_NEAR(whole.frames[4].timestamp_seconds, 4 * step, 1e-6) << rate;
    EXPECT_NEAR(whole.info.average_fps.value(), 1 / step, .01 / step) << rate;
  }
}

// ---------------------------------------------------------------- layouts and colours

struct Format {
  const char* pixel_format;
  PixelLayout layout;
  int bit_depth;
};

TEST_F(Video, PixelFormatsStayPlanarOrAreConvertedOnce) {
  const Format formats[] = {
      {"yuv420p", PixelLayout::kYuv420, 8},      {"yuv422p", PixelLayout::kYuv422, 8},
      {"yuv444p", PixelLayout::kYuv444, 8},      {"yuv420p10le", PixelLayout::kYuv420, 10},
      {"yuv422p10le", PixelLayout::kYuv422, 10}, {"yuv444p12le", PixelLayout::kYuv444, 12},
      {"yuv420p16le", PixelLayout::kYuv420, 12}, {"yuv420p14le", PixelLayout::kYuv420, 12},
      {"nv12", PixelLayout::kYuv420, 8},         {"yuyv422", PixelLayout::kYuv422, 8},
      {"uyvy422", PixelLayout::kYuv422, 8},      {"yuv410p", PixelLayout::kYuv420, 8},
      {"yuv411p", PixelLayout::kYuv420, 8},      {"yuv440p", PixelLayout::kYuv420, 8},
      {"yuva420p", PixelLayout::kYuv420, 8},     {"yuv420p10be", PixelLayout::kYuv420, 12},
      {"gray", PixelLayout::kGray, 8},           {"gray10le", PixelLayout::kGray, 10},
      {"gray16be", PixelLayout::kGray, 12},      {"bgr24", PixelLayout::kBgr24, 8},
      {"rgb24", PixelLayout::kBgr24, 8},         {"bgra", PixelLayout::kBgr24, 8},
      {"gbrp", PixelLayout::kBgr24, 8},          {"gbrp10le", PixelLayout::kBgr24, 8},
      {"rgb48le", PixelLayout::kBgr24, 8},       {"pal8", PixelLayout::kBgr24, 8}};
  // Soft colours: formats differ in how chroma is kept, not in this picture.
  const fs::path soft = ffmpeg(
      "-f lavfi -i \"color=gray:size=66x50,format=rgb24,geq=r='128+60*sin(X/20)':"
      "g='110+50*cos(Y/15)':b='140+40*sin((X+Y)/25)'\" -frames:v 1",
      folder_ / "soft.png");
  for (const Format& format : formats) {
    const fs::path video =
        ffmpeg("-i " + testing::quoted(soft) + " -c:v rawvideo -pix_fmt " + format.pixel_format,
               folder_ / (std::string(format.pixel_format) + ".nut"));
    const Whole whole = readWhole(video);
    ASSERT_EQ(whole.frames.size(), 1u) << format.pixel_format;
    const Frame& frame = whole.frames[0];
    EXPECT_EQ(static_cast<int>(frame.layout), static_cast<int>(format.layout))
        << format.pixel_format;
    EXPECT_EQ(frame.bit_depth, format.bit_depth) << format.pixel_format;
    EXPECT_EQ(frame.stored_width, 66);
    EXPECT_EQ(frame.stored_height, 50);
    Image image, expected = testing::firstBgr(soft);
    if (format.layout == PixelLayout::kGray) {
      toGray(frame, kAll, image, ColorRule::kStream);
      Image gray(66, 50, 1);
      for (int y = 0; y < 50; ++y) bgrRowToGray(expected.row(y), 66, gray.row(y));
      expected = gray;
    } else {
      toBgr(frame, kAll, image, ColorRule::kStream);
    }
    const bool coarse = std::string_view(format.pixel_format) == "pal8";
    EXPECT_LT(meanDifference(image, expected), coarse ? 20 : 3) << format.pixel_format;
  }
}

TEST_F(Video, RangeMatrixAndSitingComeFromTheStream) {
  struct Case {
    const char* name;
    const char* options;
    bool full, full_format;
    YuvMatrix matrix;
    ChromaSiting siting;
  };
  const Case cases[] = {
      {"plain.mp4", "-c:v libx264", false, false, YuvMatrix::kBt601, ChromaSiting::kLeft},
      {"hd.mp4", "-c:v libx264 -colorspace bt709 -color_range tv", false, false, YuvMatrix::kBt709,
       ChromaSiting::kLeft},
      {"full.mp4", "-c:v libx264 -colorspace bt709 -color_range pc -pix_fmt yuvj420p", true, true,
       YuvMatrix::kBt709, ChromaSiting::kLeft},
      {"full.webm", "-c:v libvpx-vp9 -color_range pc -colorspace bt709", true, false,
       YuvMatrix::kBt709, ChromaSiting::kLeft},
      {"uhd.mkv", "-c:v libx265 -x265-params log-level=none:colormatrix=bt2020nc", false, false,
       YuvMatrix::kBt2020, ChromaSiting::kLeft},
      {"jpeg.avi", "-c:v mjpeg -pix_fmt yuvj420p", true, true, YuvMatrix::kBt601,
       ChromaSiting::kCenter}};
  for (const Case& c : cases) {
    const Whole whole = readWhole(card(c.name, 2, c.options));
    ASSERT_EQ(whole.frames.size(), 2u) << c.name;
    const Frame& frame = whole.frames[0];
    EXPECT_EQ(frame.full_range, c.full) << c.name;
    EXPECT_EQ(frame.full_range_format, c.full_format) << c.name;
    EXPECT_EQ(static_cast<int>(frame.matrix), static_cast<int>(c.matrix)) << c.name;
    EXPECT_EQ(static_cast<int>(frame.siting), static_cast<int>(c.siting)) << c.name;
  }
}

TEST_F(Video, ColoursThatNoStandardNamesAreUnspecified) {
  const Whole whole = readWhole(card("colours.mpg", 2,
                                     "-c:v mpeg2video -bsf:v mpeg2_metadata=colour_primaries=205:"
                                     "transfer_characteristics=206:matrix_coefficients=207"));
  ASSERT_EQ(whole.frames.size(), 2u);
  EXPECT_EQ(whole.info.color.primaries, 2);
  EXPECT_EQ(whole.info.color.transfer, 2);
  EXPECT_EQ(whole.info.color.matrix, 2);
  EXPECT_EQ(static_cast<int>(whole.frames[0].matrix), static_cast<int>(YuvMatrix::kBt601));
}

TEST_F(Video, SizesOddTinyAndLong) {
  for (const auto& [width, height] :
       {std::pair(65, 49), {1, 1}, {2, 2}, {16384, 16}, {3, 200}, {127, 1}}) {
    const std::string size = std::to_string(width) + "x" + std::to_string(height);
    const fs::path video = ffmpeg("-f lavfi -i color=white:size=" + size +
                                      ":rate=5,format=rgb24 -frames:v 2 -c:v ffv1 -pix_fmt yuv420p",
                                  folder_ / (size + ".mkv"));
    const Whole whole = readWhole(video);
    ASSERT_EQ(whole.frames.size(), 2u) << size;
    const Frame& frame = whole.frames[0];
    EXPECT_EQ(frame.stored_width, width);
    EXPECT_EQ(frame.stored_height, height);
    EXPECT_EQ(frame.planes[1].width, (width + 1) / 2);
    EXPECT_EQ(frame.planes[1].height, (height + 1) / 2);
    Image bgr;
    toBgr(frame, kAll, bgr);
    EXPECT_GT(bgr.at(width - 1, height - 1)[2], 240) << size;
    EXPECT_GT(bgr.at(width - 1, height - 1)[0], 240) << size;
  }
}

TEST_F(Video, SizeAndFormatMayChangeInTheMiddle) {
  const std::string all = bytesOf(card("a.h264", 5, "-c:v libx264 -pix_fmt yuv420p", "64x48")) +
                          bytesOf(card("b.h264", 6, "-c:v libx264 -pix_fmt yuv422p", "128x96")) +
                          bytesOf(card("c.h264", 7, "-c:v libx264 -pix_fmt yuv420p10le", "48x64"));
  writeBytes(folder_ / "all.h264", all);
  for (const int threads : {1, 3}) {
    const Whole whole = readWhole(folder_ / "all.h264", {.threads = threads});
    ASSERT_EQ(whole.frames.size(), 18u);
    EXPECT_EQ(whole.frames[4].width(), 64);
    EXPECT_EQ(whole.frames[5].width(), 128);
    EXPECT_EQ(static_cast<int>(whole.frames[5].layout), static_cast<int>(PixelLayout::kYuv422));
    EXPECT_EQ(whole.frames[11].height(), 64);
    EXPECT_EQ(whole.frames[11].bit_depth, 10);
    expectIncreasing(whole.frames);
  }
}

// ---------------------------------------------------------------- damage

TEST_F(Video, TruncatedAtEveryTenth) {
  for (const char* name : {"a.mp4", "a.mkv", "a.avi", "frag.mp4"}) {
    const fs::path whole_file =
        card(name, 60,
             std::string("-c:v libx264 -g 12 -movflags ") +
                 (std::string_view(name) == "frag.mp4" ? "frag_keyframe" : "+faststart"),
             "128x96");
    const std::string bytes = bytesOf(whole_file);
    std::size_t most = 0;
    for (int tenth = 1; tenth < 10; ++tenth) {
      const fs::path cut = folder_ / ("cut_" + std::string(name));
      writeBytes(cut, std::string_view(bytes).substr(0, bytes.size() * tenth / 10));
      const Whole whole = readWhole(cut);
      if (whole.error) {
        EXPECT_TRUE(whole.error->code == ErrorCode::kCorrupt ||
                    whole.error->code == ErrorCode::kNoFrames ||
                    whole.error->code == ErrorCode::kNoVideoStream)
            << name << " " << tenth << ": " << whole.error->text();
        continue;
      }
      EXPECT_LT(whole.frames.size(), 60u) << name << " " << tenth;
      EXPECT_GE(whole.frames.size(), most) << name << " " << tenth;
      EXPECT_TRUE(whole.stats.truncated) << name << " " << tenth;
      most = whole.frames.size();
      expectIncreasing(whole.frames);
    }
    EXPECT_GT(most, 30u) << name << ": what is there decodes";
  }
}

TEST_F(Video, HeaderOrIndexAloneIsCorrupt) {
  // Without faststart the index is written last: a cut file has none.
  const std::string bytes = bytesOf(card("a.mp4", 30, "-c:v libx264"));
  writeBytes(folder_ / "cut.mp4", std::string_view(bytes).substr(0, bytes.size() / 2));
  const Result<VideoReader> reader = VideoReader::open(folder_ / "cut.mp4");
  ASSERT_FALSE(reader.ok());
  EXPECT_EQ(reader.error().code, ErrorCode::kCorrupt);
  EXPECT_NE(reader.error().message.find("moov atom not found"), std::string::npos)
      << reader.error().message;
  writeBytes(folder_ / "head.mp4", std::string_view(bytes).substr(0, 32));
  EXPECT_EQ(VideoReader::open(folder_ / "head.mp4").error().code, ErrorCode::kCorrupt);
}

TEST_F(Video, BitErrorsAreCountedAndSurvived) {
  const std::string bytes =
      bytesOf(card("good.mp4", 60, "-c:v libx264 -g 10 -movflags +faststart", "160x120"));
  const std::size_t samples = bytes.find("mdat") + 4;
  unsigned seed = 7;
  std::string damaged = bytes;
  for (std::size_t k = samples; k < bytes.size(); ++k) {
    seed = seed * 1664525 + 1013904223;
    if (seed >> 16 < 65536 / 300) damaged[k] = static_cast<char>(damaged[k] ^ (1 << (seed & 7)));
  }
  writeBytes(folder_ / "damaged.mp4", damaged);
  for (const int threads : {1, 2}) {
    const Whole whole = readWhole(folder_ / "damaged.mp4", {.threads = threads});
    EXPECT_GT(whole.frames.size(), 20u);
    EXPECT_GT(whole.stats.packet_errors + whole.stats.damaged_frames, 0);
    expectIncreasing(whole.frames);
  }
}

// ---------------------------------------------------------------- the pixels OpenFace saw

TEST(VideoReader, GrayOfTheReferenceVideoEqualsOpenFaces) {
  FRONTALIS_NEEDS_SHARED("reference/openface-2.2.0-clnf/single_face/gray_frame01.pgm.gz");
  const fs::path folder = testing::referenceDir("single_face");
  const Whole whole = readWhole(folder / "single_face.mp4");
  ASSERT_EQ(whole.frames.size(), 72u);
  for (const auto& [number, name] :
       {std::pair(1, "gray_frame01.pgm.gz"), {30, "gray_frame30.pgm.gz"}}) {
    const testing::GrayPicture expected = testing::readPgm(folder / name);
    Image gray;
    toGray(whole.frames[number - 1], kAll, gray);
    ASSERT_EQ(gray.width(), expected.width);
    ASSERT_EQ(gray.height(), expected.height);
    EXPECT_TRUE(std::equal(expected.pixels.begin(), expected.pixels.end(), gray.data())) << name;
  }
}

TEST_F(Video, SamplesEqualWhatOpenCvsDecoderGives) {
  if (!fs::exists(testing::sample("single_face.mp4"))) GTEST_SKIP() << "needs the sample videos";
#if !defined(__x86_64__)
  GTEST_SKIP() << "libswscale's x86 routines are the reference";
#endif
  for (const char* name : {"single_face.mp4", "face_noface.mov"}) {
    const Whole whole = readWhole(testing::sample(name));
    std::size_t k = 0;
    testing::decodeBgr(testing::sample(name), [&](const Image& expected) {
      Image bgr;
      Frame stored = whole.frames.at(k);
      stored.orientation = {};
      toBgr(stored, kAll, bgr);
      EXPECT_EQ(meanDifference(bgr, expected), 0) << name << " frame " << k;
      return ++k < 20;
    });
  }
}

}  // namespace
}  // namespace frontalis
