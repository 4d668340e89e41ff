#include "util/sha256.h"

#include <gtest/gtest.h>

#include "util/file.h"

namespace frontalis {
namespace {

TEST(Sha256, PublishedVectors) {
  EXPECT_EQ(sha256(""), "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
  EXPECT_EQ(sha256("abc"), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
}

TEST(Sha256, FileEqualsBytes) {
  const auto path = std::filesystem::path(::testing::TempDir()) / "sha256_input";
  const std::string bytes(1'000'000, 'q');
  ASSERT_TRUE(writeFile(path, bytes).ok());
  EXPECT_EQ(sha256File(path).value(), sha256(bytes));
  std::filesystem::remove(path);
  EXPECT_EQ(sha256File(path).error().code, ErrorCode::kNotFound);
}

}  // namespace
}  // namespace frontalis
