#pragma once

#include <filesystem>
#include <memory>

#include "face/face_crop.h"
#include "frontalis/types.h"
#include "image/frame.h"
#include "inference/network.h"
#include "shape/mesh68.h"

namespace frontalis {

/// Landmarks of one crop, and how sure the network is that it saw a face.
struct MeshFit {
  FaceMesh mesh{};
  float presence = 0;  ///< 0..1
};

/// MediaPipe face landmarker: 478 points with depth (design: "Facts about the open pack").
class FaceMeshNetwork {
 public:
  FaceMeshNetwork(std::shared_ptr<Runtime> runtime, std::filesystem::path network);

  /// Errors: those of Runtime::prepare and Network::run.
  Result<MeshFit> locate(const Frame& frame, const FaceCrop& crop);

 private:
  Status prepare();

  std::shared_ptr<Runtime> runtime_;
  std::filesystem::path path_;
  std::unique_ptr<Network> network_;
  std::size_t mesh_output_ = 0;
  std::size_t presence_output_ = 0;
};

}  // namespace frontalis
