// ONNX Runtime beside OpenVINO: the same networks, the same inputs.

#include "inference/onnx_runtime.h"

#include <gtest/gtest.h>

#include <cmath>
#include <cstdio>

#include "support/paths.h"

namespace frontalis {
namespace {

using testing::openPackDir;

RuntimeOptions options(const std::string& runtime, int threads) {
  RuntimeOptions options;
  options.runtime = runtime;
  options.threads = threads;
  return options;
}

std::unique_ptr<Network> prepared(const std::string& runtime, const NetworkFile& file,
                                  int threads = 1) {
  auto made = makeLocalRuntime(options(runtime, threads));
  EXPECT_TRUE(made.ok()) << made.error().text();
  auto network = (*made)->prepare(file);
  EXPECT_TRUE(network.ok()) << network.error().text();
  return network.ok() ? *std::move(network) : nullptr;
}

/// Soft shapes of several sizes between `low` and `high`.
void fill(Network& network, float low, float high, float phase) {
  const std::span<float> input = network.input(0);
  for (std::size_t i = 0; i < input.size(); ++i) {
    const auto t = static_cast<float>(i) / static_cast<float>(input.size());
    const float wave = 0.5f + 0.25f * std::sin(61 * t + phase) + 0.25f * std::cos(977 * t);
    input[i] = low + (high - low) * wave;
  }
}

/// Largest difference between the runtimes over three inputs.
void expectAgreement(const NetworkFile& file, float low, float high, float tolerance) {
  const auto reference = prepared("openvino", file);
  const auto network = prepared("onnxruntime", file);
  ASSERT_TRUE(reference && network);
  ASSERT_EQ(network->outputCount(), reference->outputCount());
  float worst = 0;
  for (const float phase : {0.f, 1.f, 2.f}) {
    fill(*reference, low, high, phase);
    fill(*network, low, high, phase);
    ASSERT_TRUE(reference->run().ok());
    const Status run = network->run();
    ASSERT_TRUE(run.ok()) << run.error().text();
    for (std::size_t i = 0; i < network->outputCount(); ++i) {
      ASSERT_EQ(network->outputShape(i), reference->outputShape(i));
      for (std::size_t k = 0; k < network->output(i).size(); ++k) {
        worst = std::max(worst, std::abs(network->output(i)[k] - reference->output(i)[k]));
      }
    }
  }
  std::printf("%s: largest difference %g\n", file.path.filename().c_str(),
              static_cast<double>(worst));
  EXPECT_LT(worst, tolerance);
  EXPECT_GT(worst, 0) << "the same bits from two libraries: is it one and the same?";
}

TEST(OnnxRuntimeTest, AgreesWithOpenVinoOnRetinaFace) {
  expectAgreement({openPackDir() / "retinaface.onnx", {{1, 3, 192, 320}}}, -120, 150, 1e-4f);
}

TEST(OnnxRuntimeTest, AgreesWithOpenVinoOnPfld) {
  const std::string pfld = "models/research/pfld_cunjian.onnx";
  FRONTALIS_NEEDS_SHARED(pfld);
  expectAgreement({testing::sharedDir() / pfld, {{1, 3, 112, 112}}}, 0, 1, 1e-4f);
}

// The ONNX files are our conversions (scripts/tflite_to_onnx.py); OpenVINO reads the originals.
TEST(OnnxRuntimeTest, AgreesWithOpenVinoOnTheNetworksOfTheMesh) {
  expectAgreement({openPackDir() / "face_landmarks_detector.tflite", {{1, 256, 256, 3}}}, 0, 1,
                  2e-2f);
  expectAgreement({openPackDir() / "face_blendshapes.tflite", {{1, 146, 2}}}, 0, 256, 1e-4f);
  expectAgreement({openPackDir() / "face_detector.tflite", {{1, 128, 128, 3}}}, -1, 1, 1e-3f);
}

TEST(OnnxRuntimeTest, SameOutputWhateverTheThreads) {
  const NetworkFile file{openPackDir() / "retinaface.onnx", {{1, 3, 192, 320}}};
  const auto one = prepared("onnxruntime", file, 1);
  const auto two = prepared("onnxruntime", file, 2);
  ASSERT_TRUE(one && two);
  for (Network* network : {one.get(), two.get()}) {
    fill(*network, -120, 150, 0);
    ASSERT_TRUE(network->run().ok());
  }
  for (std::size_t i = 0; i < one->outputCount(); ++i) {
    EXPECT_TRUE(std::equal(one->output(i).begin(), one->output(i).end(), two->output(i).begin()));
  }
}

TEST(OnnxRuntimeTest, ErrorsSayWhatToDo) {
  auto runtime = makeLocalRuntime(options("onnxruntime", 1));
  ASSERT_TRUE(runtime.ok());
  const auto code = [&](const NetworkFile& file) {
    const auto network = (*runtime)->prepare(file);
    return network.ok() ? ErrorCode::kInternal : network.error().code;
  };
  EXPECT_EQ(code({"no_such.onnx", {}}), ErrorCode::kModelMissing);
  const auto alone = std::filesystem::path(::testing::TempDir()) / "alone.tflite";
  std::filesystem::copy_file(openPackDir() / "face_blendshapes.tflite", alone,
                             std::filesystem::copy_options::overwrite_existing);
  const auto tflite = (*runtime)->prepare({alone, {}});
  ASSERT_FALSE(tflite.ok());
  EXPECT_EQ(tflite.error().code, ErrorCode::kUnsupported);
  EXPECT_NE(tflite.error().text().find("none lies beside it"), std::string::npos);

  const auto path = std::filesystem::path(::testing::TempDir()) / "no_network.onnx";
  std::FILE* file = std::fopen(path.c_str(), "wb");
  std::fputs("this is no network", file);
  std::fclose(file);
  EXPECT_EQ(code({path, {}}), ErrorCode::kModelCorrupt);
}

TEST(OnnxRuntimeTest, SaysWhatItIs) {
  auto runtime = makeLocalRuntime(options("onnxruntime", 1));
  ASSERT_TRUE(runtime.ok());
  const auto text = (*runtime)->describe();
  ASSERT_TRUE(text.ok()) << text.error().text();
  EXPECT_NE(text->find("ONNX Runtime 1."), std::string::npos);
}

}  // namespace
}  // namespace frontalis
