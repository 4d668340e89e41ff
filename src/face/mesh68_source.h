#pragma once

#include "face/landmark_source.h"
#include "face/mesh_tracker.h"

namespace frontalis {

/// The face mesh's nearest points to the 68 (shape/mesh68.h), on the mesh tracker.
class Mesh68Source final : public LandmarkSource {
 public:
  explicit Mesh68Source(MeshTracker tracker) : tracker_(std::move(tracker)) {}

  Result<LandmarkObservation> locate(const Frame& frame) override;
  [[nodiscard]] std::optional<std::uint64_t> fingerprint() const override {
    return tracker_.fingerprint();
  }
  void reset() override { tracker_.reset(); }

 private:
  MeshTracker tracker_;
};

}  // namespace frontalis
