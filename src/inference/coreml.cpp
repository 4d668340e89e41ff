#include "inference/coreml.h"

#include <algorithm>
#include <initializer_list>
#include <string_view>

#include "inference/model_cache.h"
#include "util/sha256.h"
#include "util/try.h"

namespace frontalis {
namespace {

namespace fs = std::filesystem;

Status checkOneOf(const std::string& key, const std::string& value,
                  std::initializer_list<std::string_view> known) {
  if (std::find(known.begin(), known.end(), value) != known.end()) return {};
  std::string names;
  for (const std::string_view name : known) names += " " + std::string(name);
  return Error{ErrorCode::kInvalidArgument, "Core ML has no " + key + " \"" + value + "\"",
               "Choose one of:" + names};
}

}  // namespace

Result<std::vector<std::pair<std::string, std::string>>> coreMlOptions(const Device& device,
                                                                       const NetworkFile& file) {
  std::string format = "MLProgram";
  std::string units = "ALL";
  fs::path cache = cacheFolder();
  for (const auto& [key, value] : device.options) {
    if (key == "format") {
      format = value;
    } else if (key == "units") {
      units = value;
    } else if (key == "cache") {
      cache = value == "none" ? fs::path() : fs::path(value);
    } else {
      return Error{ErrorCode::kInvalidArgument, "Core ML has no option \"" + key + "\"",
                   "Options are format, units and cache"};
    }
  }
  FRONTALIS_TRY(checkOneOf("format", format, {"MLProgram", "NeuralNetwork"}));
  FRONTALIS_TRY(checkOneOf("units", units, {"ALL", "CPUOnly", "CPUAndNeuralEngine", "CPUAndGPU"}));
  std::vector<std::pair<std::string, std::string>> options = {
      {"ModelFormat", format}, {"MLComputeUnits", units}, {"RequireStaticInputShapes", "1"}};
  if (cache.empty()) return options;
  FRONTALIS_ASSIGN(std::string key, sha256File(file.path));
  for (const TensorShape& shape : file.input_shapes) key += "-" + shapeText(shape);
  const fs::path folder = cache / "coreml" / (key + "-" + format + "-" + units);
  std::error_code error;
  fs::create_directories(folder, error);  // without a cache it is slower, not wrong
  if (!error) options.emplace_back("ModelCacheDirectory", folder.string());
  return options;
}

}  // namespace frontalis
