#include <gtest/gtest.h>

#include <algorithm>

#include "frontalis/models.h"
#include "models/install.h"
#include "models/pack.h"
#include "support/environment.h"
#include "support/reference.h"
#include "util/file.h"
#include "util/sha256.h"

namespace frontalis {
namespace {

namespace fs = std::filesystem;

PackFile listed(const std::string& path, const std::string& content) {
  PackFile file;
  file.path = path;
  file.bytes = content.size();
  file.sha256 = sha256(content);
  return file;
}

class StoreTest : public ::testing::Test {
 protected:
  StoreTest()
      : base_(fs::path(::testing::TempDir()) /
              (std::string("store_") +
               ::testing::UnitTest::GetInstance()->current_test_info()->name())),
        cleared_(fs::remove_all(base_)),
        folders_(base_) {}
  ~StoreTest() override { fs::remove_all(base_); }

  static const ModelPart& part(const std::vector<ModelPart>& parts, const std::string& pack,
                               const std::string& name) {
    return *std::find_if(parts.begin(), parts.end(), [&](const ModelPart& part) {
      return part.pack == pack && part.part == name;
    });
  }

  fs::path base_;
  std::uintmax_t cleared_;
  testing::ModelFolders folders_;
};

TEST_F(StoreTest, NothingInstalled) {
  const auto parts = listModels("", ModelCheck::kHash);
  ASSERT_TRUE(parts.ok()) << parts.error().text();
  EXPECT_EQ(part(*parts, "openface", "intensities").state(), ModelState::kMissing);
  EXPECT_EQ(part(*parts, "openface", "clnf").state(), ModelState::kMissing);
  EXPECT_TRUE(part(*parts, "openface", "ceclm").optional);
  EXPECT_EQ(part(*parts, "pfld", "landmarks").state(), ModelState::kMissing);
  for (const ModelFile& file : part(*parts, "openface", "intensities").files) {
    EXPECT_NE(file.problem.find("models install openface"), std::string::npos);
    EXPECT_NE(file.problem.find(file.path.string()), std::string::npos);
  }
  for (const ModelFile& file : part(*parts, "openface", "ceclm").files) {
    if (file.path.string().find("cen_patches") == std::string::npos) continue;
    EXPECT_EQ(file.problem.find("models install"), std::string::npos) << file.problem;
    EXPECT_NE(file.problem.find("models import"), std::string::npos);
  }
  EXPECT_FALSE(listModels("nonsense", ModelCheck::kSize).ok());
  EXPECT_FALSE(fs::exists(base_)) << "looking creates nothing";
}

TEST_F(StoreTest, ImportKnowsFilesByContent) {
  Pack pack;
  pack.name = "mine";
  pack.folder = base_ / "store" / "mine";
  pack.files = {listed("a/x.dat", "model x"), listed("b/same.dat", "model x"),
                listed("a/list.txt", "one\ntwo\n"), listed("a/absent.dat", "absent")};
  PackFile unpublished;
  unpublished.path = "a/cloud.dat";
  pack.files.push_back(unpublished);

  const fs::path source = base_ / "source";
  ASSERT_TRUE(writeFile(source / "deep" / "renamed.bin", "model x").ok());
  ASSERT_TRUE(writeFile(source / "list.txt", "one\r\ntwo\r\n").ok());
  ASSERT_TRUE(writeFile(source / "absent.dat", "absenT").ok());
  ASSERT_TRUE(writeFile(source / "readme", "hello").ok());
  const std::string cloud(2 << 20, 'c');
  ASSERT_TRUE(writeFile(source / "cloud.dat", cloud).ok());
  ASSERT_TRUE(writeFile(source / "small" / "cloud.dat", "an error page").ok());

  const Result<ImportReport> report = importInto({pack}, source);
  ASSERT_TRUE(report.ok()) << report.error().text();
  EXPECT_EQ(report->filed.size(), 4u);
  EXPECT_EQ(report->unknown, 3u);
  EXPECT_EQ(report->already_there, 0u);
  EXPECT_EQ(readFile(pack.folder / "a/x.dat").value(), "model x");
  EXPECT_EQ(readFile(pack.folder / "b/same.dat").value(), "model x");
  EXPECT_EQ(readFile(pack.folder / "a/list.txt").value(), "one\ntwo\n");
  EXPECT_EQ(readFile(pack.folder / "a/cloud.dat").value(), cloud);
  EXPECT_FALSE(fs::exists(pack.folder / "a/absent.dat"));
  for (const ImportReport::Filed& filed : report->filed) {
    EXPECT_EQ(filed.verified, filed.to.filename() != "cloud.dat");
  }

  const Result<ImportReport> again = importInto({pack}, source / "deep" / "renamed.bin");
  ASSERT_TRUE(again.ok());
  EXPECT_TRUE(again->filed.empty());
  EXPECT_EQ(again->already_there, 2u);
  // A corrupt file is mended.
  ASSERT_TRUE(writeFile(pack.folder / "a/x.dat", "model ?").ok());
  EXPECT_EQ(importInto({pack}, source)->filed.size(), 2u) << "the mended and the unverified one";
  EXPECT_EQ(readFile(pack.folder / "a/x.dat").value(), "model x");
  EXPECT_EQ(importInto({pack}, base_ / "none").error().code, ErrorCode::kNotFound);
}

TEST_F(StoreTest, ImportOfAStoreIntoItself) {
  Pack pack;
  pack.folder = base_ / "mine";
  pack.files = {listed("x.dat", "model x")};
  ASSERT_TRUE(writeFile(pack.folder / "x.dat", "model x").ok());
  const Result<ImportReport> report = importInto({pack}, base_);
  ASSERT_TRUE(report.ok()) << report.error().text();
  EXPECT_EQ(report->already_there, 1u);
  EXPECT_EQ(readFile(pack.folder / "x.dat").value(), "model x");
}

TEST_F(StoreTest, ImportOfTheOpenPack) {
  const fs::path source = base_ / "carried";
  ASSERT_TRUE(writeFile(source / "net.onnx", "abc").ok());
  ASSERT_TRUE(writeFile(source / "manifest.json",
                        R"({"name":"open","version":"9","files":[{"path":"net.onnx","bytes":3,)"
                        R"("sha256":")" +
                            sha256("abc") + R"(","role":"net"}]})")
                  .ok());
  ASSERT_TRUE(importModels(source).ok());
  const Result<Pack> pack = findPack("open");
  ASSERT_TRUE(pack.ok());
  EXPECT_EQ(pack->version, "9");
  EXPECT_EQ(pack->file("net").value(), folders_.home / "packs" / "open" / "net.onnx");
  ASSERT_TRUE(writeFile(source / "net.onnx", "abd").ok());
  EXPECT_EQ(importModels(source).error().code, ErrorCode::kModelCorrupt);
}

TEST_F(StoreTest, CacheRootFollowsTheConvention) {
  EXPECT_EQ(findPack("openface")->folder, base_ / "OpenFaceModels" / "2.2.0" / "originals");
  const testing::ScopedVariable unset("OPENFACE_MODELS_DIR", "");
  const testing::ScopedVariable home("HOME", "/somebody");
#ifdef __APPLE__
  EXPECT_EQ(openfaceModelsRoot(), "/somebody/Library/Application Support/OpenFaceModels");
#else
  {
    const testing::ScopedVariable xdg("XDG_DATA_HOME", "/data");
    EXPECT_EQ(openfaceModelsRoot(), "/data/OpenFaceModels");
  }
  const testing::ScopedVariable xdg("XDG_DATA_HOME", "");
  EXPECT_EQ(openfaceModelsRoot(), "/somebody/.local/share/OpenFaceModels");
  const testing::ScopedVariable no_home("FRONTALIS_HOME", "");
  EXPECT_EQ(frontalisHome(), "/somebody/.local/share/frontalis");
#endif
}

TEST_F(StoreTest, ManifestsAgreeWithTheSpecification) {
  const Pack pack = findPack("openface").value();
  const auto entry = [&](const std::string& name) {
    return *std::find_if(pack.files.begin(), pack.files.end(), [&](const PackFile& file) {
      return fs::path(file.path).filename() == name;
    });
  };
  EXPECT_EQ(entry("In-the-wild_aligned_PDM_68.txt").sha256,
            "b9eafb292b18505b55cdbc5d8ba45413709cd300cf3e7e8d1946cd0f5c5b94b1");
  EXPECT_EQ(entry("In-the-wild_aligned_PDM_68.txt").bytes, 69023u);
  EXPECT_EQ(entry("tris_68_full.txt").sha256,
            "d79b0c786bf497ddf18b97080e5949c67781ca1c017e558374883a1821b17181");
  for (const PackFile& file : pack.files) {
    EXPECT_FALSE(file.part.empty()) << file.path;
    EXPECT_TRUE(std::any_of(pack.parts.begin(), pack.parts.end(), [&](const PackPart& p) {
      return p.name == file.part;
    })) << file.part;
    EXPECT_TRUE(!file.sha256.empty() || file.part == "ceclm");
  }
}

class StoreReference : public StoreTest {
 protected:
  void SetUp() override {
    FRONTALIS_NEEDS_SHARED("models/OpenFaceModels");
    FRONTALIS_NEEDS_SHARED("models/research/pfld_cunjian.onnx");
  }
  static fs::path models() { return testing::sharedDir() / "models"; }
};

TEST_F(StoreReference, AFilledCacheIsUsedAsItIs) {
  const testing::ScopedVariable cache("OPENFACE_MODELS_DIR",
                                      (models() / "OpenFaceModels").string());
  const auto parts = listModels("openface", ModelCheck::kHash);
  ASSERT_TRUE(parts.ok());
  for (const ModelPart& part : *parts) {
    EXPECT_EQ(part.state(), part.optional ? ModelState::kMissing : ModelState::kInstalled)
        << part.part;
  }
  const Pack pack = findPack("openface").value();
  for (const char* part : {"licence", "intensities", "presences", "static", "clnf"}) {
    EXPECT_TRUE(pack.check(part).ok()) << part;
  }
  EXPECT_TRUE(pack.file("clnf").ok());
}

TEST_F(StoreReference, ImportFillsEveryPlace) {
  const Result<ImportReport> report = importModels(models());
  ASSERT_TRUE(report.ok()) << report.error().text();
  const auto parts = listModels("", ModelCheck::kHash);
  for (const ModelPart& part : *parts) {
    EXPECT_EQ(part.state(), part.optional ? ModelState::kMissing : ModelState::kInstalled)
        << part.pack << "/" << part.part;
  }
  EXPECT_TRUE(findPack("pfld")->file("landmarks-68").ok());
  EXPECT_TRUE(importModels(models())->filed.empty());

  // One flipped bit.
  const fs::path victim = findPack("openface")->file("clnf").value();
  std::string bytes = readFile(victim).value();
  const std::string before = sha256(bytes);
  bytes[10] = static_cast<char>(bytes[10] ^ 1);
  ASSERT_TRUE(writeFile(victim, bytes).ok());
  const Result<fs::path> corrupt = findPack("openface")->file("clnf");
  ASSERT_FALSE(corrupt.ok());
  EXPECT_EQ(corrupt.error().code, ErrorCode::kModelCorrupt);
  for (const std::string& part : {victim.string(), before, sha256(bytes)}) {
    EXPECT_NE(corrupt.error().message.find(part), std::string::npos);
  }
  EXPECT_NE(corrupt.error().remedy.find("models install openface"), std::string::npos);
  EXPECT_EQ(part(*listModels("openface", ModelCheck::kHash), "openface", "clnf").state(),
            ModelState::kCorrupt);
  EXPECT_EQ(importModels(models())->filed.size(), 1u) << "import mends it";
}

}  // namespace
}  // namespace frontalis
