#include "util/text_reader.h"

#include <gtest/gtest.h>

namespace frontalis {
namespace {

TEST(TextReader, NumbersCommentsAndLines) {
  TextReader reader("# head\n\n# more\n 12 -3.5e1\r\n+7 end", "f.txt");
  reader.skipComments();
  EXPECT_EQ(reader.integer(0, 20, "count"), 12);
  EXPECT_EQ(reader.number("weight"), -35);
  EXPECT_EQ(reader.number("bias"), 7);
  EXPECT_FALSE(reader.atEnd());
  EXPECT_TRUE(reader.status().ok());
  EXPECT_EQ(reader.number("last"), 0);
  const std::string message = reader.status().error().message;
  EXPECT_NE(message.find("f.txt"), std::string::npos);
  EXPECT_NE(message.find("line 5"), std::string::npos);
  EXPECT_NE(message.find("'end'"), std::string::npos);
}

TEST(TextReader, MatrixRowMajor) {
  TextReader reader("#c\n2\n3\n6\n1 2 3\n4 5 6\n", "f.txt");
  const TextReader::Matrix m = reader.matrix(6, 5, 5, "weights");
  ASSERT_TRUE(reader.status().ok());
  EXPECT_EQ(m.rows, 2);
  EXPECT_EQ(m.cols, 3);
  EXPECT_EQ(m.values, (std::vector<double>{1, 2, 3, 4, 5, 6}));
  EXPECT_TRUE(reader.atEnd());
}

TEST(TextReader, OutOfRangeAndFirstFailureStick) {
  TextReader reader("12 x 13", "f.txt");
  EXPECT_EQ(reader.integer(0, 5, "count"), 0);
  EXPECT_EQ(reader.number("other"), 0);
  EXPECT_NE(reader.status().error().message.find("count is 12, expected 0 to 5"),
            std::string::npos);
  EXPECT_FALSE(reader.status().error().remedy.empty());
}

}  // namespace
}  // namespace frontalis
