#include "face/face_mesh.h"

#include <cmath>

#include "image/sample.h"
#include "util/try.h"

namespace frontalis {
namespace {

constexpr int kCropSize = 256;

}  // namespace

FaceMeshNetwork::FaceMeshNetwork(std::shared_ptr<Runtime> runtime, std::filesystem::path network)
    : runtime_(std::move(runtime)), path_(std::move(network)) {}

Status FaceMeshNetwork::prepare() {
  if (network_ != nullptr) return {};
  FRONTALIS_ASSIGN(auto network, runtime_->prepare({path_, {{1, kCropSize, kCropSize, 3}}}));
  bool has_mesh = false;
  bool has_presence = false;
  for (std::size_t i = 0; i < network->outputCount(); ++i) {
    const std::size_t size = network->output(i).size();
    if (size == 3 * kMeshPoints) {
      mesh_output_ = i;
      has_mesh = true;
    } else if (size == 1 && !has_presence) {  // the first single value is the face's presence
      presence_output_ = i;
      has_presence = true;
    }
  }
  if (!has_mesh || !has_presence) {
    return Error{ErrorCode::kModelCorrupt,
                 path_.string() + " is not a face landmarker: no output of 478 points",
                 "Run `frontalis models verify`"};
  }
  network_ = std::move(network);
  return {};
}

Result<MeshFit> FaceMeshNetwork::locate(const Frame& frame, const FaceCrop& crop) {
  FRONTALIS_TRY(prepare());
  const Affine to_frame = cropToFrame(crop, kCropSize);
  sampleAffine(frame, to_frame, kCropSize, kCropSize, Border::kReplicate,
               network_->input(0).data());
  FRONTALIS_TRY(network_->run());

  const std::span<const float> points = network_->output(mesh_output_);
  const float scale = crop.side / static_cast<float>(kCropSize);
  MeshFit fit;
  for (std::size_t i = 0; i < kMeshPoints; ++i) {
    const float u = points[3 * i];
    const float v = points[3 * i + 1];
    const Point2f p = to_frame({u, v});
    fit.mesh[i] = {p.x, p.y, points[3 * i + 2] * scale};
  }
  fit.presence = 1.f / (1.f + std::exp(-network_->output(presence_output_)[0]));
  return fit;
}

}  // namespace frontalis
