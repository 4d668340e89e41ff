#include "inference/device.h"

#include <gtest/gtest.h>

#include "inference/coreml.h"
#include "support/environment.h"
#include "support/media.h"

namespace frontalis {
namespace {

TEST(Device, OpenVinoNames) {
  EXPECT_EQ(openVinoDevice("cpu")->name, "CPU");
  EXPECT_EQ(openVinoDevice("GPU.1")->name, "GPU.1");
  EXPECT_EQ(openVinoDevice("auto:gpu,cpu")->name, "AUTO:GPU,CPU");
  EXPECT_EQ(openVinoDevice("abacus").error().code, ErrorCode::kInvalidArgument);
}

TEST(Device, OnnxNamesAndOptions) {
  EXPECT_EQ(onnxDevice("CPU")->name, "cpu");
  const auto device = onnxDevice("CoreML:units=CPUAndGPU,format=NeuralNetwork");
  ASSERT_TRUE(device.ok());
  EXPECT_EQ(device->name, "coreml");
  ASSERT_EQ(device->options.size(), 2u);
  EXPECT_EQ(device->options[1].second, "NeuralNetwork");
  for (const char* wrong : {"tpu", "coreml:units", "cuda:=1", "cpu:a=b"}) {
    EXPECT_EQ(onnxDevice(wrong).error().code, ErrorCode::kInvalidArgument) << wrong;
  }
}

std::string cacheOf(const NetworkFile& file) {
  const auto options = coreMlOptions({"coreml", {}}, file);
  EXPECT_TRUE(options.ok()) << options.error().text();
  for (const auto& [key, value] : *options) {
    if (key == "ModelCacheDirectory") return value;
  }
  return {};
}

TEST(CoreMl, AChangedModelHasACacheOfItsOwn) {
  const testing::TempFolder folder;
  const testing::ScopedVariable home("XDG_CACHE_HOME", folder / "cache");
  testing::writeBytes(folder / "net.onnx", "one");
  const NetworkFile file{folder / "net.onnx", {{1, 3, 64, 64}}};
  const std::string first = cacheOf(file);
  EXPECT_TRUE(std::filesystem::is_directory(first));
  EXPECT_EQ(cacheOf(file), first);
  EXPECT_NE(cacheOf({file.path, {{1, 3, 64, 96}}}), first);
  testing::writeBytes(folder / "net.onnx", "two");
  EXPECT_NE(cacheOf(file), first);
}

TEST(CoreMl, ItsOptions) {
  const testing::TempFolder folder;
  testing::writeBytes(folder / "net.onnx", "one");
  const NetworkFile file{folder / "net.onnx", {}};
  const auto options = coreMlOptions(
      {"coreml", {{"units", "CPUAndGPU"}, {"format", "NeuralNetwork"}, {"cache", "none"}}}, file);
  ASSERT_TRUE(options.ok()) << options.error().text();
  const std::vector<std::pair<std::string, std::string>> expected = {
      {"ModelFormat", "NeuralNetwork"},
      {"MLComputeUnits", "CPUAndGPU"},
      {"RequireStaticInputShapes", "1"}};
  EXPECT_EQ(*options, expected);
  for (const auto& [key, value] :
       {std::pair{"units", "Abacus"}, {"format", "Clay"}, {"colour", "red"}}) {
    EXPECT_EQ(coreMlOptions({"coreml", {{key, value}}}, file).error().code,
              ErrorCode::kInvalidArgument);
  }
}

}  // namespace
}  // namespace frontalis
