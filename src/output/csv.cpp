#include "output/csv.h"

#include <array>
#include <charconv>
#include <cmath>

#include "appearance/blendshape_index.h"
#include "output/row_values.h"

namespace frontalis {
namespace {

void number(std::string& out, double value, int decimals, bool empty) {
  out += ',';
  if (empty || !std::isfinite(value)) return;
  std::array<char, 400> text;
  const auto end = std::to_chars(text.data(), text.data() + text.size(), value,
                                 std::chars_format::fixed, decimals);
  out.append(text.data(), end.ptr);
}

void quoted(std::string& out, std::string_view text) {
  if (text.find_first_of(",\"\n\r") == std::string_view::npos) {
    out += text;
    return;
  }
  out += '"';
  for (const char c : text) {
    if (c == '"') out += '"';
    out += c;
  }
  out += '"';
}

void indexed(std::vector<std::string>& out, const std::string& prefix, std::size_t count) {
  for (std::size_t i = 0; i < count; ++i) out.push_back(prefix + std::to_string(i));
}

}  // namespace

std::string auName(int number) { return (number < 10 ? "0" : "") + std::to_string(number); }

Status checkWanted(const Columns& wanted, const Columns& filled, const std::string& pack) {
  if (wanted.sides && !filled.sides) {
    return Error{ErrorCode::kInvalidArgument,
                 "the pack \"" + pack + "\" has no left and right of a whole face",
                 "Use the open pack, or measure the mirrored halves: extract --sides mirror"};
  }
  if (wanted.blendshapes && !filled.blendshapes) {
    return Error{ErrorCode::kInvalidArgument, "the pack \"" + pack + "\" has no coefficients",
                 "Leave --blendshapes out, or use the open pack"};
  }
  return {};
}

std::vector<std::string> valueNames(const Columns& columns) {
  std::vector<std::string> out;
  const auto add = [&out](std::initializer_list<const char*> names) {
    out.insert(out.end(), names.begin(), names.end());
  };
  const auto au = [](int number) { return "AU" + auName(number); };
  if (columns.gaze) {
    add({"gaze_0_x", "gaze_0_y", "gaze_0_z", "gaze_1_x", "gaze_1_y", "gaze_1_z", "gaze_angle_x",
         "gaze_angle_y"});
    for (const char* axis : {"x_", "y_", "X_", "Y_", "Z_"}) {
      indexed(out, std::string("eye_lmk_") + axis, 2 * kEyePoints);
    }
  }
  if (columns.pose) add({"pose_Tx", "pose_Ty", "pose_Tz", "pose_Rx", "pose_Ry", "pose_Rz"});
  if (columns.landmarks_2d) {
    for (const char* axis : {"x_", "y_"}) indexed(out, axis, kLandmarks);
  }
  if (columns.landmarks_3d) {
    for (const char* axis : {"X_", "Y_", "Z_"}) indexed(out, axis, kLandmarks);
  }
  if (columns.shape) {
    add({"p_scale", "p_rx", "p_ry", "p_rz", "p_tx", "p_ty"});
    indexed(out, "p_", 34);
  }
  if (columns.intensity) {
    for (const int number : kIntensityAuNumbers) out.push_back(au(number) + "_r");
  }
  if (columns.sides) {
    for (const int number : kIntensityAuNumbers) {
      out.push_back(au(number) + "_r_left");
      out.push_back(au(number) + "_r_right");
    }
  }
  if (columns.presence) {
    for (const int number : kPresenceAuNumbers) {
      if (number != 28 || columns.au28) out.push_back(au(number) + "_c");
    }
  }
  if (columns.blendshapes) out.insert(out.end(), kBlendshapeNames.begin(), kBlendshapeNames.end());
  return out;
}

std::string CsvFormat::header() const {
  std::string out = named_ ? "file,frame" : "frame";
  out += ",face_id,timestamp,confidence,success";
  for (const std::string& name : valueNames(columns_)) out += "," + name;
  return out + "\n";
}

void CsvFormat::append(const Row& row, std::string_view name, std::string& out) const {
  const bool empty = !row.success && style_ == CsvStyle::kFrontalis;
  if (named_) {
    quoted(out, name);
    out += ',';
  }
  out += std::to_string(row.frame) + "," + std::to_string(row.face_id);
  number(out, row.timestamp, style_ == CsvStyle::kOpenFace ? 3 : 6, false);
  number(out, row.confidence, 2, false);
  out += row.success ? ",1" : ",0";
  forEachValue(row, columns_,
               [&](float value, int decimals) { number(out, value, decimals, empty); });
  out += '\n';
}

}  // namespace frontalis
