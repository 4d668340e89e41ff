#include "inference/device.h"

#include <algorithm>
#include <array>
#include <cctype>

namespace frontalis {
namespace {

std::string changed(std::string text, int (*change)(int)) {
  std::transform(text.begin(), text.end(), text.begin(),
                 [&](unsigned char c) { return static_cast<char>(change(c)); });
  return text;
}

}  // namespace

Result<Device> openVinoDevice(const std::string& text) {
  const std::string name = changed(text, std::toupper);
  constexpr std::array kKnown = {"CPU", "GPU", "NPU", "AUTO", "HETERO"};
  const std::string kind = name.substr(0, name.find_first_of(".:"));
  if (std::find(kKnown.begin(), kKnown.end(), kind) == kKnown.end()) {
    return Error{ErrorCode::kInvalidArgument, "OpenVINO has no device \"" + text + "\"",
                 "Choose CPU, GPU, NPU or AUTO"};
  }
  return Device{name, {}};
}

Result<Device> onnxDevice(const std::string& text) {
  const std::size_t colon = text.find(':');
  Device device{changed(text.substr(0, colon), std::tolower), {}};
  if (device.name != "cpu" && device.name != "cuda" && device.name != "coreml") {
    return Error{ErrorCode::kInvalidArgument, "ONNX Runtime has no device \"" + text + "\" here",
                 "Choose cpu, coreml or cuda"};
  }
  std::string rest = colon == std::string::npos ? "" : text.substr(colon + 1);
  while (!rest.empty()) {
    const std::size_t comma = rest.find(',');
    const std::string item = rest.substr(0, comma);
    const std::size_t equals = item.find('=');
    if (equals == 0 || equals == std::string::npos || device.name == "cpu") {
      return Error{ErrorCode::kInvalidArgument,
                   "\"" + item + "\" is no option of the device " + device.name,
                   "Write DEVICE:key=value,key=value"};
    }
    device.options.emplace_back(item.substr(0, equals), item.substr(equals + 1));
    rest = comma == std::string::npos ? "" : rest.substr(comma + 1);
  }
  return device;
}

}  // namespace frontalis
