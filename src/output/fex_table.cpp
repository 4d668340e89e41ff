#include "output/fex_table.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>
#include <optional>
#include <string_view>

#include "util/csv_table.h"
#include "util/file.h"
#include "util/try.h"

namespace frontalis {
namespace {

constexpr double kNone = std::numeric_limits<double>::quiet_NaN();
// Beyond this a cell holds no measurement, and sums of squares might overflow.
constexpr double kLargest = 1e15;
constexpr double kPi = 3.14159265358979323846;

bool isDigit(char c) { return c >= '0' && c <= '9'; }

/// "AU12", or with "_r", "_c" behind it when `suffixed`.
bool isAu(std::string_view name, bool suffixed) {
  if (name.size() < 4 || !name.starts_with("AU") || !isDigit(name[2]) || !isDigit(name[3])) {
    return false;
  }
  const std::string_view rest = name.substr(4);
  return suffixed ? rest == "_r" || rest == "_c" : rest.empty();
}

bool isPose(std::string_view name) {
  return name.size() == 7 && name.starts_with("pose_") && (name[5] == 'T' || name[5] == 'R') &&
         name[6] >= 'x' && name[6] <= 'z';
}

/// A column that is kept: its name in the schema, and what a cell's number is multiplied by.
struct Kept {
  std::size_t cell = 0;
  std::vector<double>* values = nullptr;
  double factor = 1;
};

bool isTrue(std::string_view text) {
  return text == "True" || text == "true" || text == "TRUE" || csvNumber(text).value_or(0) != 0;
}

}  // namespace

Result<FexTable> FexTable::read(const std::filesystem::path& path) {
  FRONTALIS_ASSIGN(std::string text, readFile(path));
  return parse(std::move(text), path.string());
}

Result<FexTable> FexTable::parse(std::string text, const std::string& name) {
  FexTable table;
  std::map<std::string, std::size_t, std::less<>> at;
  std::vector<Kept> kept;
  std::vector<std::pair<const std::vector<double>*, std::vector<double>*>> derived;
  bool header = true, feat = false, zero_based = false;

  const auto readHeader = [&](std::span<const std::string_view> cells) {
    bool bare_aus = false;
    for (std::size_t c = 0; c < cells.size(); ++c) {
      at.emplace(cells[c], c);
      bare_aus = bare_aus || isAu(cells[c], false);
    }
    feat = bare_aus || at.contains("FaceScore");
    zero_based = feat || (!at.contains("confidence") && !at.contains("face_id"));
    table.program = feat ? "py-feat" : zero_based ? "pyfaceau" : "Frontalis or OpenFace";
    // Of two columns that would have one name the first is taken.
    const auto keep = [&](std::size_t cell, const std::string& as, double factor = 1) {
      const auto [place, fresh] = table.columns.try_emplace(as);
      if (fresh) kept.push_back({cell, &place->second, factor});
      return &place->second;
    };
    for (const auto& [column, c] : at) {
      if (isAu(column, true) || isPose(column)) {
        keep(c, column);
      } else if (feat && isAu(column, false)) {
        derived.emplace_back(keep(c, column + "_p"), &table.columns[column + "_c"]);
      }
    }
    constexpr std::array<std::array<const char*, 2>, 3> kFeatPose = {
        {{"Pitch", "pose_Rx"}, {"Yaw", "pose_Ry"}, {"Roll", "pose_Rz"}}};
    for (const auto& [theirs, ours] : kFeatPose) {
      if (feat && at.contains(theirs)) keep(at.find(theirs)->second, ours, kPi / 180);
    }
  };
  const auto numberOf = [&](std::span<const std::string_view> cells,
                            std::string_view column) -> std::optional<double> {
    const auto found = at.find(column);
    return found == at.end() ? std::nullopt : csvNumber(cells[found->second]);
  };

  std::int64_t last_frame = std::numeric_limits<std::int64_t>::min();
  int faces_of_frame = 0;
  FRONTALIS_TRY(scanCsv(text, name, [&](std::span<const std::string_view> cells) -> Status {
    if (std::exchange(header, false)) {
      readHeader(cells);
      return {};
    }
    const auto row = static_cast<std::int64_t>(table.rows());
    const std::optional<double> stated = numberOf(cells, "frame");
    const std::optional<double> time = numberOf(cells, "timestamp");
    if ((at.contains("frame") && (!stated || std::abs(*stated) > kLargest)) ||
        (at.contains("timestamp") && (!time || std::abs(*time) > kLargest))) {
      return Error{ErrorCode::kCorrupt,
                   name + ": data row " + std::to_string(row + 1) + " has no " +
                       (at.contains("frame") && !stated ? "frame" : "timestamp")};
    }
    const std::int64_t number = stated ? std::llround(*stated) + (zero_based ? 1 : 0) : row + 1;
    faces_of_frame = number == last_frame ? faces_of_frame + 1 : 0;
    last_frame = number;
    table.frame.push_back(number);
    table.face.push_back(
        feat ? faces_of_frame
             : static_cast<int>(std::clamp(numberOf(cells, "face_id").value_or(0), -1e9, 1e9)));
    if (time) table.seconds.push_back(*time);
    bool seen = true;
    if (const auto said = at.find("success"); said != at.end()) {
      seen = isTrue(cells[said->second]);
    } else if (feat && at.contains("FaceScore")) {
      seen = numberOf(cells, "FaceScore").has_value();
    }
    table.success.push_back(seen ? 1 : 0);
    for (const Kept& column : kept) {
      const std::optional<double> value = csvNumber(cells[column.cell]);
      const bool sound = value && std::abs(*value) <= kLargest;
      column.values->push_back(sound ? *value * column.factor : kNone);
    }
    for (const auto& [probability, presence] : derived) {
      const double p = probability->back();
      presence->push_back(std::isnan(p) ? kNone : p >= 0.5 ? 1 : 0);
    }
    return {};
  }));
  if (kept.empty() || (!at.contains("frame") && !at.contains("timestamp") && !feat)) {
    return Error{ErrorCode::kCorrupt,
                 name + " has not the columns of Frontalis, OpenFace, pyfaceau or py-feat",
                 "Give a table with action units or head pose, frame by frame"};
  }
  table.timed = at.contains("timestamp");
  return table;
}

}  // namespace frontalis
