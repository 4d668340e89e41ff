#include "inference/guard.h"

#include <dirent.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cctype>
#include <cmath>

#include "support/environment.h"
#include "support/paths.h"

namespace frontalis {
namespace {

using testing::openPackDir;
using testing::ScopedVariable;

const NetworkFile& smallNetwork() {
  static const NetworkFile file{openPackDir() / "face_blendshapes.tflite", {{1, 146, 2}}};
  return file;
}

void fill(Network& network, int run) {
  const std::span<float> input = network.input(0);
  for (std::size_t i = 0; i < input.size(); ++i) {
    input[i] = 128 + 90 * std::sin(static_cast<float>(i) + 0.1f * static_cast<float>(run));
  }
}

std::vector<float> outputOf(const Network& network) {
  return {network.output(0).begin(), network.output(0).end()};
}

/// What the CPU gives for `runs` inputs.
std::vector<std::vector<float>> cpuOutputs(int runs) {
  auto runtime = makeLocalRuntime(RuntimeOptions());
  auto network = (*runtime)->prepare(smallNetwork());
  std::vector<std::vector<float>> outputs;
  for (int run = 0; run < runs; ++run) {
    fill(**network, run);
    EXPECT_TRUE((*network)->run().ok());
    outputs.push_back(outputOf(**network));
  }
  return outputs;
}

RuntimeOptions gpu() {
  RuntimeOptions options;
  options.device = "GPU";
  options.prepare_limit_s = 60;
  return options;
}

struct Case {
  const char* fault;
  const char* message;
  double prepare_limit_s = 60;
};

class Fault : public ::testing::TestWithParam<Case> {
 protected:
  const ScopedVariable program_{"FRONTALIS_INFERENCE", FRONTALIS_FAULTY_INFERENCE};
  const ScopedVariable fault_{"FRONTALIS_FAULT", GetParam().fault};
};

TEST_P(Fault, CostsItsDeadlineAndNoResult) {
  constexpr int kRuns = 12;
  const auto expected = cpuOutputs(kRuns);
  RuntimeOptions options = gpu();
  options.prepare_limit_s = GetParam().prepare_limit_s;
  std::vector<std::string> told;
  options.notice = [&](const std::string& line) { told.push_back(line); };
  auto runtime = makeRuntime(options);
  ASSERT_TRUE(runtime.ok()) << runtime.error().text();
  auto network = (*runtime)->prepare(smallNetwork());
  ASSERT_TRUE(network.ok()) << network.error().text();
  for (int run = 0; run < kRuns; ++run) {
    fill(**network, run);
    const Status ran = (*network)->run();
    ASSERT_TRUE(ran.ok()) << ran.error().text();
    EXPECT_EQ(outputOf(**network), expected[static_cast<std::size_t>(run)]) << "run " << run + 1;
  }
  const auto incidents = (*runtime)->incidents();
  ASSERT_EQ(incidents.size(), 1u);
  EXPECT_EQ(told.back(), incidents[0]);
  EXPECT_NE(incidents[0].find(GetParam().message), std::string::npos) << incidents[0];
  EXPECT_NE(incidents[0].find("OpenVINO GPU"), std::string::npos) << incidents[0];
}

TEST(Guard, AFaultIsAnErrorWhenStrict) {
  const ScopedVariable program("FRONTALIS_INFERENCE", FRONTALIS_FAULTY_INFERENCE);
  const ScopedVariable fault("FRONTALIS_FAULT", "hang:2");
  RuntimeOptions options = gpu();
  options.run_limit_s = 0.3;
  options.strict = true;
  auto runtime = makeRuntime(options);
  ASSERT_TRUE(runtime.ok()) << runtime.error().text();
  auto network = (*runtime)->prepare(smallNetwork());
  ASSERT_TRUE(network.ok()) << network.error().text();
  ASSERT_TRUE((*network)->run().ok());
  for (int again = 0; again < 2; ++again) {
    const Status failed = (*network)->run();
    ASSERT_FALSE(failed.ok());
    EXPECT_EQ(failed.error().code, ErrorCode::kTimeout);
    EXPECT_NE(failed.error().message.find("within 0.3 s"), std::string::npos);
  }
  EXPECT_EQ((*runtime)->prepare(smallNetwork()).error().code, ErrorCode::kTimeout);
}

std::string nameOf(const ::testing::TestParamInfo<Case>& test) {
  std::string name = test.param.fault;
  std::replace_if(
      name.begin(), name.end(), [](unsigned char c) { return std::isalnum(c) == 0; }, '_');
  return name;
}

INSTANTIATE_TEST_SUITE_P(
    Guard, Fault,
    // The other faults: tests/guard_test.cpp, on a whole video.
    ::testing::Values(Case{"hang-open", "did not answer within 0.3 s while starting", 0.3},
                      Case{"abort-prepare", "crashed (Aborted)"},
                      Case{"error-prepare", "the provider says no"},
                      Case{"exit:5", "ended with code 7"}, Case{"error:5", "the provider says no"},
                      Case{"wrong:8", "in run 8"}),
    nameOf);

TEST(Guard, ANetworkThatDoesNotCloseIsLeft) {
  const ScopedVariable program("FRONTALIS_INFERENCE", FRONTALIS_FAULTY_INFERENCE);
  const ScopedVariable fault("FRONTALIS_FAULT", "hang-release");
  auto runtime = makeRuntime(gpu());
  auto network = (*runtime)->prepare(smallNetwork());
  ASSERT_TRUE(network.ok()) << network.error().text();
  network->reset();
  ASSERT_EQ((*runtime)->incidents().size(), 1u);
  EXPECT_NE((*runtime)->incidents()[0].find("while closing a network"), std::string::npos);
}

TEST(Guard, WithoutItsProgramTheCpuDoesTheWork) {
  const ScopedVariable program("FRONTALIS_INFERENCE", "/nowhere/frontalis-inference");
  auto runtime = makeRuntime(gpu());
  auto network = (*runtime)->prepare(smallNetwork());
  ASSERT_TRUE(network.ok()) << network.error().text();
  EXPECT_TRUE((*network)->run().ok());
  ASSERT_EQ((*runtime)->incidents().size(), 1u);
  EXPECT_NE((*runtime)->incidents()[0].find("/nowhere/frontalis-inference"), std::string::npos);
}

TEST(Guard, AHealthyRuntimeIsUsedToTheEnd) {
  RuntimeOptions options;
  options.device = "AUTO";
  auto runtime = makeRuntime(options);
  auto network = (*runtime)->prepare(smallNetwork());
  ASSERT_TRUE(network.ok()) << network.error().text();
  const auto expected = cpuOutputs(20);
  for (int run = 0; run < 20; ++run) {
    fill(**network, run);
    ASSERT_TRUE((*network)->run().ok());
    const auto got = outputOf(**network);
    for (std::size_t i = 0; i < got.size(); ++i) {
      EXPECT_NEAR(got[i], expected[static_cast<std::size_t>(run)][i], kParityTolerance);
    }
  }
  EXPECT_TRUE((*runtime)->incidents().empty()) << (*runtime)->incidents()[0];
  EXPECT_TRUE((*runtime)->describe().ok());
}

std::size_t openFiles() {
  std::size_t count = 0;
  if (DIR* folder = ::opendir("/proc/self/fd"); folder != nullptr) {
    while (::readdir(folder) != nullptr) ++count;
    ::closedir(folder);
  }
  return count;
}

TEST(Guard, LeavesNothingOpen) {
  std::size_t before = 0;
  for (int round = 0; round < 3; ++round) {
    RuntimeOptions options;
    options.device = "AUTO";
    auto runtime = makeRuntime(options);
    auto network = (*runtime)->prepare(smallNetwork());
    ASSERT_TRUE(network.ok() && (*network)->run().ok());
    network->reset();
    runtime->reset();
    if (round == 0) before = openFiles();
  }
  EXPECT_EQ(openFiles(), before);
}

TEST(Guard, ComparesTheFirstRunsAndEverMoreRarely) {
  std::vector<int> due;
  for (int run = 1; run <= 40; ++run) {
    if (parityDue(run)) due.push_back(run);
  }
  EXPECT_EQ(due, (std::vector<int>{1, 2, 3, 4, 8, 16, 32}));
}

TEST(Guard, LatenessIsForgivenWhenItIsMadeUp) {
  LatenessMeter meter(0.01, 1);  // allows 50 ms a run
  for (int run = 0; run < 1000; ++run) {
    ASSERT_TRUE(meter.add(run % 20 == 0 ? 0.5 : 0.01)) << "one slow run in twenty is no fault";
  }
  int runs = 0;
  while (meter.add(0.15)) ASSERT_LT(++runs, 100);
  EXPECT_LE(runs, 10) << "100 ms late each: a second is full after ten";
}

}  // namespace
}  // namespace frontalis
