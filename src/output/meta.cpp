#include "output/meta.h"

#include <nlohmann/json.hpp>

#include "frontalis/version.h"
#include "models/pack.h"

namespace frontalis {
namespace {

using Json = nlohmann::ordered_json;

Json optionsJson(const ExtractRequest& request) {
  const Config& c = request.config;
  return {{"pack", c.pack},
          {"landmarks", c.landmarks},
          {"faces", c.faces},
          {"detect_every", c.detect_every},
          {"detect_size", c.detect_size},
          {"threads", c.threads},
          {"online", c.online},
          {"static_models", c.static_models},
          {"neutral", c.neutral ? Json{c.neutral->from_s, c.neutral->to_s} : Json()},
          {"mirror_sides", c.mirror_sides},
          {"runtime", c.runtime},
          {"device", c.device},
          {"runtime_strict", c.runtime_strict}};
}

Json inputJson(const InputInfo& input) {
  Json json = {{"path", input.path.string()}, {"kind", input.is_video ? "video" : "images"}};
  json["width"] = input.width;
  json["height"] = input.height;
  if (input.is_video) {
    json["codec"] = input.codec;
    json["average_fps"] = input.average_fps;
    json["rotation"] = input.rotation;
    json["pixel_aspect"] = input.pixel_aspect;
    json["mirrored"] = input.mirrored;
  }
  return json;
}

Json modelsJson(const std::vector<ModelUsed>& models) {
  Json list = Json::array();
  for (const ModelUsed& model : models) {
    list.push_back({{"file", model.file}, {"sha256", model.sha256}});
  }
  return list;
}

}  // namespace

std::string metaJson(const ExtractRequest& request, const ExtractReport& report) {
  const Summary& summary = report.summary;
  Json json;
  json["frontalis"] = version();
  json["input"] = inputJson(report.input);
  if (!report.input_sha256.empty()) json["input"]["sha256"] = report.input_sha256;
  json["output"] = report.output.filename().string();
  json["options"] = optionsJson(request);
  json["pack"] = {{"name", summary.pack}, {"version", summary.pack_version}};
  json["models"] = modelsJson(summary.models);
  json["runtime"] = summary.runtime;
  json["incidents"] = summary.incidents;
  json["frames"] = {{"read", summary.frames},
                    {"with_face", summary.frames_with_face},
                    {"decode_errors", summary.decode_errors}};
  json["truncated"] = summary.truncated;
  json["interrupted"] = summary.interrupted;
  json["warnings"] = summary.warnings;
  Json& stages = json["stages"] = Json::array();
  for (const StageTime& stage : summary.stages) {
    stages.push_back({{"stage", stage.stage},
                      {"calls", stage.calls},
                      {"total_ms", stage.total_ms},
                      {"median_ms", stage.median_ms},
                      {"p95_ms", stage.p95_ms}});
  }
  return json.dump(2, ' ', false, Json::error_handler_t::replace) + "\n";
}

}  // namespace frontalis
