// A whole video on a runtime that fails: every row is the CPU's, to the last bit.

#include <gtest/gtest.h>

#include <algorithm>
#include <cctype>
#include <chrono>
#include <nlohmann/json.hpp>

#include "output/extract_file.h"
#include "support/environment.h"
#include "support/media.h"
#include "support/paths.h"
#include "support/process.h"
#include "support/sanitized.h"

namespace frontalis {
namespace {

using testing::readText;
using testing::sample;
using testing::ScopedVariable;
using testing::TempFolder;
using Clock = std::chrono::steady_clock;

constexpr int kFrames = 14;

Config gpu() {
  Config config;
  config.threads = 1;
  config.detect_every = 4;
  config.device = "GPU";  // the failing runtime says so too; it computes on the CPU
  config.prepare_limit_s = 120;
  return config;
}

Config cpu() {
  Config config = gpu();
  config.device = "CPU";
  return config;
}

/// The table of the first frames.
Result<ExtractReport> extract(const Config& config, const std::filesystem::path& output) {
  ExtractRequest request;
  request.input = sample("single_face.mp4");
  request.output = output;
  request.wanted.landmarks_2d = request.wanted.landmarks_3d = request.wanted.blendshapes = true;
  request.config = config;
  request.progress = [](const Progress& now) { return now.frames < kFrames; };
  return extractToFile(request);
}

const std::string& cpuTable() {
  static const std::string table = [] {
    const TempFolder folder;
    const auto done = extract(cpu(), folder / "cpu.csv");
    EXPECT_TRUE(done.ok()) << done.error().text();
    return readText(folder / "cpu.csv");
  }();
  return table;
}

struct Case {
  const char* fault;
  const char* message;
  double prepare_limit_s = 120;
  double run_limit_s = 60;
};

class Guard : public ::testing::TestWithParam<Case> {};

TEST_P(Guard, AFaultCostsItsDeadlineAndNoRow) {
  ASSERT_EQ(std::count(cpuTable().begin(), cpuTable().end(), '\n'), kFrames + 1);
  const TempFolder folder;
  const ScopedVariable program("FRONTALIS_INFERENCE", FRONTALIS_FAULTY_INFERENCE);
  const ScopedVariable fault("FRONTALIS_FAULT", GetParam().fault);
  Config config = gpu();
  config.prepare_limit_s = GetParam().prepare_limit_s;
  config.run_limit_s = GetParam().run_limit_s;
  std::vector<std::string> told;
  config.notice = [&](const std::string& line) { told.push_back(line); };
  const Clock::time_point began = Clock::now();
  const auto done = extract(config, folder / "gpu.csv");
  ASSERT_TRUE(done.ok()) << done.error().text();
  EXPECT_EQ(readText(folder / "gpu.csv"), cpuTable());
  // The deadlines of these cases are at most 1 s, the ones that are not asked for 60 and 120 s.
  EXPECT_LT(Clock::now() - began, std::chrono::seconds(testing::kSanitized ? 500 : 50));

  ASSERT_FALSE(told.empty());
  EXPECT_NE(told.back().find(GetParam().message), std::string::npos) << told.back();
  EXPECT_EQ(told.back().find('\n'), std::string::npos);
  const auto meta = nlohmann::json::parse(readText(done->meta), nullptr, false);
  EXPECT_EQ(meta["incidents"], nlohmann::json::array({told.back()}));
}

std::string nameOf(const ::testing::TestParamInfo<Case>& test) {
  std::string name = test.param.fault;
  std::replace_if(
      name.begin(), name.end(), [](unsigned char c) { return std::isalnum(c) == 0; }, '_');
  return name;
}

INSTANTIATE_TEST_SUITE_P(
    Faults, Guard,
    ::testing::Values(Case{"hang-prepare", "did not answer within 1 s while preparing", 1},
                      Case{"hang:5", "did not answer within 0.5 s while running", 120, 0.5},
                      Case{"sleep:5", "did not answer within 0.5 s while running", 120, 0.5},
                      Case{"abort:5", "crashed (Aborted)"},
                      Case{"segfault:5", "crashed (Segmentation fault)"},
                      Case{"nan:5", "gave a value that is no number"},
                      Case{"wrong:1", "differs from the CPU by 40"},
                      Case{"slower:2", "became slow", 120, 1}),
    nameOf);

TEST(GuardStrict, AFaultEndsTheRunAndLeavesNoTable) {
  const TempFolder folder;
  const ScopedVariable program("FRONTALIS_INFERENCE", FRONTALIS_FAULTY_INFERENCE);
  const ScopedVariable fault("FRONTALIS_FAULT", "abort:5");
  Config config = gpu();
  config.runtime_strict = true;
  const auto done = extract(config, folder / "gpu.csv");
  ASSERT_FALSE(done.ok());
  EXPECT_EQ(done.error().code, ErrorCode::kInference);
  EXPECT_NE(done.error().text().find("--runtime-strict"), std::string::npos);
  EXPECT_FALSE(std::filesystem::exists(folder / "gpu.csv"));
}

}  // namespace
}  // namespace frontalis
