#include "output/csv.h"

#include <array>
#include <charconv>
#include <cmath>

#include "appearance/blendshape_index.h"

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

void indexed(std::string& out, const char* prefix, std::size_t count) {
  for (std::size_t i = 0; i < count; ++i) out += "," + std::string(prefix) + std::to_string(i);
}

constexpr std::size_t kAu28Column = 16;  // its place in kPresenceAuNumbers

}  // namespace

std::string auName(int number) { return (number < 10 ? "0" : "") + std::to_string(number); }

std::string CsvFormat::header() const {
  std::string out = named_ ? "file,frame" : "frame";
  out += ",face_id,timestamp,confidence,success";
  if (columns_.gaze) {
    for (const char* eye : {"gaze_0_", "gaze_1_"}) {
      for (const char* axis : {"x", "y", "z"}) out += std::string(",") + eye + axis;
    }
    out += ",gaze_angle_x,gaze_angle_y";
    for (const char* axis : {"x_", "y_", "X_", "Y_", "Z_"}) {
      indexed(out, (std::string("eye_lmk_") + axis).c_str(), 2 * kEyePoints);
    }
  }
  if (columns_.pose) out += ",pose_Tx,pose_Ty,pose_Tz,pose_Rx,pose_Ry,pose_Rz";
  if (columns_.landmarks_2d) {
    for (const char* axis : {"x_", "y_"}) indexed(out, axis, kLandmarks);
  }
  if (columns_.landmarks_3d) {
    for (const char* axis : {"X_", "Y_", "Z_"}) indexed(out, axis, kLandmarks);
  }
  if (columns_.shape) {
    out += ",p_scale,p_rx,p_ry,p_rz,p_tx,p_ty";
    indexed(out, "p_", 34);
  }
  if (columns_.intensity) {
    for (const int au : kIntensityAuNumbers) out += ",AU" + auName(au) + "_r";
  }
  if (columns_.sides) {
    for (const int au : kIntensityAuNumbers) {
      out += ",AU" + auName(au) + "_r_left,AU" + auName(au) + "_r_right";
    }
  }
  if (columns_.presence) {
    for (const int au : kPresenceAuNumbers) {
      if (au != 28 || columns_.au28) out += ",AU" + auName(au) + "_c";
    }
  }
  if (columns_.blendshapes) {
    for (const std::string_view blendshape : kBlendshapeNames) out += "," + std::string(blendshape);
  }
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
  if (columns_.gaze) {
    for (const Point3f& g : row.gaze.direction) {
      for (const float v : {g.x, g.y, g.z}) number(out, v, 6, empty);
    }
    number(out, row.gaze.angle_x, 3, empty);
    number(out, row.gaze.angle_y, 3, empty);
    const auto eyes = [&](const auto& points, auto member) {
      for (const auto& eye : points) {
        for (const auto& p : eye) number(out, p.*member, 1, empty);
      }
    };
    eyes(row.gaze.eyes, &Point2f::x);
    eyes(row.gaze.eyes, &Point2f::y);
    eyes(row.gaze.eyes_in_3d, &Point3f::x);
    eyes(row.gaze.eyes_in_3d, &Point3f::y);
    eyes(row.gaze.eyes_in_3d, &Point3f::z);
  }
  if (columns_.pose) {
    for (const float v : {row.pose.tx, row.pose.ty, row.pose.tz}) number(out, v, 1, empty);
    for (const float v : {row.pose.rx, row.pose.ry, row.pose.rz}) number(out, v, 3, empty);
  }
  const auto points = [&](const auto& all, auto member) {
    for (const auto& p : all) number(out, p.*member, 1, empty);
  };
  if (columns_.landmarks_2d) {
    points(row.landmarks, &Point2f::x);
    points(row.landmarks, &Point2f::y);
  }
  if (columns_.landmarks_3d) {
    points(row.landmarks_3d, &Point3f::x);
    points(row.landmarks_3d, &Point3f::y);
    points(row.landmarks_3d, &Point3f::z);
  }
  if (columns_.shape) {
    const ShapeParameters& s = row.shape;
    for (const float v : {s.scale, s.rx, s.ry, s.rz, s.tx, s.ty}) number(out, v, 3, empty);
    for (const float v : s.local) number(out, v, 3, empty);
  }
  if (columns_.intensity) {
    for (const float v : row.intensity) number(out, v, 2, empty);
  }
  if (columns_.sides) {
    for (std::size_t i = 0; i < kIntensityAus; ++i) {
      number(out, row.intensity_left[i], 2, empty);
      number(out, row.intensity_right[i], 2, empty);
    }
  }
  if (columns_.presence) {
    for (std::size_t i = 0; i < kPresenceAus; ++i) {
      if (i != kAu28Column || columns_.au28) number(out, row.presence[i] ? 1 : 0, 2, empty);
    }
  }
  if (columns_.blendshapes) {
    for (const float v : row.blendshapes) number(out, v, 4, empty);
  }
  out += '\n';
}

}  // namespace frontalis
