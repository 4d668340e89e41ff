// Networks kept from run to run: the same numbers as without, whatever is wrong with what was kept.

#include "inference/model_cache.h"

#include <gtest/gtest.h>

#include <chrono>
#include <cstdio>
#include <thread>
#include <vector>

#include "inference/network.h"
#include "support/environment.h"
#include "support/media.h"
#include "support/paths.h"
#include "util/fingerprint.h"

namespace frontalis {
namespace {

namespace fs = std::filesystem;

std::vector<fs::path> filesIn(const fs::path& folder) {
  std::vector<fs::path> files;
  if (!fs::exists(folder)) return files;
  for (const auto& entry : fs::recursive_directory_iterator(folder)) {
    if (entry.is_regular_file()) files.push_back(entry.path());
  }
  return files;
}

NetworkFile mesh() {
  return {testing::openPackDir() / "face_landmarks_detector.tflite", {{1, 256, 256, 3}}};
}
/// The smallest.
NetworkFile coefficients() {
  return {testing::openPackDir() / "face_blendshapes.tflite", {{1, 146, 2}}};
}

/// The networks' outputs for a made-up input. They run when all are prepared, with a fresh runtime.
std::vector<float> outputs(const std::vector<NetworkFile>& files = {coefficients()}) {
  const auto runtime = std::move(makeRuntime(RuntimeOptions()).value());
  std::vector<std::unique_ptr<Network>> networks;
  for (const NetworkFile& file : files) {
    auto network = runtime->prepare(file);
    EXPECT_TRUE(network.ok()) << network.error().text();
    if (network.ok()) networks.push_back(std::move(network).value());
  }
  // Memory that a network wrongly let go would be used again.
  const std::vector<std::string> others(40, std::string(std::size_t{1} << 20, 'x'));
  std::vector<float> all;
  for (const auto& network : networks) {
    std::span<float> input = network->input(0);
    for (std::size_t i = 0; i < input.size(); ++i) {
      input[i] = static_cast<float>(i * 7919 % 1009) / 1009.f;
    }
    EXPECT_TRUE(network->run().ok());
    for (std::size_t i = 0; i < network->outputCount(); ++i) {
      const std::span<const float> output = network->output(i);
      all.insert(all.end(), output.begin(), output.end());
    }
  }
  EXPECT_EQ(others.back().back(), 'x');
  return all;
}

std::string printOf(const std::vector<float>& values) {
  Fingerprint print;
  print.addBytes(values.data(), values.size() * sizeof(float));
  return "outputs " + std::to_string(print.value());
}

class ModelCacheTest : public ::testing::Test {
 protected:
  static std::vector<float> uncached(const std::vector<NetworkFile>& files = {coefficients()}) {
    const testing::ScopedVariable none("FRONTALIS_CACHE", "none");
    return outputs(files);
  }

  testing::TempFolder folder_;
  fs::path cache_ = folder_ / "cache";
  testing::ScopedVariable variable_{"FRONTALIS_CACHE", cache_.string()};
};

TEST_F(ModelCacheTest, KeptNetworksGiveTheSameToTheBit) {
  const std::vector<NetworkFile> files = {coefficients(), mesh()};
  const std::vector<float> plain = uncached(files);
  ASSERT_TRUE(filesIn(cache_).empty());
  EXPECT_EQ(outputs(files), plain);
  const std::vector<fs::path> kept = filesIn(cache_);
  ASSERT_EQ(kept.size(), 2u);
  const fs::file_time_type long_ago = fs::file_time_type::clock::now() - std::chrono::hours(1);
  for (const fs::path& path : kept) fs::last_write_time(path, long_ago);
  EXPECT_EQ(outputs(files), plain);
  for (const fs::path& path : kept) {
    EXPECT_EQ(fs::last_write_time(path), long_ago) << "was not used, but written again";
  }
}

TEST_F(ModelCacheTest, WhatIsBrokenIsMadeAgain) {
  const std::vector<float> plain = outputs();
  const std::vector<fs::path> kept = filesIn(cache_);
  ASSERT_EQ(kept.size(), 1u);
  const std::string whole = testing::bytesOf(kept[0]);
  std::string flipped = whole;
  flipped[flipped.size() / 2] ^= 1;
  for (const std::string& broken : {whole.substr(0, whole.size() / 2), flipped, std::string(),
                                    whole + "x", std::string(1000, 'x')}) {
    testing::writeBytes(kept[0], broken);
    EXPECT_EQ(outputs(), plain);
    EXPECT_TRUE(testing::bytesOf(kept[0]) != broken);
  }
}

// One of the processes of the next test.
TEST(ModelCacheChild, DISABLED_TellsItsOutputs) { std::puts(printOf(outputs()).c_str()); }

TEST_F(ModelCacheTest, ManyProcessesMayBeginAtOnce) {
  const std::string expected = printOf(uncached());
  const std::string child = testing::quoted(fs::read_symlink("/proc/self/exe")) +
                            " --gtest_also_run_disabled_tests"
                            " --gtest_filter=ModelCacheChild.DISABLED_TellsItsOutputs";
  std::vector<std::thread> all;
  for (int i = 0; i < 8; ++i) {
    all.emplace_back(
        [&] { EXPECT_NE(testing::outputOf(child).find(expected), std::string::npos); });
  }
  for (std::thread& thread : all) thread.join();
  EXPECT_EQ(filesIn(cache_).size(), 1u);
  EXPECT_EQ(printOf(outputs()), expected);
}

TEST_F(ModelCacheTest, AFolderThatCannotBeUsedIsDoneWithout) {
  const std::vector<float> plain = uncached();
  testing::writeBytes(cache_, "a file where the folder should be");
  EXPECT_EQ(outputs(), plain);
  fs::remove(cache_);
  fs::create_directories(cache_ / "openvino");
  fs::permissions(cache_ / "openvino", fs::perms::owner_read | fs::perms::owner_exec);
  EXPECT_EQ(outputs(), plain);
  fs::permissions(cache_ / "openvino", fs::perms::owner_all);
}

TEST_F(ModelCacheTest, WhatOthersMayWriteIsNotBelieved) {
  const ModelCache cache(cache_);
  cache.keep("key", [](const fs::path& path) {
    testing::writeBytes(path, "content");
    return true;
  });
  EXPECT_EQ(cache.find("key"), "content");
  EXPECT_EQ(cache.find("another"), std::nullopt);
  fs::permissions(cache.fileOf("key"), fs::perms::others_write, fs::perm_options::add);
  EXPECT_EQ(cache.find("key"), std::nullopt);
  fs::permissions(cache.fileOf("key"), fs::perms::others_write, fs::perm_options::remove);
  fs::permissions(cache_, fs::perms::others_write, fs::perm_options::add);
  EXPECT_EQ(cache.find("key"), std::nullopt);
}

}  // namespace
}  // namespace frontalis
