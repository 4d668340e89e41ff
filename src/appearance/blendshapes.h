#pragma once

#include <filesystem>
#include <memory>

#include "frontalis/types.h"
#include "inference/network.h"

namespace frontalis {

/// MediaPipe blendshape network: 146 of the mesh's points (x, y in image px) to 52 coefficients.
class BlendshapeNetwork {
 public:
  BlendshapeNetwork(std::shared_ptr<Runtime> runtime, std::filesystem::path network);

  /// Coefficients 0..1. Errors: those of Runtime::prepare and Network::run.
  Result<Blendshapes> estimate(const FaceMesh& mesh);

 private:
  std::shared_ptr<Runtime> runtime_;
  std::filesystem::path path_;
  std::unique_ptr<Network> network_;
};

}  // namespace frontalis
