#include "face/midline.h"

#include <gtest/gtest.h>

#include <cmath>

#include "face/head_position.h"

namespace frontalis {
namespace {

Midline at(float x, float y) { return {{x, y}, {x + 2, y + 100}}; }

/// All that a smoother gives for these frames, in order.
std::vector<std::optional<Midline>> smoothed(const std::vector<std::optional<Midline>>& frames,
                                             int reach = MidlineSmoother::kReach) {
  MidlineSmoother smoother(reach);
  std::vector<std::optional<Midline>> all;
  for (const auto& frame : frames) {
    smoother.push(frame);
    while (smoother.ready()) all.push_back(smoother.pop());
  }
  smoother.finish();
  while (smoother.ready()) all.push_back(smoother.pop());
  return all;
}

TEST(Midline, RunsFromGlabellaToChinAndItsPositiveSideIsThePicturesLeft) {
  Landmarks68 points{};
  points[21] = {90, 50};
  points[22] = {110, 50};
  points[8] = {100, 150};
  const Midline midline = midlineOf(points);
  EXPECT_EQ(midline.glabella.x, 100);
  const Line line = midline.line();
  EXPECT_NEAR(line.direction.y, 1, 1e-6);
  EXPECT_NEAR(line.distance({70, 80}), 30, 1e-4);  // the patient's right
  EXPECT_NEAR(line.distance({120, 80}), -20, 1e-4);
  EXPECT_TRUE(std::isfinite(Midline{}.line().direction.x));
}

TEST(MidlineSmoother, AMovingHeadIsNotLaggedBehind) {
  std::vector<std::optional<Midline>> frames;
  for (int t = 0; t < 30; ++t) frames.emplace_back(at(10.f + 5.f * static_cast<float>(t), 40));
  const auto result = smoothed(frames);
  ASSERT_EQ(result.size(), frames.size());
  for (std::size_t t = 0; t < frames.size(); ++t) {
    EXPECT_NEAR(result[t]->glabella.x, frames[t]->glabella.x, 1e-3) << t;
  }
}

TEST(MidlineSmoother, NoiseIsSmoothedByTheWeightsOfBothSides) {
  std::vector<std::optional<Midline>> frames(21, at(100, 40));
  frames[10] = at(109, 40);  // a single outlier
  const auto result = smoothed(frames);
  // Weights 0.2 .. 1 .. 0.2 sum to 5.
  EXPECT_NEAR(result[10]->glabella.x, 100 + 9 / 5.f, 1e-3);
  EXPECT_NEAR(result[8]->glabella.x, 100 + 9 * 0.6f / 5, 1e-3);
  EXPECT_NEAR(result[15]->glabella.x, 100, 1e-3);
}

TEST(MidlineSmoother, FramesWithoutAFaceStaySoAndDivide) {
  std::vector<std::optional<Midline>> frames(8, at(10, 0));
  frames.insert(frames.end(), 2, std::nullopt);
  frames.insert(frames.end(), 8, at(200, 0));
  const auto result = smoothed(frames);
  ASSERT_EQ(result.size(), 18U);
  for (std::size_t t = 0; t < 18; ++t) {
    ASSERT_EQ(result[t].has_value(), frames[t].has_value()) << t;
    if (!result[t]) continue;
    EXPECT_NEAR(result[t]->glabella.x, frames[t]->glabella.x, 1e-3) << t;
  }
}

TEST(MidlineSmoother, PicturesStandForThemselvesAndResetForgets) {
  const auto single = smoothed({at(1, 2), at(50, 2), at(7, 2)}, 0);
  EXPECT_EQ(single[1]->glabella.x, 50);

  MidlineSmoother smoother;
  for (int t = 0; t < 9; ++t) smoother.push(at(1000, 0));
  smoother.reset();
  EXPECT_FALSE(smoother.ready());
  for (int t = 0; t < 9; ++t) smoother.push(at(3, 0));
  EXPECT_NEAR(smoother.pop()->glabella.x, 3, 1e-4);
}

/// A face whose right half is `right` times as wide as usual, the left `left` times.
Landmarks68 faceOf(float right, float left, double tilt = 0) {
  Landmarks68 points{};
  const auto set = [&](std::size_t i, float x, float y) { points[i] = {x, y}; };
  for (const std::size_t i : {27, 28, 29, 30, 33, 51, 62, 66, 57}) set(i, 0, 20.f);
  set(8, 0, 100);
  set(21, -5, 0);
  set(22, 5, 0);
  const auto pair = [&](std::size_t r, std::size_t l, float x, float y) {
    set(r, -x * right, y);
    set(l, x * left, y);
  };
  pair(36, 45, 50, 10);
  pair(39, 42, 18, 10);
  pair(17, 26, 55, -5);
  pair(48, 54, 25, 60);
  pair(1, 15, 70, 30);
  pair(4, 12, 55, 70);
  const auto c = static_cast<float>(std::cos(tilt));
  const auto s = static_cast<float>(std::sin(tilt));
  for (Point2f& p : points) p = {200 + c * p.x - s * p.y, 200 + s * p.x + c * p.y};
  return points;
}

TEST(HeadPosition, YawIsTheFormulasAndDoesNotDependOnTheTilt) {
  const auto yaw = [](const Landmarks68& face) { return yawOf(face, midlineOf(face)); };
  EXPECT_NEAR(yaw(faceOf(1, 1)), 0, 1e-3);
  // 45 (1.1 - 0.9) / 1: the right half looks wider, the nose points to the picture's right.
  EXPECT_NEAR(yaw(faceOf(1.1f, 0.9f)), 9, 1e-2);
  EXPECT_NEAR(yaw(faceOf(0.9f, 1.1f)), -9, 1e-2);
  EXPECT_NEAR(yaw(faceOf(1.1f, 0.9f, 0.4)), 9, 1e-2);
  EXPECT_TRUE(std::isfinite(yaw(Landmarks68{})));
}

TEST(HeadPosition, QualityFallsWithYawAndMovement) {
  HeadPositionMeter meter;
  const Landmarks68 still = faceOf(1, 1);
  HeadPosition position;
  for (int t = 0; t < 6; ++t) position = meter.measure(still, midlineOf(still));
  EXPECT_NEAR(position.quality, 1, 1e-5);
  EXPECT_NEAR(position.stability, 1, 1e-5);

  const Landmarks68 turned = faceOf(1.1f, 0.9f);  // 9 degrees: a seventh of the way is left
  EXPECT_NEAR(meter.measure(turned, midlineOf(turned)).quality, 0.9f / 7 + 0.1f, 0.02f);

  meter.reset();
  for (int t = 0; t < 6; ++t) {
    Landmarks68 moving = still;
    for (Point2f& p : moving) p.x += 10.f * static_cast<float>(t);
    position = meter.measure(moving, midlineOf(moving));
  }
  EXPECT_EQ(position.stability, 0);
  EXPECT_NEAR(position.quality, 0.9f, 1e-3);
  meter.reset();
  EXPECT_EQ(meter.measure(still, midlineOf(still)).stability, 1);
}

}  // namespace
}  // namespace frontalis
