#pragma once

#include <string>
#include <string_view>

#include "frontalis/row.h"

namespace frontalis {

/// Two dialects of the same columns.
enum class CsvStyle {
  kFrontalis,  ///< a frame without a face has empty cells; time stamps to the microsecond
  kOpenFace,   ///< a failed frame keeps the tracker's last state and the smoothed AUs; milliseconds
};

/// Rows as OpenFace 2.2 writes them (spec pipeline 9.1): its column names, order and decimals.
class CsvFormat {
 public:
  /// `named`: a first column `file`, for folders of images.
  CsvFormat(Columns columns, CsvStyle style, bool named = false)
      : columns_(columns), style_(style), named_(named) {}

  /// With line end.
  [[nodiscard]] std::string header() const;
  /// Appends one line. A value that is not finite becomes an empty cell.
  void append(const Row& row, std::string_view name, std::string& out) const;

 private:
  Columns columns_;
  CsvStyle style_;
  bool named_;
};

/// "01", "02", ..., "45".
std::string auName(int number);

}  // namespace frontalis
