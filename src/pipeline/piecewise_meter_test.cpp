// Pieces put together again: what one meter gives that sees all frames, whatever the meter, the
// video and the number of threads. A meter of a few lines stands in for a face's: it remembers what
// it saw for some frames, or for ever.

#include "pipeline/piecewise_meter.h"

#include <gtest/gtest.h>

#include <chrono>
#include <thread>

#include "support/media.h"
#include "support/paths.h"

namespace frontalis {
namespace {

using testing::ffmpeg;
using testing::TempFolder;

/// Measures the brightness of the last frames, so many that `forget` bits of each are shifted out.
class BrightnessMeter final : public FaceMeter {
 public:
  explicit BrightnessMeter(int forget) : forget_(forget) {}

  Status measure(const Frame& frame, Measurement& out) override {
    // As slow as a quick real one: the first piece must not be over before the video is cut.
    std::this_thread::sleep_for(std::chrono::microseconds(300));
    std::uint64_t sum = 0;
    for (int y = 0; y < frame.planes[0].height; ++y) {
      for (int x = 0; x < frame.planes[0].width; ++x) {
        sum += static_cast<std::uint64_t>(x + 1) *
               frame.planes[0].data[y * frame.planes[0].stride + x];
      }
    }
    memory_ = forget_ > 0 ? memory_ << forget_ ^ sum : memory_ * 31 + sum;
    out.record = {};
    out.record.row.frame = frame.index + 1;
    out.record.row.timestamp = frame.timestamp_seconds;
    out.record.row.pose.tx = static_cast<float>(memory_ >> 40);
    out.record.row.pose.ty = static_cast<float>(memory_ >> 16 & 0xffffff);
    return {};
  }
  [[nodiscard]] std::optional<std::uint64_t> fingerprint() const override { return memory_; }
  void reset() override { memory_ = 0; }

 private:
  const int forget_;
  std::uint64_t memory_ = 0;
};

using Rows = std::vector<std::array<double, 4>>;

void add(const Measurement& measurement, Rows& rows) {
  const Row& row = measurement.record.row;
  rows.push_back({static_cast<double>(row.frame), row.timestamp, row.pose.tx, row.pose.ty});
}

Rows atOnce(const std::filesystem::path& video, int forget) {
  Rows rows;
  auto source = openFrameSource(video);
  EXPECT_TRUE(source.ok()) << source.error().text();
  BrightnessMeter meter(forget);
  Measurement measurement;
  while (true) {
    auto frame = (*source)->next();
    if (!frame.ok() || !*frame) return rows;
    EXPECT_TRUE(meter.measure(**frame, measurement).ok());
    add(measurement, rows);
  }
}

struct Pieced {
  Rows rows;
  int pieces = 0;
  bool start_again = false;
};

Pieced inPieces(const std::filesystem::path& video, int forget, int threads) {
  Pieced result;
  auto source = openFrameSource(video);
  EXPECT_TRUE(source.ok()) << source.error().text();
  BrightnessMeter first(forget);
  PiecewiseMeter meter(
      video, **source, first,
      [&]() -> Result<std::unique_ptr<FaceMeter>> {
        return std::unique_ptr<FaceMeter>(std::make_unique<BrightnessMeter>(forget));
      },
      {.threads = threads, .shortest_piece = 20, .longest_piece = 60});
  Measurement measurement;
  while (true) {
    const auto next = meter.next(measurement);
    EXPECT_TRUE(next.ok()) << next.error().text();
    if (!next.ok() || *next != PiecewiseMeter::Next::kMeasurement) {
      result.start_again = next.ok() && *next == PiecewiseMeter::Next::kStartAgain;
      break;
    }
    add(measurement, result.rows);
  }
  result.pieces = meter.pieces();
  return result;
}

class PiecewiseMeterTest : public ::testing::Test {
 protected:
  void SetUp() override { FRONTALIS_NEEDS_FFMPEG(); }
  [[nodiscard]] std::filesystem::path video(const std::string& name, const std::string& options,
                                            int frames = 400) const {
    return ffmpeg(
        "-f lavfi -i testsrc2=s=64x48:r=30 -frames:v " + std::to_string(frames) + " " + options,
        folder_ / name);
  }
  TempFolder folder_;
};

TEST_F(PiecewiseMeterTest, GivesWhatOneMeterGives) {
  const std::string x264 = "-c:v libx264 -preset ultrafast -x264-params keyint=";
  for (const auto& path :
       {video("closed.mp4", x264 + "15:bframes=2"),
        video("open.mkv", x264 + "25:bframes=3:open-gop=1"), video("all.mov", "-c:v mjpeg")}) {
    for (const int forget : {16, 4}) {  // forgets after 4 frames, 16 frames
      const Rows expected = atOnce(path, forget);
      ASSERT_EQ(expected.size(), 400u);
      for (const int threads : {1, 2, 4}) {
        const Pieced got = inPieces(path, forget, threads);
        EXPECT_FALSE(got.start_again);
        EXPECT_EQ(got.rows, expected) << path << ", " << threads << " threads";
        if (threads == 1) {
          EXPECT_EQ(got.pieces, 1);
        } else {
          EXPECT_GE(got.pieces, 2);
        }
      }
    }
  }
}

TEST_F(PiecewiseMeterTest, AMeterThatNeverForgetsSeesAllFrames) {
  const auto path = video("a.mp4", "-c:v libx264 -preset ultrafast -x264-params keyint=15", 600);
  const Pieced got = inPieces(path, 0, 3);
  EXPECT_EQ(got.pieces, 1);
  EXPECT_EQ(got.rows, atOnce(path, 0));
}

TEST_F(PiecewiseMeterTest, NothingToCut) {
  for (const auto& path : {video("one_key.mp4", "-c:v libx264 -g 1000"), video("none.avi", ""),
                           video("short.mp4", "-c:v libx264 -g 5", 12)}) {
    const Pieced got = inPieces(path, 16, 4);
    EXPECT_EQ(got.pieces, 1) << path;
    EXPECT_EQ(got.rows, atOnce(path, 16)) << path;
  }
}

TEST_F(PiecewiseMeterTest, DamageIsMeasuredFromTheStartOrNotAtAll) {
  const auto path = video("a.mp4", "-c:v libx264 -preset ultrafast -x264-params keyint=15");
  std::string bytes = testing::bytesOf(path);
  for (std::size_t at : {bytes.size() / 3, bytes.size() / 2, bytes.size() * 2 / 3}) {
    std::string damaged = bytes;
    for (std::size_t k = 0; k < 400; ++k) damaged[at + k] = static_cast<char>(k * 37);
    testing::writeBytes(folder_ / "damaged.mp4", damaged);
    const Pieced got = inPieces(folder_ / "damaged.mp4", 16, 3);
    EXPECT_TRUE(got.start_again || got.rows == atOnce(folder_ / "damaged.mp4", 16)) << at;
  }
}

TEST_F(PiecewiseMeterTest, EndsWithAnErrorAndWhenNobodyWantsMore) {
  const auto path = video("a.mp4", "-c:v libx264 -preset ultrafast -x264-params keyint=15");
  const auto noSecond = []() -> Result<std::unique_ptr<FaceMeter>> {
    return Error{ErrorCode::kInference, "no second meter", ""};
  };
  for (const bool to_the_end : {true, false}) {
    auto source = openFrameSource(path);
    ASSERT_TRUE(source.ok());
    BrightnessMeter first(16);
    PiecewiseMeter meter(path, **source, first, noSecond, {.threads = 2, .shortest_piece = 20});
    Measurement measurement;
    auto next = meter.next(measurement);
    while (to_the_end && next.ok()) {
      ASSERT_NE(*next, PiecewiseMeter::Next::kEnd);
      next = meter.next(measurement);
    }
    if (to_the_end) {
      EXPECT_EQ(next.error().code, ErrorCode::kInference);
    }
  }
}

}  // namespace
}  // namespace frontalis
