#pragma once

#include <nanobind/nanobind.h>

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "frontalis/row.h"

namespace frontalis::python {

/// Rows turned into columns: one typed buffer each, handed to Arrow without a copy.
///   file        utf8     images only: its name
///   frame       int64    1-based
///   face_id     int32
///   timestamp   float64  s
///   confidence  float32  0..1
///   success     bool
///   then valueNames(columns), float32; NaN where there is no value
class ColumnTable {
 public:
  /// `named`: with the column `file`.
  ColumnTable(const Columns& columns, bool named);

  void append(const Row& row, std::string_view name);
  [[nodiscard]] std::size_t rows() const;
  [[nodiscard]] const Columns& columns() const;

  /// Arrow's C data interface: a pair of capsules (schema, struct array) that share these buffers.
  /// `meta`: JSON text, becomes the schema's metadata under the key "frontalis". The table takes no
  /// rows afterwards. Throws CodedError if it is asked twice.
  nanobind::object toArrow(const std::string& meta);

 private:
  struct Data;
  std::shared_ptr<Data> data_;
};

/// Decimals that tables print of a column; -1 for names that are no measured value.
int decimalsOf(const std::string& name);

/// Unit of a column ("px", "mm", "rad", "s"); empty for numbers without one.
std::string unitOf(const std::string& name);

}  // namespace frontalis::python
