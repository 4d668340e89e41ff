#include "output/face_table.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <optional>
#include <regex>

#include "output/csv.h"
#include "util/csv_table.h"
#include "util/file.h"
#include "util/try.h"

namespace frontalis {
namespace {

constexpr float kNone = std::numeric_limits<float>::quiet_NaN();
constexpr std::array<const char*, 6> kPoseNames = {"pose_Tx", "pose_Ty", "pose_Tz",
                                                   "pose_Rx", "pose_Ry", "pose_Rz"};

/// Numbers that are kept, by their column's name.
bool isKept(std::string_view name, bool landmarks) {
  static const std::regex face("AU[0-9]{2}_(r|c|r_left|r_right)|pose_[TR][xyz]");
  static const std::regex point("[xy]_[0-9]{1,2}");
  const std::string text(name);
  return std::regex_match(text, face) || (landmarks && std::regex_match(text, point));
}

float at(const std::vector<float>* column, std::size_t row) {
  return column == nullptr ? kNone : (*column)[row];
}

}  // namespace

Result<FaceTable> FaceTable::read(const std::filesystem::path& path, bool landmarks) {
  FRONTALIS_ASSIGN(std::string text, readFile(path));
  FaceTable table;
  std::vector<std::pair<std::size_t, std::vector<float>*>> kept;
  std::optional<std::size_t> frame, face, time, file, confidence, success;
  bool header = true;
  const auto readHeader = [&](std::span<const std::string_view> cells) {
    for (std::size_t c = 0; c < cells.size(); ++c) {
      const std::string_view name = cells[c];
      if (name == "frame") frame = c;
      if (name == "face_id") face = c;
      if (name == "timestamp") time = c;
      if (name == "file") file = c;
      if (name == "confidence") confidence = c;
      if (name == "success") success = c;
      if (isKept(name, landmarks)) kept.emplace_back(c, &table.numbers_[std::string(name)]);
    }
  };
  FRONTALIS_TRY(
      scanCsv(text, path.string(), [&](std::span<const std::string_view> cells) -> Status {
        if (std::exchange(header, false)) {
          readHeader(cells);
          return {};
        }
        const auto number = [&](const std::optional<std::size_t>& column) {
          return column ? csvNumber(cells[*column]) : std::nullopt;
        };
        const auto row = static_cast<std::int64_t>(table.rows());
        if ((frame && !number(frame)) || (time && !number(time))) {
          return Error{ErrorCode::kCorrupt, path.string() + ": data row " +
                                                std::to_string(row + 1) + " has no " +
                                                (frame && !number(frame) ? "frame" : "timestamp")};
        }
        const double seen = number(success).value_or(1);
        table.frame_.push_back(frame ? std::llround(std::clamp(*number(frame), -1e15, 1e15))
                                     : row + 1);
        table.face_id_.push_back(static_cast<int>(std::clamp(number(face).value_or(0), -1e9, 1e9)));
        if (time) table.timestamp_.push_back(*number(time));
        if (file) table.file_.emplace_back(cells[*file]);
        table.success_.push_back(seen != 0 ? 1 : 0);
        table.confidence_.push_back(static_cast<float>(number(confidence).value_or(seen)));
        for (auto& [column, values] : kept) {
          const auto value = static_cast<float>(csvNumber(cells[column]).value_or(HUGE_VAL));
          values->push_back(std::isfinite(value) ? value : kNone);
        }
        return {};
      }));
  if (!frame && !time) {
    return Error{ErrorCode::kCorrupt, path.string() + " has neither a column frame nor timestamp",
                 "Give a table of `frontalis extract` or of OpenFace"};
  }
  if (kept.empty()) {
    return Error{ErrorCode::kCorrupt,
                 path.string() + " has no columns of action units or head pose",
                 "Give a table of `frontalis extract` or of OpenFace"};
  }
  if (table.rows() == 0) {
    return Error{ErrorCode::kCorrupt, path.string() + " has a header but no rows"};
  }
  table.numbered_ = frame.has_value();
  table.findGroups();
  return table;
}

const std::vector<float>* FaceTable::column(const std::string& name) const {
  const auto found = numbers_.find(name);
  return found == numbers_.end() ? nullptr : &found->second;
}

void FaceTable::findGroups() {
  columns_ = {};
  const auto all = [](const auto& group) {
    return std::all_of(group.begin(), group.end(), [](Column c) { return c != nullptr; });
  };
  const auto any = [](const auto& group) {
    return std::any_of(group.begin(), group.end(), [](Column c) { return c != nullptr; });
  };
  for (std::size_t i = 0; i < pose_.size(); ++i) pose_[i] = column(kPoseNames[i]);
  columns_.pose = all(pose_);
  columns_.landmarks_2d = true;
  for (std::size_t i = 0; i < kLandmarks; ++i) {
    landmarks_[i] = {column("x_" + std::to_string(i)), column("y_" + std::to_string(i))};
    columns_.landmarks_2d = columns_.landmarks_2d && all(landmarks_[i]);
  }
  for (std::size_t i = 0; i < kIntensityAus; ++i) {
    const std::string name = "AU" + auName(kIntensityAuNumbers[i]);
    intensity_[i] = column(name + "_r");
    left_[i] = column(name + "_r_left");
    right_[i] = column(name + "_r_right");
  }
  for (std::size_t i = 0; i < kPresenceAus; ++i) {
    presence_[i] = column("AU" + auName(kPresenceAuNumbers[i]) + "_c");
  }
  columns_.intensity = any(intensity_);
  columns_.sides = any(left_) && any(right_);
  columns_.presence = any(presence_);
  columns_.au28 = column("AU28_c") != nullptr;
}

Row FaceTable::row(std::size_t i) const {
  Row row;
  row.frame = frame_[i];
  row.face_id = face_id_[i];
  row.timestamp = timestamp_.empty() ? 0 : timestamp_[i];
  row.confidence = confidence_[i];
  row.success = success_[i] != 0;
  row.pose = {at(pose_[0], i), at(pose_[1], i), at(pose_[2], i),
              at(pose_[3], i), at(pose_[4], i), at(pose_[5], i)};
  for (std::size_t p = 0; p < kLandmarks; ++p) {
    row.landmarks[p] = {at(landmarks_[p][0], i), at(landmarks_[p][1], i)};
  }
  for (std::size_t a = 0; a < kIntensityAus; ++a) {
    row.intensity[a] = at(intensity_[a], i);
    row.intensity_left[a] = at(left_[a], i);
    row.intensity_right[a] = at(right_[a], i);
  }
  for (std::size_t a = 0; a < kPresenceAus; ++a) row.presence[a] = at(presence_[a], i) > 0.5f;
  return row;
}

}  // namespace frontalis
