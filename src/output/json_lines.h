#pragma once

#include <string>
#include <string_view>

#include "frontalis/row.h"

namespace frontalis {

/// One JSON object a row, one row a line: the CSV's groups as nested objects, absent where the
/// CSV's cells are empty.
class JsonLinesFormat {
 public:
  explicit JsonLinesFormat(Columns columns, bool named = false)
      : columns_(columns), named_(named) {}

  void append(const Row& row, std::string_view name, std::string& out) const;

 private:
  Columns columns_;
  bool named_;
};

}  // namespace frontalis
