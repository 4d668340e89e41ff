#pragma once

#include <string>
#include <utility>
#include <vector>

#include "frontalis/result.h"

namespace frontalis {

/// A device's name and its options, as people write them: "NAME" or "NAME:key=value,key=value".
struct Device {
  std::string name;
  std::vector<std::pair<std::string, std::string>> options;
};

/// OpenVINO's devices, upper case: CPU, GPU, GPU.1, NPU, AUTO, AUTO:GPU,CPU (which has no options).
/// Errors: kInvalidArgument.
Result<Device> openVinoDevice(const std::string& text);

/// ONNX Runtime's providers: cpu, cuda, coreml; upper case too. Errors: kInvalidArgument.
Result<Device> onnxDevice(const std::string& text);

}  // namespace frontalis
