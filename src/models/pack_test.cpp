#include "models/pack.h"

#include <gtest/gtest.h>

#include "support/paths.h"
#include "util/file.h"
#include "util/sha256.h"

namespace frontalis {
namespace {

namespace fs = std::filesystem;

class PackTest : public ::testing::Test {
 protected:
  void SetUp() override {
    folder_ =
        fs::path(::testing::TempDir()) /
        (std::string("pack_") + ::testing::UnitTest::GetInstance()->current_test_info()->name());
    fs::remove_all(folder_);
  }
  void TearDown() override { fs::remove_all(folder_); }

  void manifest(const std::string& path, const std::string& hash, int bytes) const {
    ASSERT_TRUE(
        writeFile(folder_ / "manifest.json", R"({"name":"mine","version":"1","files":[{"path":")" +
                                                 path + R"(","bytes":)" + std::to_string(bytes) +
                                                 R"(,"sha256":")" + hash + R"(","role":"net"}]})")
            .ok());
  }
  fs::path folder_;
};

TEST_F(PackTest, FindsAndChecksAFile) {
  ASSERT_TRUE(writeFile(folder_ / "net.onnx", "abc").ok());
  manifest("net.onnx", sha256("abc"), 3);
  const auto pack = findPack(folder_.string() + "/");
  ASSERT_TRUE(pack.ok()) << pack.error().text();
  EXPECT_EQ(pack->file("net").value(), folder_ / "net.onnx");
  EXPECT_EQ(pack->file("other").error().code, ErrorCode::kModelMissing);
}

TEST_F(PackTest, CorruptFileNamesBothHashesAndTheRepair) {
  ASSERT_TRUE(writeFile(folder_ / "net.onnx", "abd").ok());
  manifest("net.onnx", sha256("abc"), 3);
  const auto file = Pack::read(folder_)->file("net");
  ASSERT_FALSE(file.ok());
  EXPECT_EQ(file.error().code, ErrorCode::kModelCorrupt);
  for (const std::string& part : {std::string("net.onnx"), sha256("abc"), sha256("abd")}) {
    EXPECT_NE(file.error().message.find(part), std::string::npos);
  }
  EXPECT_FALSE(file.error().remedy.empty());
  fs::remove(folder_ / "net.onnx");
  EXPECT_EQ(Pack::read(folder_)->file("net").error().code, ErrorCode::kModelMissing);
}

TEST_F(PackTest, MalformedManifestsAreErrors) {
  for (const char* text : {"", "[]", "{", R"({"name":"a"})", R"({"name":"a","files":[1]})",
                           R"({"name":"a","files":[{"path":"x","bytes":-1,"sha256":""}]})"}) {
    ASSERT_TRUE(writeFile(folder_ / "manifest.json", text).ok());
    EXPECT_EQ(Pack::read(folder_).error().code, ErrorCode::kModelCorrupt) << text;
  }
  for (const char* path : {"../net.onnx", "/etc/passwd", ""}) {
    manifest(path, sha256("abc"), 3);
    EXPECT_EQ(Pack::read(folder_).error().code, ErrorCode::kModelCorrupt) << path;
  }
}

TEST(FindPack, OpenPackIsWhole) {
  const auto pack = findPack("open");
  ASSERT_TRUE(pack.ok()) << pack.error().text();
  for (const PackFile& file : pack->files) EXPECT_TRUE(pack->file(file.role).ok()) << file.path;
  EXPECT_EQ(findPack("nonsense").error().code, ErrorCode::kInvalidArgument);
}

}  // namespace
}  // namespace frontalis
