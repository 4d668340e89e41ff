#pragma once

#include <filesystem>
#include <unordered_map>
#include <vector>

#include "face/landmark_source.h"

namespace frontalis {

/// Landmarks that another tracker found: any CSV with `frame` and x_0..67, y_0..67 (px), as
/// OpenFace writes it. Rows are matched by frame number (1-based); `success` and `confidence` are
/// used where present. A frame without a row, or with a cell that is no number, counts as failed.
class LandmarkFile final : public LandmarkSource {
 public:
  /// Errors: those of CsvTable; kCorrupt when a column is missing, or a frame stands twice.
  static Result<LandmarkFile> read(const std::filesystem::path& path);

  Result<LandmarkObservation> locate(const Frame& frame) override;
  [[nodiscard]] std::optional<std::uint64_t> fingerprint() const override { return 0; }
  void reset() override {}

 private:
  std::unordered_map<std::int64_t, std::size_t> rows_;  // frame number -> index
  std::vector<LandmarkObservation> observations_;
};

}  // namespace frontalis
