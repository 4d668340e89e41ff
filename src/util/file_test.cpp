#include "util/file.h"

#include <gtest/gtest.h>

#include <fstream>

namespace frontalis {
namespace {

namespace fs = std::filesystem;

class FileTest : public ::testing::Test {
 protected:
  void SetUp() override {
    folder_ = fs::path(::testing::TempDir()) /
              ::testing::UnitTest::GetInstance()->current_test_info()->name();
    fs::remove_all(folder_);
  }
  void TearDown() override { fs::remove_all(folder_); }
  fs::path folder_;
};

TEST_F(FileTest, RoundTripCreatesFolders) {
  const fs::path path = folder_ / "a" / "b.txt";
  ASSERT_TRUE(writeFile(path, std::string_view("x\0y", 3)).ok());
  EXPECT_EQ(readFile(path).value(), std::string("x\0y", 3));
}

TEST_F(FileTest, UncommittedLeavesNothing) {
  const fs::path path = folder_ / "kept.txt";
  ASSERT_TRUE(writeFile(path, "old").ok());
  {
    Result<AtomicFile> file = AtomicFile::create(path);
    ASSERT_TRUE(file.ok());
    ASSERT_TRUE(file->write("half").ok());
  }
  EXPECT_EQ(readFile(path).value(), "old");
  EXPECT_EQ(std::distance(fs::directory_iterator(folder_), {}), 1);
}

#ifdef __linux__
TEST_F(FileTest, UnfinishedHasNoNameThatAKilledProcessWouldLeave) {
  fs::create_directories(folder_);
  Result<AtomicFile> file = AtomicFile::create(folder_ / "table.csv");
  ASSERT_TRUE(file.ok());
  ASSERT_TRUE(file->write("1").ok());
  if (file->temporaryPath().parent_path() == folder_) GTEST_SKIP() << "needs a disk with O_TMPFILE";
  EXPECT_TRUE(fs::is_empty(folder_));
  EXPECT_TRUE(std::ofstream(file->temporaryPath(), std::ios::app).is_open());
  ASSERT_TRUE(writeFile(folder_ / "table.csv", "of another").ok());
  ASSERT_TRUE(file->commit().ok());
  EXPECT_EQ(readFile(folder_ / "table.csv").value(), "1");
  EXPECT_EQ(std::distance(fs::directory_iterator(folder_), {}), 1);
}
#endif

TEST_F(FileTest, PathsThatLeaveTheFolder) {
  for (const char* path : {"a.txt", "a/b.txt", "./a", "..a/b..", "a//b"}) {
    EXPECT_TRUE(staysInside(path)) << path;
  }
  for (const char* path : {"", "/a", "//a", "..", "../a", "a/../../b", "a/.."}) {
    EXPECT_FALSE(staysInside(path)) << path;
  }
  EXPECT_FALSE(staysInside(fs::path(std::string_view("a\0b", 3))));
}

TEST_F(FileTest, ErrorsNameTheFile) {
  const Result<std::string> missing = readFile(folder_ / "none");
  ASSERT_FALSE(missing.ok());
  EXPECT_EQ(missing.error().code, ErrorCode::kNotFound);
  EXPECT_NE(missing.error().message.find("none"), std::string::npos);
  fs::create_directories(folder_);
  EXPECT_EQ(readFile(folder_).error().code, ErrorCode::kUnreadable);
  ASSERT_TRUE(writeFile(folder_ / "big", "12345").ok());
  EXPECT_EQ(readFile(folder_ / "big", 4).error().code, ErrorCode::kUnreadable);
}

}  // namespace
}  // namespace frontalis
