#include "face/retinaface.h"

#include <gtest/gtest.h>

#include <cmath>

#include "support/paths.h"
#include "video/frame_source.h"

namespace frontalis {
namespace {

// 32 x 32 canvas: 4*4*2 + 2*2*2 + 1*1*2 = 42 priors.
constexpr std::size_t kPriors = 42;

struct Outputs {
  std::vector<float> loc = std::vector<float>(kPriors * 4);
  std::vector<float> conf = std::vector<float>(kPriors * 2);
  std::vector<float> points = std::vector<float>(kPriors * 10);
  Outputs() {
    for (std::size_t p = 0; p < kPriors; ++p) conf[2 * p] = 1;
  }
  void score(std::size_t prior, float value) {
    conf[2 * prior] = 1 - value;
    conf[2 * prior + 1] = value;
  }
};

std::vector<FaceDetection> decoded(const Outputs& out) {
  std::vector<FaceDetection> faces;
  decodeRetinaFace(out.loc, out.conf, out.points, 32, 32, 0.5f, faces);
  return faces;
}

std::vector<FaceDetection> withoutOverlaps(const std::vector<FaceDetection>& faces) {
  std::vector<FaceDetection> kept;
  OverlapSuppressor().run(faces, 0.4f, kept);
  return kept;
}

TEST(RetinaFaceDecode, PriorIsTheBoxWhenOffsetsAreZero) {
  Outputs out;
  out.score(2 * (4 * 1 + 2) + 1, 0.9f);  // level 0, row 1, column 2, size 32
  const auto faces = decoded(out);
  ASSERT_EQ(faces.size(), 1u);
  EXPECT_NEAR(faces[0].box.x, 20 - 16, 1e-4);
  EXPECT_NEAR(faces[0].box.y, 12 - 16, 1e-4);
  EXPECT_NEAR(faces[0].box.width, 32, 1e-4);
  EXPECT_NEAR(faces[0].points[3].x, 20, 1e-4);
  EXPECT_FLOAT_EQ(faces[0].score, 0.9f);
}

TEST(RetinaFaceDecode, OffsetsUseTheVariances) {
  Outputs out;
  const std::size_t prior = 32 + 8;  // level 2, its first prior: centre 16, size 256
  out.score(prior, 0.8f);
  out.loc[4 * prior + 0] = 1;
  out.loc[4 * prior + 3] = -5;
  out.points[10 * prior + 2] = -1;
  const auto faces = decoded(out);
  ASSERT_EQ(faces.size(), 1u);
  EXPECT_NEAR(faces[0].box.center().x, 16 + 25.6, 1e-3);
  EXPECT_NEAR(faces[0].box.height, 256 * std::exp(-1.0), 1e-2);
  EXPECT_NEAR(faces[0].points[1].x, 16 - 25.6, 1e-3);
}

TEST(RetinaFaceDecode, RawLogitsAreNormalised) {
  Outputs out;
  for (std::size_t p = 0; p < kPriors; ++p) {
    out.conf[2 * p] = 4;
    out.conf[2 * p + 1] = -4;
  }
  out.conf[1] = 6;  // against 4: sigmoid(2)
  const auto faces = decoded(out);
  ASSERT_EQ(faces.size(), 1u);
  EXPECT_NEAR(faces[0].score, 1 / (1 + std::exp(-2.0)), 1e-6);
}

TEST(RetinaFaceDecode, ConfidenceIsStrict) {
  Outputs out;
  out.score(0, 0.5f);
  EXPECT_TRUE(decoded(out).empty());
}

TEST(SuppressOverlaps, KeepsBestAndDistant) {
  std::vector<FaceDetection> faces(3);
  faces[0] = {{0, 0, 99, 99}, 0.6f, {}};
  faces[1] = {{5, 5, 99, 99}, 0.9f, {}};
  faces[2] = {{200, 0, 99, 99}, 0.7f, {}};
  const auto kept = withoutOverlaps(faces);
  ASSERT_EQ(kept.size(), 2u);
  EXPECT_FLOAT_EQ(kept[0].score, 0.9f);
  EXPECT_FLOAT_EQ(kept[1].score, 0.7f);
  // 100 x 100 px boxes that share 100 x 57: 5700 / 14300 = 0.3986 stays.
  faces = {{{0, 0, 99, 99}, 0.9f, {}}, {{0, 43, 99, 99}, 0.8f, {}}};
  EXPECT_EQ(withoutOverlaps(faces).size(), 2u);
  faces[1].box.y = 42;  // 5800 / 14200 = 0.408
  EXPECT_EQ(withoutOverlaps(faces).size(), 1u);
}

TEST(RetinaFace, FindsTheFacesOfASample) {
  std::shared_ptr<Runtime> runtime = std::move(makeRuntime(RuntimeOptions()).value());
  RetinaFace detector(runtime, testing::openPackDir() / "retinaface.onnx");
  auto source = openFrameSource(testing::sample("multi_face.jpg"));
  ASSERT_TRUE(source.ok()) << source.error().text();
  auto frame = (*source)->next();
  ASSERT_TRUE(frame.ok() && frame->has_value());
  const auto faces = detector.detect(**frame);
  ASSERT_TRUE(faces.ok()) << faces.error().text();
  EXPECT_EQ(faces->size(), 5u);
  for (const FaceDetection& face : *faces) {
    EXPECT_LT(face.points[0].x, face.points[1].x);  // image-left eye first
    EXPECT_LT(face.points[0].y, face.points[3].y);  // eyes above the mouth
    EXPECT_GT(face.points[2].x, face.box.x);
    EXPECT_LT(face.points[2].x, face.box.right());
  }
}

}  // namespace
}  // namespace frontalis
