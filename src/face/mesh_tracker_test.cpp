#include "face/mesh_tracker.h"

#include <gtest/gtest.h>

#include <cmath>

#include "face/retinaface.h"
#include "support/paths.h"
#include "video/video_reader.h"

namespace frontalis {
namespace {

MeshTracker makeTracker(int detect_every) {
  std::shared_ptr<Runtime> runtime = std::move(makeRuntime(RuntimeOptions()).value());
  return MeshTracker(
      std::make_unique<RetinaFace>(runtime, testing::openPackDir() / "retinaface.onnx"),
      FaceMeshNetwork(runtime, testing::openPackDir() / "face_landmarks_detector.tflite"),
      {.detect_every = detect_every});
}

std::vector<TrackedFace> trackAll(MeshTracker& tracker, const char* sample) {
  auto reader = VideoReader::open(testing::sample(sample));
  EXPECT_TRUE(reader.ok());
  std::vector<TrackedFace> faces;
  while (true) {
    auto frame = reader->next();
    EXPECT_TRUE(frame.ok());
    if (!frame.ok() || !*frame) return faces;
    auto face = tracker.track(**frame);
    EXPECT_TRUE(face.ok()) << face.error().text();
    faces.push_back(*face);
  }
}

float meanDistance(const FaceMesh& a, const FaceMesh& b) {
  double sum = 0;
  for (std::size_t i = 0; i < kMeshPoints; ++i) {
    sum += std::hypot(a[i].x - b[i].x, a[i].y - b[i].y);
  }
  return static_cast<float>(sum / kMeshPoints);
}

TEST(FaceCrop, LevelsTheEyesAndMapsItsCorners) {
  FaceDetection face;
  face.box = {100, 200, 80, 100};
  face.points[0] = {120, 230};
  face.points[1] = {150, 260};  // turned by 45 degrees
  const FaceCrop crop = cropFromDetection(face);
  EXPECT_FLOAT_EQ(crop.side, 130);
  EXPECT_NEAR(crop.angle, M_PI / 4, 1e-6);
  const Affine map = cropToFrame(crop, 256);
  const Point2f middle = map({128, 128});
  EXPECT_NEAR(middle.x, 140, 1e-4);
  EXPECT_NEAR(middle.y, 250, 1e-4);
  const Point2f right = map({256, 128});  // half a side along the eye line
  EXPECT_NEAR(right.x - middle.x, 65 * std::sqrt(0.5), 1e-3);
  EXPECT_NEAR(right.y - middle.y, 65 * std::sqrt(0.5), 1e-3);
}

TEST(FaceCrop, FromMeshIsTheUprightBoxTurnedToTheEyes) {
  FaceMesh mesh{};
  for (std::size_t i = 0; i < kMeshPoints; ++i) {
    mesh[i] = {40 + static_cast<float>(i % 20) * 5, static_cast<float>(i / 20) * 6, 0};
  }
  mesh[33] = {60, 50, 0};
  mesh[263] = {110, 80, 0};
  const FaceCrop crop = cropFromMesh(mesh);
  const float step = 256 / 2048.f;  // crops are rounded, see face_crop.h
  EXPECT_NEAR(crop.centre.x, 40 + 95 / 2.f, step / 2);
  EXPECT_NEAR(crop.centre.y, 138 / 2.f, step / 2);
  EXPECT_NEAR(crop.side, 1.5f * 138, step / 2);
  EXPECT_NEAR(crop.angle, std::atan2(30.f, 50.f), 1 / 2048.f);
}

TEST(MeshTracker, FollowsOneFaceWithOneDetectionInterval) {
  MeshTracker tracker = makeTracker(30);
  const auto faces = trackAll(tracker, "single_face.mp4");
  ASSERT_EQ(faces.size(), 72u);
  for (const TrackedFace& face : faces) {
    EXPECT_TRUE(face.found);
    EXPECT_GT(face.confidence, 0.9f);
  }
  EXPECT_EQ(tracker.detections(), 3);  // frames 1, 31, 61
}

TEST(MeshTracker, TrackingAgreesWithDetectingEveryFrame) {
  MeshTracker tracking = makeTracker(0);
  MeshTracker detecting = makeTracker(1);
  const auto a = trackAll(tracking, "single_face.mp4");
  const auto b = trackAll(detecting, "single_face.mp4");
  EXPECT_EQ(tracking.detections(), 1);
  EXPECT_EQ(detecting.detections(), 72);
  ASSERT_EQ(a.size(), b.size());
  for (std::size_t i = 0; i < a.size(); ++i) {
    EXPECT_LT(meanDistance(a[i].mesh, b[i].mesh), 0.03f * a[i].box.width) << i;
  }
}

TEST(MeshTracker, LosesAndFindsAFace) {
  MeshTracker tracker = makeTracker(30);
  const auto leaving = trackAll(tracker, "face_noface.mov");
  ASSERT_GT(leaving.size(), 20u);
  EXPECT_TRUE(leaving.front().found);
  EXPECT_FALSE(leaving.back().found);
  tracker.reset();
  const auto coming = trackAll(tracker, "noface_face.mov");
  EXPECT_FALSE(coming.front().found);
  EXPECT_TRUE(coming[coming.size() - 10].found);
}

TEST(MeshTracker, ResetForgetsTheVideo) {
  MeshTracker tracker = makeTracker(30);
  const auto first = trackAll(tracker, "single_face.mp4");
  tracker.reset();
  const auto again = trackAll(tracker, "single_face.mp4");
  for (std::size_t i = 0; i < first.size(); ++i) {
    EXPECT_EQ(meanDistance(first[i].mesh, again[i].mesh), 0) << i;
  }
}

// What lets a video be analysed in pieces: whatever a tracker began with dies away to the last bit.
TEST(MeshTracker, TwoStartsComeTogether) {
  auto reader = VideoReader::open(testing::sample("single_face.mp4"));
  ASSERT_TRUE(reader.ok());
  MeshTracker early = makeTracker(30);
  MeshTracker late = makeTracker(30);
  int apart = 0;
  for (int i = 0; i < 60; ++i) {
    auto frame = reader->next();
    ASSERT_TRUE(frame.ok() && *frame);
    ASSERT_TRUE(early.track(**frame).ok());
    if (i < 20) continue;
    ASSERT_TRUE(late.track(**frame).ok());
    const bool same = early.fingerprint() == late.fingerprint();
    EXPECT_TRUE(same || apart == i - 20) << "apart again in frame " << i;
    apart += same ? 0 : 1;
  }
  EXPECT_GT(apart, 0);  // they did begin differently
  EXPECT_LT(apart, 30);
}

TEST(LastPlace, IsForgottenAfterALongLoss) {
  LastPlace place;
  const Box box{1, 2, 3, 4};
  place.update(&box);
  for (int i = 0; i < 149; ++i) place.update(nullptr);
  EXPECT_TRUE(place.box().has_value());
  place.update(nullptr);
  EXPECT_FALSE(place.box().has_value());
  Fingerprint forgotten;
  Fingerprint fresh;
  place.addTo(forgotten);
  LastPlace().addTo(fresh);
  EXPECT_EQ(forgotten.value(), fresh.value());
}

}  // namespace
}  // namespace frontalis
