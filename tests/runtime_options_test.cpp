// Each command that runs networks carries the options of the runtime, and finds the helper program:
// shown by a helper that fails as it is told.

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "support/environment.h"
#include "support/media.h"
#include "support/paths.h"
#include "support/process.h"

namespace frontalis {
namespace {

namespace fs = std::filesystem;
using testing::Outcome;
using testing::quoted;
using testing::readText;
using testing::ScopedVariable;

struct Command {
  const char* name;
  const char* arguments;  ///< IN: the video; OUT: where to write
  const char* table;      ///< below OUT; empty: standard output
};

class RuntimeOptionsOf : public ::testing::TestWithParam<Command> {
 protected:
  [[nodiscard]] Outcome run(const std::string& options) {
    std::string arguments = GetParam().arguments;
    for (const auto& [word, path] : {std::pair{"IN", video_}, std::pair{"OUT", folder_ / "out"}}) {
      if (const std::size_t at = arguments.find(word); at != std::string::npos) {
        arguments.replace(at, std::string(word).size(), quoted(path));
      }
    }
    fs::remove_all(folder_ / "out");
    return testing::run("'" FRONTALIS_EXECUTABLE "' " + arguments + " " + options, folder_ / "run");
  }
  [[nodiscard]] fs::path table() const { return folder_ / "out" / GetParam().table; }

  testing::TempFolder folder_;
  const fs::path video_ = testing::ffmpeg(
      "-i " + quoted(testing::sample("single_face.mp4")) + " -frames:v 8 -an", folder_ / "v.mp4");
  const ScopedVariable program_{"FRONTALIS_INFERENCE", FRONTALIS_FAULTY_INFERENCE};
};

TEST_P(RuntimeOptionsOf, Strict) {
  const ScopedVariable fault("FRONTALIS_FAULT", "hang:2");
  const Outcome done = run("--runtime openvino --device GPU --run-limit 0.4 --runtime-strict");
  EXPECT_EQ(done.code, 1);
  EXPECT_NE(done.err.find("OpenVINO GPU did not answer within 0.4 s while running"),
            std::string::npos)
      << done.err;
  EXPECT_TRUE(*GetParam().table == '\0' || !fs::exists(table()));
}

TEST_P(RuntimeOptionsOf, TheCpuGoesOn) {
  const ScopedVariable fault("FRONTALIS_FAULT", "hang-prepare");
  const Outcome done = run("--device GPU --prepare-limit 0.3");
  EXPECT_EQ(done.code, 0) << done.err;
  const std::string what = "did not answer within 0.3 s while preparing";
  if (*GetParam().table == '\0') {
    EXPECT_EQ(std::count(done.out.begin(), done.out.end(), '\n'), 8);
    EXPECT_NE(done.err.find(what), std::string::npos) << done.err;
    return;
  }
  const std::string rows = readText(table());
  EXPECT_EQ(std::count(rows.begin(), rows.end(), '\n'), 9);
  // A table of its own has its record; Face Mirror's tables share what is told.
  const fs::path meta = fs::path(table()).replace_extension(".meta.json");
  const std::string told = fs::exists(meta) ? readText(meta) : done.err;
  EXPECT_NE(told.find(what), std::string::npos) << told;
}

INSTANTIATE_TEST_SUITE_P(
    Commands, RuntimeOptionsOf,
    ::testing::Values(Command{"extract", "extract -q IN -o OUT/v.csv", "v.csv"},
                      Command{"batch", "batch -q --retries 0 IN -o OUT", "v.csv"},
                      Command{"mirror", "mirror -q IN -o OUT", "v_left_mirrored.csv"},
                      Command{"live", "live -q --no-realtime IN", ""}),
    [](const auto& test) { return std::string(test.param.name); });

}  // namespace
}  // namespace frontalis
