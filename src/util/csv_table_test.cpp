#include "util/csv_table.h"

#include <gtest/gtest.h>

namespace frontalis {
namespace {

TEST(CsvTable, ReadsOpenFacesSpacedHeadersAndNumbers) {
  const auto table = CsvTable::parse("frame, x_0 ,AU01_r\r\n1, 2.5,0.00\r\n2,-3e1,\r\n", "t.csv");
  ASSERT_TRUE(table.ok()) << table.error().text();
  ASSERT_EQ(table->rows(), 2u);
  EXPECT_EQ(table->column("x_0"), 1u);
  EXPECT_EQ(table->column("y_0"), std::nullopt);
  EXPECT_EQ(table->number(0, 1), 2.5);
  EXPECT_EQ(table->number(1, 1), -30);
  EXPECT_EQ(table->number(1, 2), std::nullopt);
}

TEST(CsvTable, QuotedCells) {
  const auto table = CsvTable::parse("file,n\n\"a,\"\"b\"\"\nc\",1\n", "t.csv");
  ASSERT_TRUE(table.ok()) << table.error().text();
  EXPECT_EQ(table->cell(0, 0), "a,\"b\"\nc");
  EXPECT_EQ(table->number(0, 1), 1);
}

TEST(CsvTable, RaggedRowsNameTheLine) {
  const auto table = CsvTable::parse("a,b\n1,2\n3\n", "t.csv");
  ASSERT_FALSE(table.ok());
  EXPECT_NE(table.error().message.find("t.csv: line 3"), std::string::npos);
  EXPECT_FALSE(CsvTable::parse("", "t.csv").ok());
}

TEST(CsvTable, OtherKindsOfFilesAreNamed) {
  const auto json = CsvTable::parse("{\"frame\":1}\n", "t.jsonl");
  EXPECT_NE(json.error().text().find("t.jsonl: holds JSON"), std::string::npos);
  const auto video = CsvTable::parse(std::string("\0\0\0\x18"
                                                 "ftypmp42\n,",
                                                 14),
                                     "t.mp4");
  EXPECT_NE(video.error().text().find("is no text"), std::string::npos);
}

TEST(CsvTable, NotANumber) {
  const auto table = CsvTable::parse("a,b,c,d\nnan,inf,1x,0x1p3\n", "t.csv");
  for (std::size_t c = 0; c < 4; ++c) EXPECT_EQ(table->number(0, c), std::nullopt) << c;
}

TEST(CsvTable, AnyTruncationIsHandled) {
  const std::string text =
      "\xEF\xBB\xBF"
      "a,\"b\"\"\",c\n1,\"2\"\"\",3\n";
  for (std::size_t size = 0; size <= text.size(); ++size) {
    const auto table = CsvTable::parse(text.substr(0, size), "t.csv");
    if (table.ok()) {
      for (std::size_t r = 0; r < table->rows(); ++r) {
        for (std::size_t c = 0; c < table->header().size(); ++c) (void)table->cell(r, c);
      }
    }
  }
  EXPECT_EQ(CsvTable::parse(text, "t.csv")->column("a"), 0u);
}

}  // namespace
}  // namespace frontalis
