#include "util/binary_reader.h"

#include <gtest/gtest.h>

namespace frontalis {
namespace {

template <class T>
void put(std::string& bytes, T value) {
  bytes.append(reinterpret_cast<const char*>(&value), sizeof(T));
}

std::string matrixBytes() {
  std::string bytes;
  for (const std::int32_t v : {2, 3, 5}) put(bytes, v);
  for (int i = 0; i < 6; ++i) put(bytes, static_cast<float>(i));
  return bytes;
}

TEST(BinaryReader, ReadsScalarsAndMatrix) {
  std::string bytes;
  put(bytes, std::int32_t{7});
  put(bytes, 2.5);
  bytes += matrixBytes();
  BinaryReader reader(bytes, "f.dat");
  EXPECT_EQ(reader.i32(), 7);
  EXPECT_EQ(reader.f64(), 2.5);
  const RawMatrix<float> m = reader.matrix<float>("weights");
  EXPECT_EQ(m.rows, 2);
  EXPECT_EQ(m.cols, 3);
  EXPECT_EQ(m.values[5], 5.f);
  EXPECT_TRUE(reader.status().ok());
  EXPECT_EQ(reader.remaining(), 0u);
}

TEST(BinaryReader, EveryTruncationIsAnError) {
  const std::string bytes = matrixBytes();
  for (std::size_t size = 0; size < bytes.size(); ++size) {
    BinaryReader reader(std::string_view(bytes).substr(0, size), "f.dat");
    (void)reader.matrix<float>("weights");
    ASSERT_FALSE(reader.status().ok()) << size;
    EXPECT_NE(reader.status().error().message.find("f.dat"), std::string::npos);
    EXPECT_NE(reader.status().error().message.find("offset"), std::string::npos);
  }
}

TEST(BinaryReader, HugeOrNegativeSizesAllocateNothing) {
  for (const auto& header :
       {std::array<std::int32_t, 3>{2147483647, 2147483647, 5},
        std::array<std::int32_t, 3>{-1, 4, 5}, std::array<std::int32_t, 3>{2, 3, 6}}) {
    std::string bytes;
    for (const std::int32_t v : header) put(bytes, v);
    BinaryReader reader(bytes, "f.dat");
    EXPECT_TRUE(reader.matrix<float>("weights").values.empty());
    EXPECT_EQ(reader.status().error().code, ErrorCode::kCorrupt);
  }
}

TEST(BinaryReader, FirstFailureSticks) {
  BinaryReader reader("ab", "f.dat");
  EXPECT_EQ(reader.i32(), 0);
  EXPECT_EQ(reader.i32In(1, 9, "layers"), 1);
  EXPECT_NE(reader.status().error().message.find("2 bytes early"), std::string::npos);
}

}  // namespace
}  // namespace frontalis
