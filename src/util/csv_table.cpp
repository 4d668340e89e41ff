#include "util/csv_table.h"

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

Result<CsvTable> CsvTable::read(const std::filesystem::path& path) {
  FRONTALIS_ASSIGN(std::string text, readFile(path));
  return parse(std::move(text), path.string());
}

Result<CsvTable> CsvTable::parse(std::string text, const std::string& name) {
  CsvTable table;
  table.text_ = std::move(text);
  std::string& bytes = table.text_;
  std::size_t at = bytes.starts_with("\xEF\xBB\xBF") ? 3 : 0;  // a byte order mark is not a name
  std::size_t line = 0;
  std::vector<Span> row;
  while (at < bytes.size()) {
    ++line;
    row.clear();
    bool more = true;
    while (more) {
      Span cell{at, 0};
      while (at < bytes.size() && kBlanks.find(bytes[at]) != std::string_view::npos) ++at;
      if (at < bytes.size() && bytes[at] == '"') {
        std::size_t to = ++at;
        cell.start = to;
        while (at < bytes.size()) {
          if (bytes[at] == '"' && (at + 1 >= bytes.size() || bytes[at + 1] != '"')) break;
          if (bytes[at] == '"') ++at;
          bytes[to++] = bytes[at++];
        }
        cell.size = to - cell.start;
        at = std::min(bytes.find_first_of(",\n", at), bytes.size());
      } else {
        const std::size_t end = std::min(bytes.find_first_of(",\n", at), bytes.size());
        const std::string_view content = trimmed(std::string_view(bytes).substr(at, end - at));
        cell.start = content.empty() ? at : static_cast<std::size_t>(content.data() - bytes.data());
        cell.size = content.size();
        at = end;
      }
      row.push_back(cell);
      more = at < bytes.size() && bytes[at] == ',';
      if (at < bytes.size()) ++at;
    }
    if (row.size() == 1 && row[0].size == 0) continue;  // an empty line
    if (table.header_.empty()) {
      for (const Span& cell : row) {
        table.columns_.emplace(bytes.substr(cell.start, cell.size), table.header_.size());
        table.header_.push_back(bytes.substr(cell.start, cell.size));
      }
      continue;
    }
    if (row.size() != table.header_.size()) {
      return Error{ErrorCode::kCorrupt, name + ": line " + std::to_string(line) + " has " +
                                            std::to_string(row.size()) + " cells, the header " +
                                            std::to_string(table.header_.size())};
    }
    table.cells_.insert(table.cells_.end(), row.begin(), row.end());
    ++table.rows_;
  }
  if (table.header_.empty())
    return Error{ErrorCode::kCorrupt, name + ": is empty, expected a header line"};
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
  std::string_view text = cell(row, column);
  if (text.starts_with('+')) text.remove_prefix(1);
  double value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size() || !std::isfinite(value)) {
    return std::nullopt;
  }
  return value;
}

}  // namespace frontalis
