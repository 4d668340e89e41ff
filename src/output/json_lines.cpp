#include "output/json_lines.h"

#include <cmath>
#include <nlohmann/json.hpp>

#include "appearance/blendshape_index.h"
#include "output/csv.h"

namespace frontalis {
namespace {

using Json = nlohmann::ordered_json;

double rounded(double value, double steps) { return std::round(value * steps) / steps; }

Json points(const auto& all) {
  Json list = Json::array();
  for (const auto& p : all) {
    Json point = {rounded(p.x, 100), rounded(p.y, 100)};
    if constexpr (requires { p.z; }) point.push_back(rounded(p.z, 100));
    list.push_back(std::move(point));
  }
  return list;
}

}  // namespace

void JsonLinesFormat::append(const Row& row, std::string_view name, std::string& out,
                             const LiveState* live) const {
  Json json;
  if (named_) json["file"] = name;
  json["frame"] = row.frame;
  json["face_id"] = row.face_id;
  json["timestamp"] = rounded(row.timestamp, 1e6);
  json["confidence"] = rounded(row.confidence, 1e3);
  json["success"] = row.success;
  if (live != nullptr) {
    json["age_ms"] = rounded(live->age_ms, 10);
    json["dropped"] = live->dropped;
    json["neutral_frames"] = live->neutral_frames;
  }
  if (row.success) {
    if (columns_.pose) {
      const HeadPose& p = row.pose;
      json["pose"] = {{"Tx", rounded(p.tx, 10)},  {"Ty", rounded(p.ty, 10)},
                      {"Tz", rounded(p.tz, 10)},  {"Rx", rounded(p.rx, 1e4)},
                      {"Ry", rounded(p.ry, 1e4)}, {"Rz", rounded(p.rz, 1e4)}};
    }
    if (columns_.gaze) {
      json["gaze"] = {{"angle_x", rounded(row.gaze.angle_x, 1e4)},
                      {"angle_y", rounded(row.gaze.angle_y, 1e4)}};
    }
    if (columns_.intensity) {
      Json aus;
      for (std::size_t i = 0; i < kIntensityAus; ++i) {
        Json& au = aus["AU" + auName(kIntensityAuNumbers[i])];
        au["r"] = rounded(row.intensity[i], 1e3);
        if (columns_.sides) {
          au["r_left"] = rounded(row.intensity_left[i], 1e3);
          au["r_right"] = rounded(row.intensity_right[i], 1e3);
        }
      }
      for (std::size_t i = 0; columns_.presence && i < kPresenceAus; ++i) {
        if (kPresenceAuNumbers[i] == 28 && !columns_.au28) continue;
        aus["AU" + auName(kPresenceAuNumbers[i])]["c"] = row.presence[i] ? 1 : 0;
      }
      json["aus"] = std::move(aus);
    }
    if (columns_.landmarks_2d) json["landmarks_2d"] = points(row.landmarks);
    if (columns_.landmarks_3d) json["landmarks_3d"] = points(row.landmarks_3d);
    if (columns_.blendshapes) {
      Json shapes;
      for (std::size_t i = 0; i < kBlendshapes; ++i) {
        shapes[std::string(kBlendshapeNames[i])] = rounded(row.blendshapes[i], 1e4);
      }
      json["blendshapes"] = std::move(shapes);
    }
  }
  // A name that is no valid UTF-8 must not stop the run: bad bytes are replaced.
  out += json.dump(-1, ' ', false, Json::error_handler_t::replace);
  out += '\n';
}

}  // namespace frontalis
