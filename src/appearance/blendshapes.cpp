#include "appearance/blendshapes.h"

#include "util/try.h"

namespace frontalis {
namespace {

constexpr std::array<int, 146> kInputPoints = {
    0,   1,   4,   5,   6,   7,   8,   10,  13,  14,  17,  21,  33,  37,  39,  40,  46,  52,  53,
    54,  55,  58,  61,  63,  65,  66,  67,  70,  78,  80,  81,  82,  84,  87,  88,  91,  93,  95,
    103, 105, 107, 109, 127, 132, 133, 136, 144, 145, 146, 148, 149, 150, 152, 153, 154, 155, 157,
    158, 159, 160, 161, 162, 163, 168, 172, 173, 176, 178, 181, 185, 191, 195, 197, 234, 246, 249,
    251, 263, 267, 269, 270, 276, 282, 283, 284, 285, 288, 291, 293, 295, 296, 297, 300, 308, 310,
    311, 312, 314, 317, 318, 321, 323, 324, 332, 334, 336, 338, 356, 361, 362, 365, 373, 374, 375,
    377, 378, 379, 380, 381, 382, 384, 385, 386, 387, 388, 389, 390, 397, 398, 400, 402, 405, 409,
    415, 454, 466, 468, 469, 470, 471, 472, 473, 474, 475, 476, 477};

}  // namespace

BlendshapeNetwork::BlendshapeNetwork(std::shared_ptr<Runtime> runtime,
                                     std::filesystem::path network)
    : runtime_(std::move(runtime)), path_(std::move(network)) {}

Result<Blendshapes> BlendshapeNetwork::estimate(const FaceMesh& mesh) {
  if (network_ == nullptr) {
    FRONTALIS_ASSIGN(auto network, runtime_->prepare({path_, {{1, kInputPoints.size(), 2}}}));
    if (network->outputCount() != 1 || network->output(0).size() != kBlendshapes) {
      return Error{ErrorCode::kModelCorrupt,
                   path_.string() + " is not a blendshape network: it does not give 52 values",
                   "Run `frontalis models verify`"};
    }
    network_ = std::move(network);
  }
  const std::span<float> input = network_->input(0);
  for (std::size_t i = 0; i < kInputPoints.size(); ++i) {
    const Point3f& p = mesh[static_cast<std::size_t>(kInputPoints[i])];
    input[2 * i] = p.x;
    input[2 * i + 1] = p.y;
  }
  FRONTALIS_TRY(network_->run());
  Blendshapes scores;
  std::copy_n(network_->output(0).begin(), kBlendshapes, scores.begin());
  return scores;
}

}  // namespace frontalis
