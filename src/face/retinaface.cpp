#include "face/retinaface.h"

#include <algorithm>
#include <cmath>

#include "util/try.h"

namespace frontalis {
namespace {

constexpr std::array<float, 3> kMeanBgr = {104.f, 117.f, 123.f};
constexpr std::array<int, 3> kStrides = {8, 16, 32};
constexpr std::array<std::array<int, 2>, 3> kPriorSizes = {{{16, 32}, {64, 128}, {256, 512}}};
constexpr float kCentreVariance = 0.1f;
constexpr float kSizeVariance = 0.2f;

int roundUp(int value, int multiple) { return (value + multiple - 1) / multiple * multiple; }

}  // namespace

void decodeRetinaFace(std::span<const float> loc, std::span<const float> conf,
                      std::span<const float> landmarks, int width, int height, float confidence,
                      std::vector<FaceDetection>& faces) {
  faces.clear();
  const auto w = static_cast<float>(width);
  const auto h = static_cast<float>(height);
  std::size_t prior = 0;
  for (std::size_t level = 0; level < kStrides.size(); ++level) {
    const int stride = kStrides[level];
    const int rows = (height + stride - 1) / stride;
    const int cols = (width + stride - 1) / stride;
    for (int row = 0; row < rows; ++row) {
      for (int col = 0; col < cols; ++col) {
        for (const int size : kPriorSizes[level]) {
          const std::size_t p = prior++;
          if ((p + 1) * 4 > loc.size()) return;
          float score = conf[p * 2 + 1];
          if (const float sum = conf[p * 2] + score; std::abs(sum - 1.f) > 1e-3f) {
            score = 1.f / (1.f + std::exp(conf[p * 2] - score));
          }
          if (!(score > confidence)) continue;
          const float cx = (static_cast<float>(col) + 0.5f) * static_cast<float>(stride) / w;
          const float cy = (static_cast<float>(row) + 0.5f) * static_cast<float>(stride) / h;
          const float pw = static_cast<float>(size) / w;
          const float ph = static_cast<float>(size) / h;
          const float* l = &loc[p * 4];
          const float bw = pw * std::exp(l[2] * kSizeVariance);
          const float bh = ph * std::exp(l[3] * kSizeVariance);
          FaceDetection face;
          face.score = score;
          face.box = {(cx + l[0] * kCentreVariance * pw - bw / 2) * w,
                      (cy + l[1] * kCentreVariance * ph - bh / 2) * h, bw * w, bh * h};
          for (std::size_t n = 0; n < face.points.size(); ++n) {
            const float* point = &landmarks[p * 10 + 2 * n];
            face.points[n] = {(cx + point[0] * kCentreVariance * pw) * w,
                              (cy + point[1] * kCentreVariance * ph) * h};
          }
          faces.push_back(face);
        }
      }
    }
  }
}

void OverlapSuppressor::run(std::span<const FaceDetection> faces, float overlap,
                            std::vector<FaceDetection>& kept) {
  order_.clear();
  for (const FaceDetection& face : faces) order_.push_back(&face);
  std::sort(order_.begin(), order_.end(), [](const FaceDetection* a, const FaceDetection* b) {
    return a->score != b->score ? a->score > b->score : a < b;
  });
  const auto area = [](const Box& b) { return (b.width + 1) * (b.height + 1); };
  kept.clear();
  for (const FaceDetection* next : order_) {
    const FaceDetection& face = *next;
    const bool covered = std::any_of(kept.begin(), kept.end(), [&](const FaceDetection& better) {
      const Box& a = face.box;
      const Box& b = better.box;
      const float w = std::min(a.right(), b.right()) - std::max(a.x, b.x) + 1;
      const float h = std::min(a.bottom(), b.bottom()) - std::max(a.y, b.y) + 1;
      const float shared = std::max(w, 0.f) * std::max(h, 0.f);
      return shared / (area(a) + area(b) - shared) > overlap;
    });
    if (!covered) kept.push_back(face);
  }
}

RetinaFace::RetinaFace(std::shared_ptr<Runtime> runtime, std::filesystem::path network,
                       RetinaFaceOptions options)
    : runtime_(std::move(runtime)), path_(std::move(network)), options_(options) {}

Status RetinaFace::prepare(const Frame& frame) {
  const int width = frame.width();
  const int height = frame.height();
  if (network_ != nullptr && width == frame_width_ && height == frame_height_) return {};
  const Size size = reducedSize(frame, options_.long_side);
  reduced_width_ = size.width;
  reduced_height_ = size.height;
  // The network halves its input five times; a canvas of whole cells keeps its levels aligned.
  const int canvas_width = roundUp(reduced_width_, 32);
  const int canvas_height = roundUp(reduced_height_, 32);
  if (network_ == nullptr || canvas_width != canvas_width_ || canvas_height != canvas_height_) {
    FRONTALIS_ASSIGN(network_, runtime_->prepare({path_, {{1, 3, canvas_height, canvas_width}}}));
    canvas_width_ = canvas_width;
    canvas_height_ = canvas_height;
    if (network_->outputCount() != 3) {
      return Error{ErrorCode::kModelCorrupt,
                   path_.string() + " is not a RetinaFace network: it has " +
                       std::to_string(network_->outputCount()) + " outputs, expected 3"};
    }
  }
  std::fill(network_->input(0).begin(), network_->input(0).end(), 0.f);
  frame_width_ = width;
  frame_height_ = height;
  return {};
}

Result<std::span<const FaceDetection>> RetinaFace::detect(const Frame& frame) {
  FRONTALIS_TRY(prepare(frame));
  reducer_.reduce(frame, reduced_width_, reduced_height_, reduced_);
  const std::span<float> input = network_->input(0);
  const auto plane =
      static_cast<std::size_t>(canvas_width_) * static_cast<std::size_t>(canvas_height_);
  for (std::size_t c = 0; c < 3; ++c) {
    for (int y = 0; y < reduced_height_; ++y) {
      const std::uint8_t* from = reduced_.row(y) + c;
      float* to =
          &input[c * plane + static_cast<std::size_t>(y) * static_cast<std::size_t>(canvas_width_)];
      for (int x = 0; x < reduced_width_; ++x)
        to[x] = static_cast<float>(from[3 * x]) - kMeanBgr[c];
    }
  }
  FRONTALIS_TRY(network_->run());

  std::array<std::span<const float>, 3> outputs;  // loc, conf, landmarks: told apart by row length
  for (std::size_t i = 0; i < 3; ++i) {
    const std::int64_t last =
        network_->outputShape(i).empty() ? 0 : network_->outputShape(i).back();
    outputs[last == 4 ? 0 : last == 2 ? 1 : 2] = network_->output(i);
  }
  if (outputs[0].empty() || outputs[1].size() * 2 != outputs[0].size() ||
      outputs[2].size() * 2 != outputs[0].size() * 5) {
    return Error{ErrorCode::kModelCorrupt,
                 path_.string() + " is not a RetinaFace network: outputs do not match"};
  }
  decodeRetinaFace(outputs[0], outputs[1], outputs[2], canvas_width_, canvas_height_,
                   options_.confidence, decoded_);
  suppressor_.run(decoded_, options_.nms_overlap, faces_);
  const float sx = static_cast<float>(frame_width_) / static_cast<float>(reduced_width_);
  const float sy = static_cast<float>(frame_height_) / static_cast<float>(reduced_height_);
  // Reduced pixel i covers the frame's [i*s, (i+1)*s), so centres shift by half a pixel of each
  // grid.
  const auto toFrame = [&](Point2f p) {
    return Point2f{(p.x + 0.5f) * sx - 0.5f, (p.y + 0.5f) * sy - 0.5f};
  };
  for (FaceDetection& face : faces_) {
    const Point2f corner = toFrame({face.box.x, face.box.y});
    face.box = {corner.x, corner.y, face.box.width * sx, face.box.height * sy};
    for (Point2f& point : face.points) point = toFrame(point);
  }
  return std::span<const FaceDetection>(faces_);
}

}  // namespace frontalis
