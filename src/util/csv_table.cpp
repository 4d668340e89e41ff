#include "util/csv_table.h"

#include <algorithm>
#include <charconv>
#include <cmath>

#include "util/file.h"
#include "util/try.h"

namespace frontalis {
namespace {

constexpr std::string_view kBlanks = " \t\r";

std::string_view trimmed(std::string_view text) {
  const std::size_t start = text.find_first_not_of(kBlanks);
  if (start == std::string_view::npos) return {};
  return text.substr(start, text.find_last_not_of(kBlanks) - start + 1);
}

}  // namespace

Status scanCsv(std::string& text, const std::string& name,
               const std::function<Status(std::span<const std::string_view> cells)>& take) {
  std::size_t at = text.starts_with("\xEF\xBB\xBF") ? 3 : 0;  // a byte order mark is not a name
  if (text.substr(at, 1) == "{") {
    return Error{ErrorCode::kCorrupt, name + ": holds JSON, expected a CSV table",
                 "Tables for reading are made by `frontalis extract -o NAME.csv`"};
  }
  if (text.substr(0, 1024).find('\0') != std::string::npos) {
    return Error{ErrorCode::kCorrupt, name + ": is no text, expected a CSV table"};
  }
  std::size_t line = 0;
  std::size_t columns = 0;
  std::vector<std::string_view> cells;
  while (at < text.size()) {
    ++line;
    cells.clear();
    bool more = true;
    while (more) {
      std::string_view cell = std::string_view(text).substr(at, 0);
      while (at < text.size() && kBlanks.find(text[at]) != std::string_view::npos) ++at;
      if (at < text.size() && text[at] == '"') {
        const std::size_t from = ++at;
        std::size_t to = from;
        while (at < text.size()) {
          if (text[at] == '"' && (at + 1 >= text.size() || text[at + 1] != '"')) break;
          if (text[at] == '"') ++at;
          text[to++] = text[at++];
        }
        cell = std::string_view(text).substr(from, to - from);
        at = std::min(text.find_first_of(",\n", at), text.size());
      } else {
        const std::size_t end = std::min(text.find_first_of(",\n", at), text.size());
        const std::string_view content = trimmed(std::string_view(text).substr(at, end - at));
        if (!content.empty()) cell = content;
        at = end;
      }
      cells.push_back(cell);
      more = at < text.size() && text[at] == ',';
      if (at < text.size()) ++at;
    }
    if (cells.size() == 1 && cells[0].empty()) continue;  // an empty line
    if (columns == 0) columns = cells.size();
    if (cells.size() != columns) {
      return Error{ErrorCode::kCorrupt, name + ": line " + std::to_string(line) + " has " +
                                            std::to_string(cells.size()) + " cells, the header " +
                                            std::to_string(columns)};
    }
    FRONTALIS_TRY(take(cells));
  }
  if (columns == 0) {
    return Error{ErrorCode::kCorrupt, name + ": is empty, expected a header line"};
  }
  return {};
}

std::optional<double> csvNumber(std::string_view text) {
  if (text.starts_with('+')) text.remove_prefix(1);
  double value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size() || !std::isfinite(value)) {
    return std::nullopt;
  }
  return value;
}

Result<CsvTable> CsvTable::read(const std::filesystem::path& path) {
  FRONTALIS_ASSIGN(std::string text, readFile(path));
  return parse(std::move(text), path.string());
}

Result<CsvTable> CsvTable::parse(std::string text, const std::string& name) {
  CsvTable table;
  table.text_ = std::move(text);
  const char* start = table.text_.data();
  FRONTALIS_TRY(scanCsv(table.text_, name, [&](std::span<const std::string_view> cells) -> Status {
    if (table.header_.empty()) {
      for (const std::string_view cell : cells) {
        table.columns_.emplace(cell, table.header_.size());
        table.header_.emplace_back(cell);
      }
      return {};
    }
    for (const std::string_view cell : cells) {
      table.cells_.push_back({static_cast<std::size_t>(cell.data() - start), cell.size()});
    }
    ++table.rows_;
    return {};
  }));
  return table;
}

std::optional<std::size_t> CsvTable::column(std::string_view name) const {
  const auto found = columns_.find(std::string(name));
  if (found == columns_.end()) return std::nullopt;
  return found->second;
}

std::string_view CsvTable::cell(std::size_t row, std::size_t column) const {
  const Span& span = cells_[row * header_.size() + column];
  return std::string_view(text_).substr(span.start, span.size);
}

std::optional<double> CsvTable::number(std::size_t row, std::size_t column) const {
  return csvNumber(cell(row, column));
}

}  // namespace frontalis
