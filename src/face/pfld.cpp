#include "face/pfld.h"

#include <algorithm>
#include <cmath>

#include "face/box_convention.h"
#include "image/sample.h"
#include "util/try.h"

namespace frontalis {
namespace {

constexpr int kInputSize = 112;

/// A face that shrinks to nothing, leaves the frame or is not square-like is no face.
bool plausible(const Box& box, const Box& before, const Frame& frame) {
  const Point2f centre = box.center();
  const float size = std::sqrt(box.area());
  const float size_before = std::sqrt(before.area());
  return std::isfinite(size) && size >= 16 && centre.x >= 0 && centre.y >= 0 &&
         centre.x < static_cast<float>(frame.width()) &&
         centre.y < static_cast<float>(frame.height()) && box.width < 2 * box.height &&
         box.height < 2 * box.width && size < 1.5f * size_before && size * 1.5f > size_before;
}

}  // namespace

Region pfldSquare(const Box& box) {
  const int x1 = static_cast<int>(box.x);
  const int y1 = static_cast<int>(box.y);
  const int width = static_cast<int>(box.right()) - x1;
  const int height = static_cast<int>(box.bottom()) - y1;
  const int side = static_cast<int>(1.1 * std::max(width, height));
  const int cx = static_cast<int>(x1 + width / 2.0);
  const int cy = static_cast<int>(y1 + height / 2.0);
  return {cx - side / 2, cy - side / 2, side, side};
}

Pfld::Pfld(std::shared_ptr<Runtime> runtime, std::filesystem::path network)
    : runtime_(std::move(runtime)), path_(std::move(network)) {}

Result<Landmarks68> Pfld::locate(const Frame& frame, const Box& face) {
  if (network_ == nullptr) {
    FRONTALIS_ASSIGN(auto network, runtime_->prepare({path_, {{1, 3, kInputSize, kInputSize}}}));
    if (network->output(network->outputCount() - 1).size() != 2 * kLandmarks) {
      return Error{ErrorCode::kModelCorrupt,
                   path_.string() + " is not a PFLD network: it does not give 136 values"};
    }
    network_ = std::move(network);
  }
  const Region square = pfldSquare(face);
  const double scale = static_cast<double>(square.width) / kInputSize;
  // Pixel centres of a half-pixel resize: crop i looks at (i + 1/2) * scale - 1/2.
  const Affine to_frame{scale, 0,     square.x + 0.5 * scale - 0.5,
                        0,     scale, square.y + 0.5 * scale - 0.5};
  sampleAffine(frame, to_frame, kInputSize, kInputSize, Border::kZero, network_->input(0).data(),
               TensorOrder::kPlanar);
  FRONTALIS_TRY(network_->run());
  const std::span<const float> out = network_->output(network_->outputCount() - 1);
  Landmarks68 points;
  for (std::size_t i = 0; i < kLandmarks; ++i) {
    points[i] = {static_cast<float>(square.x) + static_cast<float>(square.width) * out[2 * i],
                 static_cast<float>(square.y) + static_cast<float>(square.height) * out[2 * i + 1]};
  }
  return points;
}

PfldTracker::PfldTracker(std::unique_ptr<FaceDetector> detector, Pfld pfld, int detect_every)
    : detector_(std::move(detector)), pfld_(std::move(pfld)), detect_every_(detect_every) {}

void PfldTracker::reset() {
  box_.reset();
  last_place_.reset();
}

std::optional<std::uint64_t> PfldTracker::fingerprint() const {
  Fingerprint state;
  last_place_.addTo(state);
  state.add(box_.has_value());
  return state.value();
}

Result<LandmarkObservation> PfldTracker::locate(const Frame& frame) {
  if (!box_ || (detect_every_ > 0 && frame.index % detect_every_ == 0)) {
    FRONTALIS_ASSIGN(const std::span<const FaceDetection> faces, detector_->detect(frame));
    const FaceDetection* seen = chooseFace(faces, last_place_.box());
    // PFLD cannot tell a face from none, so the detector decides whether one is there.
    box_ = seen != nullptr ? std::optional<Box>(seen->box) : std::nullopt;
  }
  LandmarkObservation observation;
  if (!box_) {
    last_place_.update(nullptr);
    return observation;
  }
  FRONTALIS_ASSIGN(observation.landmarks, pfld_.locate(frame, *box_));
  const Box next = detectorBox(boundingBox(observation.landmarks));
  observation.success = observation.believed = plausible(next, *box_, frame);
  observation.confidence = observation.success ? 1.f : 0.f;
  if (observation.success) {
    box_ = next;
  } else {
    box_.reset();
  }
  last_place_.update(box_ ? &*box_ : nullptr);
  return observation;
}

}  // namespace frontalis
