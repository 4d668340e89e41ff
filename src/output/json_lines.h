#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "frontalis/row.h"

namespace frontalis {

/// What a live row adds: how old it is, and what was dropped for it.
struct LiveState {
  double age_ms = 0;                ///< from the picture's capture to the row
  std::int64_t dropped = 0;         ///< pictures so far that were not analysed
  std::int64_t neutral_frames = 0;  ///< that the person's neutral rests on
};

/// One JSON object a row, one row a line: the CSV's groups as nested objects, absent where the
/// CSV's cells are empty.
class JsonLinesFormat {
 public:
  explicit JsonLinesFormat(Columns columns, bool named = false)
      : columns_(columns), named_(named) {}

  /// `live`: of a stream; null for files.
  void append(const Row& row, std::string_view name, std::string& out,
              const LiveState* live = nullptr) const;

 private:
  Columns columns_;
  bool named_;
};

}  // namespace frontalis
