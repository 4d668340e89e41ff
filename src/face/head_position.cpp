#include "face/head_position.h"

#include <algorithm>
#include <cmath>

namespace frontalis {
namespace {

constexpr std::array<std::size_t, 10> kCentral = {27, 28, 29, 30, 33, 51, 62, 66, 57, 8};
struct Pair {
  std::size_t right, left;  // the patient's
  float weight;
};
constexpr std::array<Pair, 6> kPairs = {
    {{36, 45, 2}, {39, 42, 2}, {17, 26, 1}, {48, 54, 1}, {1, 15, 1}, {4, 12, 1}}};
constexpr std::size_t kOuterEyeRight = 36, kOuterEyeLeft = 45;
constexpr float kGoodYaw = 3, kUselessYaw = 10;  // degrees
constexpr float kUselessSpread = 2;              // % of the outer-eye distance

}  // namespace

float yawOf(const Landmarks68& landmarks, const Midline& midline) {
  const Line line = midline.line();
  float centre = 0;
  for (const std::size_t i : kCentral) {
    centre += line.distance(landmarks[i]) / static_cast<float>(kCentral.size());
  }
  float sum = 0;
  float weights = 0;
  for (const Pair& pair : kPairs) {
    const float right = line.distance(landmarks[pair.right]) - centre;
    const float left = centre - line.distance(landmarks[pair.left]);
    const float mean = (right + left) / 2;
    if (!(std::abs(mean) > 1e-3f)) continue;
    sum += pair.weight * 45 * (right - left) / mean;
    weights += pair.weight;
  }
  return weights > 0 ? sum / weights : 0;
}

HeadPosition HeadPositionMeter::measure(const Landmarks68& landmarks, const Midline& midline) {
  HeadPosition position;
  position.yaw = yawOf(landmarks, midline);

  positions_[count_++ % kFrames] = midline.glabella;
  const std::size_t seen = std::min(count_, kFrames);
  const auto n = static_cast<float>(seen);
  Point2f mean;
  for (std::size_t i = 0; i < seen; ++i) {
    mean.x += positions_[i].x / n;
    mean.y += positions_[i].y / n;
  }
  float variance = 0;
  for (std::size_t i = 0; i < seen; ++i) {
    variance += ((positions_[i].x - mean.x) * (positions_[i].x - mean.x) +
                 (positions_[i].y - mean.y) * (positions_[i].y - mean.y)) /
                n;
  }
  const Point2f a = landmarks[kOuterEyeRight];
  const Point2f b = landmarks[kOuterEyeLeft];
  const float eyes = std::hypot(a.x - b.x, a.y - b.y);
  const float spread = eyes > 0 ? 100 * std::sqrt(variance) / eyes : 0;
  position.stability = std::clamp(1 - spread / kUselessSpread, 0.f, 1.f);

  const float facing =
      std::clamp((kUselessYaw - std::abs(position.yaw)) / (kUselessYaw - kGoodYaw), 0.f, 1.f);
  position.quality = 0.9f * facing + 0.1f * position.stability;
  return position;
}

}  // namespace frontalis
