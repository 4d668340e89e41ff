#include "output/json_lines.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

namespace frontalis {
namespace {

TEST(JsonLines, OneParsableObjectARow) {
  Row row;
  row.frame = 2;
  row.success = true;
  row.intensity[8] = 3.25f;  // AU12
  row.presence[8] = true;
  Columns columns;
  columns.blendshapes = columns.landmarks_2d = true;
  std::string out;
  const JsonLinesFormat format(columns);
  format.append(row, "", out);
  row.success = false;
  format.append(row, "", out);

  const auto end = out.find('\n');
  const auto first = nlohmann::json::parse(out.substr(0, end));
  EXPECT_EQ(first["frame"], 2);
  EXPECT_EQ(first["aus"]["AU12"]["r"], 3.25);
  EXPECT_EQ(first["aus"]["AU12"]["c"], 1);
  EXPECT_FALSE(first["aus"].contains("AU28"));
  EXPECT_EQ(first["landmarks_2d"].size(), 68u);
  EXPECT_EQ(first["blendshapes"].size(), 52u);
  const auto second = nlohmann::json::parse(out.substr(end + 1));
  EXPECT_EQ(second["success"], false);
  EXPECT_FALSE(second.contains("aus"));
}

TEST(JsonLines, BadUtf8InANameStaysValidJson) {
  std::string out;
  JsonLinesFormat({}, true).append({}, "a\xff.png", out);
  EXPECT_TRUE(nlohmann::json::accept(out));
}

}  // namespace
}  // namespace frontalis
