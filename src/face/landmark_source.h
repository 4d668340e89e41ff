#pragma once

#include <array>
#include <cstdint>
#include <optional>

#include "frontalis/row.h"
#include "frontalis/types.h"
#include "image/frame.h"
#include "shape/pdm.h"

namespace frontalis {

/// 68 landmarks of one frame, from whichever source.
struct LandmarkObservation {
  bool success = false;     ///< the frame counts as measured (OpenFace's CSV success)
  bool believed = false;    ///< the action units may use it; differs from success only for CLNF
  float confidence = 0;     ///< 0..1
  Landmarks68 landmarks{};  ///< px; on failure the last state, or zeros

  /// What only a fitted face model gives (CLNF).
  struct Model {
    GlobalParams global;
    std::array<float, 34> local{};
    Gaze gaze;
  };
  std::optional<Model> model;
};

/// Finds the landmarks of one video's main face, frame after frame. State belongs to one video.
class LandmarkSource {
 public:
  virtual ~LandmarkSource() = default;

  virtual Result<LandmarkObservation> locate(const Frame& frame) = 0;
  /// Whether observations carry a fitted face model.
  [[nodiscard]] virtual bool hasFaceModel() const { return false; }
  /// Two sources with the same fingerprint give the same in all later frames. Nothing: the source
  /// depends on all frames before, so that no two starts ever come together.
  [[nodiscard]] virtual std::optional<std::uint64_t> fingerprint() const = 0;
  /// Forgets the video.
  virtual void reset() = 0;
};

}  // namespace frontalis
