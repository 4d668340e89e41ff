#include <gtest/gtest.h>

#include "inference/network.h"
#include "support/paths.h"

namespace frontalis {
namespace {

using testing::openPackDir;

std::unique_ptr<Runtime> runtime() { return std::move(makeRuntime(RuntimeOptions()).value()); }

TEST(OpenVinoRuntime, FixesShapesOfTheDetector) {
  auto network = runtime()->prepare({openPackDir() / "retinaface.onnx", {{1, 3, 192, 320}}});
  ASSERT_TRUE(network.ok()) << network.error().text();
  ASSERT_EQ((*network)->inputCount(), 1u);
  ASSERT_EQ((*network)->outputCount(), 3u);
  EXPECT_EQ((*network)->input(0).size(), 3u * 192 * 320);
  std::fill((*network)->input(0).begin(), (*network)->input(0).end(), 0.f);
  ASSERT_TRUE((*network)->run().ok());
  // (24*40 + 12*20 + 6*10) cells with two priors each.
  EXPECT_EQ((*network)->outputShape(0)[1], 2520);
}

TEST(OpenVinoRuntime, SameInputSameOutput) {
  auto network =
      runtime()->prepare({openPackDir() / "face_landmarks_detector.tflite", {{1, 256, 256, 3}}});
  ASSERT_TRUE(network.ok()) << network.error().text();
  std::vector<float> first;
  for (int repeat = 0; repeat < 2; ++repeat) {
    std::span<float> input = (*network)->input(0);
    for (std::size_t i = 0; i < input.size(); ++i) input[i] = static_cast<float>(i % 97) / 97.f;
    ASSERT_TRUE((*network)->run().ok());
    const std::span<const float> output = (*network)->output(0);
    if (repeat == 0) {
      first.assign(output.begin(), output.end());
    } else {
      EXPECT_TRUE(std::equal(first.begin(), first.end(), output.begin()));
    }
  }
}

TEST(OpenVinoRuntime, ErrorsNameTheFile) {
  const auto missing = runtime()->prepare({"no_such.onnx", {}});
  ASSERT_FALSE(missing.ok());
  EXPECT_EQ(missing.error().code, ErrorCode::kModelMissing);
  EXPECT_NE(missing.error().message.find("no_such.onnx"), std::string::npos);

  const auto path = std::filesystem::path(::testing::TempDir()) / "broken.onnx";
  std::FILE* file = std::fopen(path.c_str(), "wb");
  std::fputs("this is no network", file);
  std::fclose(file);
  const auto broken = runtime()->prepare({path, {}});
  ASSERT_FALSE(broken.ok());
  EXPECT_EQ(broken.error().code, ErrorCode::kModelCorrupt);
  EXPECT_NE(broken.error().message.find("broken.onnx"), std::string::npos);
}

TEST(Runtime, UnknownNameIsAnError) {
  RuntimeOptions options;
  options.runtime = "abacus";
  EXPECT_EQ(makeRuntime(options).error().code, ErrorCode::kUnsupported);
}

TEST(OpenVinoRuntime, DescribesItself) {
  const auto text = runtime()->describe();
  ASSERT_TRUE(text.ok()) << text.error().text();
  EXPECT_NE(text->find("OpenVINO"), std::string::npos);
}

}  // namespace
}  // namespace frontalis
