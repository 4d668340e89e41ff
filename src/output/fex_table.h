#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <string>
#include <vector>

#include "frontalis/result.h"

namespace frontalis {

/// A table of facial expressions of Frontalis, OpenFace, pyfaceau or py-feat, in one schema, so
/// that they can be compared. Action units are named AUxx_r (intensity, 0..5), AUxx_c (presence)
/// and AUxx_p (py-feat's probability, 0..1, from which its AUxx_c are made: at least one half);
/// head pose pose_Tx.. (mm), pose_Rx.. (rad).
struct FexTable {
  std::string program;  ///< whose table: "Frontalis or OpenFace", "pyfaceau", "py-feat"
  bool timed = false;   ///< whether `seconds` is filled
  std::vector<double> seconds;
  std::vector<std::int64_t> frame;  ///< from 1
  std::vector<int> face;            ///< from 0
  std::vector<std::uint8_t> success;
  std::map<std::string, std::vector<double>> columns;  ///< NaN where a cell is empty

  [[nodiscard]] std::size_t rows() const { return frame.size(); }

  /// Errors: those of reading; kCorrupt when it is no table of these.
  static Result<FexTable> read(const std::filesystem::path& path);
  static Result<FexTable> parse(std::string text, const std::string& name);
};

}  // namespace frontalis
