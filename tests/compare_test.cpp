// The compare command, from outside.

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "support/media.h"
#include "support/process.h"

namespace frontalis {
namespace {

using testing::Outcome;

TEST(CompareCommand, PrintsATableOrJsonAndDrawsAPage) {
  const testing::TempFolder folder;
  testing::writeBytes(folder / "openface.csv",
                      "frame, face_id, timestamp, confidence, success, AU12_r, AU12_c\n"
                      "1, 0, 0.000, 0.98, 1, 1.00, 0\n2, 0, 0.040, 0.98, 1, 2.00, 1\n"
                      "3, 0, 0.080, 0.98, 1, 3.00, 1\n");
  testing::writeBytes(folder / "feat.csv",
                      "FaceScore,AU12,frame\n0.9,0.1,0\n0.9,0.6,1\n0.9,0.8,2\n");
  const auto run = [&](const std::string& arguments) {
    return testing::run("cd " + testing::quoted(folder.path()) +
                            " && '" FRONTALIS_EXECUTABLE "' compare " + arguments,
                        folder / "run");
  };
  const Outcome table = run("openface.csv openface.csv -o page.html");
  EXPECT_EQ(table.code, 0) << table.err;
  EXPECT_NE(table.out.find("AU12_r           3   1.000    1.000    0.000"), std::string::npos)
      << table.out;
  EXPECT_NE(testing::readText(folder / "page.html").find("<svg"), std::string::npos);
  const Outcome json = run("openface.csv feat.csv --json");
  ASSERT_EQ(json.code, 0) << json.err;
  const auto parsed = nlohmann::json::parse(json.out);
  EXPECT_EQ(parsed["b"]["program"], "py-feat");
  EXPECT_EQ(parsed["paired_by"], "frame");
  EXPECT_EQ(parsed["presence"][0]["equal"], 1.0);

  EXPECT_EQ(run("openface.csv missing.csv").code, 1);
  EXPECT_EQ(run("openface.csv").code, 2);
  EXPECT_EQ(run("openface.csv feat.csv > /dev/full").code, 1);
}

}  // namespace
}  // namespace frontalis
