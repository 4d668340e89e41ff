#pragma once

#include <array>
#include <cstdint>
#include <filesystem>
#include <map>
#include <string>
#include <vector>

#include "frontalis/result.h"
#include "frontalis/row.h"

namespace frontalis {

/// A table of ours or of OpenFace's, read back by columns: what pictures and reports are made of.
/// Only the groups they need are kept.
class FaceTable {
 public:
  /// `landmarks`: keep x_0 .. y_67 too. Errors: those of reading; kCorrupt when there is neither a
  /// column `timestamp` nor `frame`, or no column of an action unit, head pose or landmark.
  static Result<FaceTable> read(const std::filesystem::path& path, bool landmarks);

  FaceTable(FaceTable&&) = default;
  FaceTable& operator=(FaceTable&&) = default;

  [[nodiscard]] std::size_t rows() const { return frame_.size(); }
  /// Whether the table has a column `frame`.
  [[nodiscard]] bool numbered() const { return numbered_; }
  /// 1-based; the row's number where the table has no such column.
  [[nodiscard]] const std::vector<std::int64_t>& frame() const { return frame_; }
  [[nodiscard]] const std::vector<int>& faceId() const { return face_id_; }
  /// s; empty when the table has no such column.
  [[nodiscard]] const std::vector<double>& timestamp() const { return timestamp_; }
  /// Names of images; empty when the rows are of a video.
  [[nodiscard]] const std::vector<std::string>& file() const { return file_; }
  /// 0..1; where the table does not say: as success.
  [[nodiscard]] const std::vector<float>& confidence() const { return confidence_; }
  [[nodiscard]] const std::vector<std::uint8_t>& success() const { return success_; }
  /// A column of numbers, NaN where a cell is empty; null when there is none of this name.
  [[nodiscard]] const std::vector<float>* column(const std::string& name) const;

  /// Groups of which row() fills something.
  [[nodiscard]] const Columns& columns() const { return columns_; }
  /// Pose, landmarks, action units; what the table lacks is NaN, presences are false.
  [[nodiscard]] Row row(std::size_t index) const;

 private:
  FaceTable() = default;
  void findGroups();

  std::vector<std::int64_t> frame_;
  std::vector<int> face_id_;
  std::vector<double> timestamp_;
  std::vector<std::string> file_;
  std::vector<float> confidence_;
  std::vector<std::uint8_t> success_;
  std::map<std::string, std::vector<float>> numbers_;
  Columns columns_;
  bool numbered_ = false;

  // Into numbers_; null where there is no such column.
  using Column = const std::vector<float>*;
  std::array<Column, 6> pose_{};
  std::array<std::array<Column, 2>, kLandmarks> landmarks_{};
  std::array<Column, kIntensityAus> intensity_{}, left_{}, right_{};
  std::array<Column, kPresenceAus> presence_{};
};

}  // namespace frontalis
