#pragma once

#include <filesystem>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "frontalis/result.h"

namespace frontalis {

/// Goes through comma-separated text line by line without keeping it; empty lines are passed over.
/// `text` is unescaped in place: cells are views into it, without quotes and surrounding blanks.
/// The first line is the header. Errors: kCorrupt naming the line when a row's cells do not match
/// the header, or when there is none; what `take` gives.
Status scanCsv(std::string& text, const std::string& name,
               const std::function<Status(std::span<const std::string_view> cells)>& take);

/// The text of a cell as a finite number; nothing when it is empty or not one.
std::optional<double> csvNumber(std::string_view text);

/// A comma-separated table with a header line, as OpenFace, Frontalis and their relatives write it.
/// Cells keep their text; quotes and blanks around cells are removed.
class CsvTable {
 public:
  /// Errors: those of readFile; kCorrupt naming the line when a row's cells do not match the
  /// header.
  static Result<CsvTable> read(const std::filesystem::path& path);
  static Result<CsvTable> parse(std::string text, const std::string& name);

  [[nodiscard]] const std::vector<std::string>& header() const { return header_; }
  [[nodiscard]] std::optional<std::size_t> column(std::string_view name) const;
  [[nodiscard]] std::size_t rows() const { return rows_; }
  [[nodiscard]] std::string_view cell(std::size_t row, std::size_t column) const;
  /// The cell as a finite number; nothing when it is empty or not one.
  [[nodiscard]] std::optional<double> number(std::size_t row, std::size_t column) const;

 private:
  struct Span {
    std::size_t start = 0;
    std::size_t size = 0;
  };

  std::string text_;  // quoted cells are unescaped in place
  std::vector<std::string> header_;
  std::unordered_map<std::string, std::size_t> columns_;
  std::vector<Span> cells_;
  std::size_t rows_ = 0;
};

}  // namespace frontalis
