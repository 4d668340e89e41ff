#include "face/face_signature.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <utility>

#include "image/geometry.h"
#include "image/sample.h"

namespace frontalis {
namespace {

constexpr std::pair<int, int> kPairs[FaceSignature::kLengths] = {
    {36, 45}, {39, 42}, {27, 30}, {0, 16},  {0, 27}, {16, 27},
    {0, 30},  {16, 30}, {36, 30}, {45, 30}, {1, 15}};

// By how much one person's signatures differ as the head moves, and two persons' differ by more
// (measured on the sample videos and pictures, whose people the signature must tell apart).
constexpr float kShapeMeasured = 0.03f;  // root mean square of the logarithms
constexpr float kShapeFitted = 0.08f;
constexpr float kLook = 0.25f;  // 1 - correlation

constexpr float kNew = 0.35f;  // a signature this far from all known ones is kept
constexpr std::size_t kMostKnown = 24;

Point2f mean(const Landmarks68& points, int first, int last) {
  Point2f sum;
  for (int i = first; i <= last; ++i) {
    sum.x += points[static_cast<std::size_t>(i)].x;
    sum.y += points[static_cast<std::size_t>(i)].y;
  }
  const auto n = static_cast<float>(last - first + 1);
  return {sum.x / n, sum.y / n};
}

}  // namespace

float distance(const FaceSignature& a, const FaceSignature& b) {
  float squares = 0;
  for (std::size_t i = 0; i < a.shape.size(); ++i) {
    squares += (a.shape[i] - b.shape[i]) * (a.shape[i] - b.shape[i]);
  }
  const float shape = std::sqrt(squares / static_cast<float>(a.shape.size()));
  float correlation = 0;
  for (std::size_t i = 0; i < a.look.size(); ++i) correlation += a.look[i] * b.look[i];
  const float look = (1 - correlation) / kLook;
  return std::sqrt((shape * shape + look * look) / 2);
}

FaceSignature FaceSigner::sign(const Frame& frame, const Landmarks68& landmarks,
                               const Landmarks68In3d& landmarks_3d) {
  FaceSignature signature;
  float sum = 0;
  for (std::size_t i = 0; i < signature.shape.size(); ++i) {
    const Point3f& a = landmarks_3d[static_cast<std::size_t>(kPairs[i].first)];
    const Point3f& b = landmarks_3d[static_cast<std::size_t>(kPairs[i].second)];
    const float length = std::hypot(a.x - b.x, a.y - b.y, a.z - b.z);
    signature.shape[i] = std::log(std::max(length, 1e-3f));
    sum += signature.shape[i];
  }
  for (float& value : signature.shape) {
    value -= sum / static_cast<float>(signature.shape.size());
    value /= fitted_ ? kShapeFitted : kShapeMeasured;
  }

  // A square of 2.2 eye distances, upright with the eyes, from the brows to the mouth.
  const Point2f left = mean(landmarks, 36, 41), right = mean(landmarks, 42, 47);
  const double dx = right.x - left.x, dy = right.y - left.y;
  constexpr double kStep = 2.2 / FaceSignature::kSide;
  const Affine crop{kStep * dx,
                    -kStep * dy,
                    (left.x + right.x) / 2 - 1.1 * dx + 0.6 * dy + 0.5 * kStep * (dx - dy),
                    kStep * dy,
                    kStep * dx,
                    (left.y + right.y) / 2 - 1.1 * dy - 0.6 * dx + 0.5 * kStep * (dx + dy)};
  // Sampled finely and averaged, so that no hair's shift changes it.
  constexpr int kFine = 4;
  const Affine fine{
      crop.xx / kFine, crop.xy / kFine, crop.x0 - 0.5 * (crop.xx + crop.xy) * (1 - 1.0 / kFine),
      crop.yx / kFine, crop.yy / kFine, crop.y0 - 0.5 * (crop.yx + crop.yy) * (1 - 1.0 / kFine)};
  constexpr int kSide = FaceSignature::kSide;
  sampleAffine(frame, fine, kSide * kFine, kSide * kFine, Border::kReplicate, picture_);
  float total = 0;
  for (int y = 0; y < kSide; ++y) {
    for (int x = 0; x < kSide; ++x) {
      int bright = 0;
      for (int v = 0; v < kFine; ++v) {
        const std::uint8_t* p = picture_.at(x * kFine, y * kFine + v);
        for (int u = 0; u < kFine; ++u, p += 3) bright += p[0] + 2 * p[1] + p[2];
      }
      const auto value = static_cast<float>(bright);
      signature.look[static_cast<std::size_t>(y) * kSide + static_cast<std::size_t>(x)] = value;
      total += value;
    }
  }
  float squares = 0;
  for (float& value : signature.look) {
    value -= total / static_cast<float>(signature.look.size());
    squares += value * value;
  }
  const float norm = std::sqrt(std::max(squares, 1e-6f));
  for (float& value : signature.look) value /= norm;
  return signature;
}

void FaceMemory::add(const FaceSignature& signature) {
  if (distance(signature) < kNew) return;
  if (known_.size() < kMostKnown) {
    known_.push_back(signature);
  } else {
    known_[oldest_] = signature;
    oldest_ = (oldest_ + 1) % kMostKnown;
  }
}

float FaceMemory::distance(const FaceSignature& signature) const {
  float nearest = std::numeric_limits<float>::infinity();
  for (const FaceSignature& known : known_) {
    nearest = std::min(nearest, frontalis::distance(known, signature));
  }
  return nearest;
}

}  // namespace frontalis
