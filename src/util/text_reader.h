#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "frontalis/result.h"

namespace frontalis {

/// Bounds-checked reading of white-space separated text, independent of the locale. The first
/// failure sticks: later reads return zeros, and status() names file, line and cause.
class TextReader {
 public:
  /// `name` is what error messages call the file. `text` must outlive the reader.
  TextReader(std::string_view text, std::string name) : text_(text), name_(std::move(name)) {}

  /// Skips white space and whole lines that begin with '#'.
  void skipComments();

  /// Integer in [low, high], else fails naming `what`.
  std::int64_t integer(std::int64_t low, std::int64_t high, std::string_view what);
  /// Finite number, else fails naming `what`.
  double number(std::string_view what);

  /// A matrix as OpenFace's text files store it (spec pipeline 3.1): comments, rows, cols, type
  /// code, then rows*cols numbers, row-major. Limits are inclusive; nothing is allocated that the
  /// rest of the text could not hold.
  struct Matrix {
    int rows = 0;
    int cols = 0;
    std::vector<double> values;
  };
  Matrix matrix(int type_code, int max_rows, int max_cols, std::string_view what);

  /// True when only white space is left.
  [[nodiscard]] bool atEnd();

  /// Marks the content as malformed at the current line.
  void fail(const std::string& what);
  [[nodiscard]] bool failed() const { return failed_; }
  /// kCorrupt with file, line, offset and cause.
  [[nodiscard]] Status status() const;

 private:
  void skipSpace();
  std::string_view token(std::string_view what);

  std::string_view text_;
  std::string name_;
  std::size_t offset_ = 0;
  std::size_t line_ = 1;
  bool failed_ = false;
  std::string cause_;
};

}  // namespace frontalis
