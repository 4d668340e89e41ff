// A tracked frame's way from decoded pixels to a row takes nothing from the heap.

#include <gtest/gtest.h>

#include "pipeline/analysis.h"
#include "support/allocations.h"
#include "support/media.h"
#include "support/paths.h"
#include "support/research_models.h"
#include "video/video_reader.h"

namespace frontalis {
namespace {

constexpr std::size_t kWarmUp = 40;  // frames; the detector has run twice by then
constexpr std::size_t kCounted = 30;

std::vector<Frame> decoded() {
  std::vector<Frame> frames;
  auto reader = VideoReader::open(testing::sample("single_face.mp4"));
  EXPECT_TRUE(reader.ok()) << reader.error().text();
  while (reader.ok() && frames.size() < kWarmUp + kCounted) {
    auto frame = reader->next();
    EXPECT_TRUE(frame.ok()) << frame.error().text();
    if (!frame.ok() || !*frame) break;
    frames.push_back(*std::move(*frame));
  }
  return frames;
}

void expectNoAllocations(Config config) {
  if (!testing::kCountsAllocations) GTEST_SKIP() << "needs glibc's malloc";
  config.threads = 1;
  auto analysis = makeAnalysis(config, false);
  ASSERT_TRUE(analysis.ok()) << analysis.error().text();
  auto meter = (*analysis)->meter();
  ASSERT_TRUE(meter.ok()) << meter.error().text();
  const auto interpreter = (*analysis)->interpreter();
  const std::vector<Frame> frames = decoded();
  ASSERT_EQ(frames.size(), kWarmUp + kCounted);
  Measurement measurement;
  FrameRecord record;
  bool measured = false;
  for (const Frame& frame : frames) {
    const auto work = [&] {
      measured = (*meter)->measure(frame, measurement).ok();
      record = interpreter->interpret(measurement);
    };
    if (static_cast<std::size_t>(frame.index) < kWarmUp) {
      work();
    } else {
      EXPECT_EQ(testing::countAllocations(work, "openvino"), 0u) << "frame " << frame.index << "\n"
                                                                 << testing::firstAllocation();
    }
    ASSERT_TRUE(measured && record.row.success) << "frame " << frame.index;
  }
}

TEST(FrameAllocations, OursAreSeenBesideALibrarys) {
  if (!testing::kCountsAllocations) GTEST_SKIP() << "needs glibc's malloc";
  std::vector<int> ours;
  EXPECT_EQ(testing::countAllocations([&] { ours.reserve(1000); }, "openvino"), 1u);
  EXPECT_NE(testing::firstAllocation(), "");
}

TEST(FrameAllocations, OpenPack) { expectNoAllocations({}); }

TEST(FrameAllocations, OpenPackOnline) {
  Config config;
  config.online = true;
  expectNoAllocations(config);
}

TEST(FrameAllocations, OpenPackWithFeatures) {
  Config config;
  config.features = true;
  expectNoAllocations(config);
}

class FrameAllocationsOfOpenFace : public ::testing::TestWithParam<const char*> {};

TEST_P(FrameAllocationsOfOpenFace, None) {
  FRONTALIS_NEEDS_SHARED("models/OpenFaceModels");
  FRONTALIS_NEEDS_SHARED("models/research/pfld_cunjian.onnx");
  const testing::ResearchModels models;
  ASSERT_TRUE(models.imported().ok());
  Config config;
  config.pack = "openface";
  config.landmarks = GetParam();
  expectNoAllocations(config);
}

INSTANTIATE_TEST_SUITE_P(Landmarks, FrameAllocationsOfOpenFace,
                         ::testing::Values("pfld", "clnf", "mesh68"));

}  // namespace
}  // namespace frontalis
