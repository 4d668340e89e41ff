#include "shape/canonical_face.h"

#include <gtest/gtest.h>

#include <string>

#include "support/canonical_mesh.h"
#include "util/file.h"

namespace frontalis {
namespace {

/// A small but complete file; vertex i is (i, 2, 3) cm.
std::string content(int vertices = 468) {
  std::string text = "# a comment\nvertices " + std::to_string(vertices) + "\n";
  for (int i = 0; i < vertices; ++i) text += std::to_string(i) + " 2 3\n";
  return text + "procrustes 2\n4 0.5\n6 0.5\ntriangles 2\n0 1 2\n465 466 467\n";
}

class CanonicalFaceFile : public ::testing::Test {
 protected:
  void SetUp() override {
    path_ = std::filesystem::path(::testing::TempDir()) /
            (std::string("canonical_") +
             ::testing::UnitTest::GetInstance()->current_test_info()->name());
  }
  void TearDown() override { std::filesystem::remove(path_); }
  Result<CanonicalFace> read(const std::string& text) {
    EXPECT_TRUE(writeFile(path_, text).ok());
    return readCanonicalFace(path_);
  }
  std::filesystem::path path_;
};

TEST_F(CanonicalFaceFile, TurnsCentimetresAndAxes) {
  const Result<CanonicalFace> face = read(content());
  ASSERT_TRUE(face.ok()) << face.error().text();
  EXPECT_EQ(face->vertices[7].x, 70.f);
  EXPECT_EQ(face->vertices[7].y, -20.f);
  EXPECT_EQ(face->vertices[7].z, -30.f);
  ASSERT_EQ(face->triangles.size(), 2u);
  EXPECT_EQ(face->triangles[1], (std::array<std::uint16_t, 3>{465, 466, 467}));
}

TEST_F(CanonicalFaceFile, EveryTruncationIsAnErrorThatNamesTheFile) {
  const std::string whole = content();
  for (std::size_t end = whole.find('\n'); end != std::string::npos && end + 1 < whole.size();
       end = whole.find('\n', end + 1)) {
    const Result<CanonicalFace> face = read(whole.substr(0, end));
    ASSERT_FALSE(face.ok()) << end;
    EXPECT_EQ(face.error().code, ErrorCode::kModelCorrupt);
    EXPECT_NE(face.error().message.find(path_.string()), std::string::npos);
  }
}

TEST_F(CanonicalFaceFile, RefusesWrongContent) {
  EXPECT_FALSE(read("").ok());
  EXPECT_FALSE(read(content(467)).ok());
  EXPECT_FALSE(read("vertices 99999999999\n").ok());
  std::string text = content();
  EXPECT_FALSE(read(text.replace(text.find("465 466"), 3, "468")).ok());
  text = content();
  EXPECT_FALSE(read(text.replace(text.find("7 2 3"), 5, "7 nan 3")).ok());
  text = content();
  EXPECT_FALSE(read(text.replace(text.find("7 2 3"), 5, "7 1e60 3")).ok()) << "beyond a float";
  EXPECT_EQ(readCanonicalFace(path_ / "none").error().code, ErrorCode::kNotFound);
}

TEST(CanonicalFaceOfThePack, IsAFaceInMillimetres) {
  const CanonicalFace face = testing::canonicalFace();
  const auto& v = face.vertices;
  EXPECT_EQ(face.triangles.size(), 898u);
  EXPECT_NEAR(v[263].x - v[33].x, 89, 3);  // outer eye corners, an adult's
  EXPECT_LT(v[33].x, 0);                   // the subject's right eye is left in the image
  EXPECT_GT(v[152].y, v[10].y);            // chin below forehead
  EXPECT_LT(v[1].z, v[234].z);             // nose tip nearer to the camera than the cheek
}

}  // namespace
}  // namespace frontalis
