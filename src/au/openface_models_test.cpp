#include "au/openface_models.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "support/environment.h"
#include "support/reference.h"
#include "support/synthetic_au_models.h"
#include "util/sha256.h"

namespace frontalis {
namespace {

namespace fs = std::filesystem;

class OpenFaceModelsTest : public ::testing::Test {
 protected:
  void SetUp() override {
    folder_ =
        fs::path(::testing::TempDir()) /
        (std::string("models_") + ::testing::UnitTest::GetInstance()->current_test_info()->name());
    fs::remove_all(folder_);
  }
  void TearDown() override { fs::remove_all(folder_); }

  /// A pack of made-up models with a manifest over all its files.
  Pack writePack() const {
    testing::writeAuModels(folder_, testing::syntheticAuModels(1));
    EXPECT_TRUE(writeFile(folder_ / "pdm.txt", "pdm").ok());
    EXPECT_TRUE(writeFile(folder_ / "tris.txt", "tris").ok());
    return readPack();
  }
  Pack readPack() const {
    nlohmann::json files = nlohmann::json::array();
    const std::map<std::string, std::string> roles = {
        {"main.txt", "au-models"}, {"pdm.txt", "pdm"}, {"tris.txt", "triangulation"}};
    for (const auto& entry : fs::recursive_directory_iterator(folder_)) {
      const std::string name = entry.path().lexically_relative(folder_).string();
      if (!entry.is_regular_file() || name == "manifest.json") continue;
      files.push_back({{"path", name},
                       {"bytes", entry.file_size()},
                       {"sha256", sha256File(entry.path()).value()},
                       {"role", roles.contains(name) ? roles.at(name) : ""}});
    }
    const nlohmann::json manifest = {{"name", "mine"}, {"version", "1"}, {"files", files}};
    EXPECT_TRUE(writeFile(folder_ / "manifest.json", manifest.dump()).ok());
    return Pack::read(folder_).value();
  }

  fs::path folder_;
};

TEST_F(OpenFaceModelsTest, ReadsAPackOfOnesOwn) {
  const Result<OpenFaceModels> models = readOpenFaceModels(writePack(), false);
  ASSERT_TRUE(models.ok()) << models.error().text();
  EXPECT_TRUE(models->predictor->dynamic());
  EXPECT_TRUE(models->predictor->hasPresences());
  EXPECT_EQ(models->pdm, folder_ / "pdm.txt");
  EXPECT_EQ(models->triangulation, folder_ / "tris.txt");
  EXPECT_EQ(models->used.size(), 37u);
  EXPECT_EQ(readOpenFaceModels(readPack(), true).error().code, ErrorCode::kModelMissing);
}

TEST_F(OpenFaceModelsTest, FilesThatChangedOrAreNotListedAreErrors) {
  const Pack pack = writePack();
  ASSERT_TRUE(writeFile(folder_ / "svr/AU_12.dat", "something else").ok());
  const Result<OpenFaceModels> changed = readOpenFaceModels(pack, false);
  ASSERT_FALSE(changed.ok());
  EXPECT_EQ(changed.error().code, ErrorCode::kModelCorrupt);
  EXPECT_NE(changed.error().message.find("AU_12.dat"), std::string::npos);
  fs::remove(folder_ / "svr/AU_12.dat");
  EXPECT_EQ(readOpenFaceModels(pack, false).error().code, ErrorCode::kModelMissing);
  const Result<OpenFaceModels> unlisted = readOpenFaceModels(readPack(), false);
  ASSERT_FALSE(unlisted.ok());
  EXPECT_NE(unlisted.error().message.find("not among the files"), std::string::npos);
}

TEST_F(OpenFaceModelsTest, NothingInstalledNamesTheRepair) {
  const testing::ModelFolders folders(folder_);
  for (const bool static_models : {false, true}) {
    const Result<OpenFaceModels> models =
        readOpenFaceModels(findPack("openface").value(), static_models);
    ASSERT_FALSE(models.ok());
    EXPECT_EQ(models.error().code, ErrorCode::kModelMissing);
    EXPECT_NE(models.error().remedy.find("models install openface"), std::string::npos);
  }
}

TEST_F(OpenFaceModelsTest, TheOriginals) {
  FRONTALIS_NEEDS_SHARED("models/OpenFaceModels");
  const testing::ScopedVariable cache("OPENFACE_MODELS_DIR",
                                      (testing::sharedDir() / "models/OpenFaceModels").string());
  for (const bool static_models : {false, true}) {
    const Result<OpenFaceModels> models =
        readOpenFaceModels(findPack("openface").value(), static_models);
    ASSERT_TRUE(models.ok()) << models.error().text();
    EXPECT_EQ(models->predictor->dynamic(), !static_models);
    EXPECT_TRUE(models->predictor->hasPresences());
  }
}

// What pyfaceau keeps: shape model, triangulation and 29 intensity models; no lists, no presences.
TEST_F(OpenFaceModelsTest, ACacheThatAnotherProgramFilled) {
  FRONTALIS_NEEDS_SHARED("models/OpenFaceModels");
  const testing::ModelFolders folders(folder_);
  const fs::path predictors = "lib/local/FaceAnalyser/AU_predictors";
  std::vector<fs::path> kept = {predictors / "tris_68_full.txt",
                                "lib/local/LandmarkDetector/model/pdms/"
                                "In-the-wild_aligned_PDM_68.txt"};
  for (const auto& entry :
       fs::directory_iterator(testing::openfaceOriginals() / predictors / "svr_combined")) {
    kept.push_back(predictors / "svr_combined" / entry.path().filename());
  }
  EXPECT_EQ(kept.size(), 2u + 29u);
  for (const fs::path& path : kept) {
    fs::create_directories((folders.originals() / path).parent_path());
    fs::create_symlink(testing::openfaceOriginals() / path, folders.originals() / path);
  }
  const Pack pack = findPack("openface").value();
  EXPECT_TRUE(pack.check("intensities").ok());
  const Result<OpenFaceModels> models = readOpenFaceModels(pack, false);
  ASSERT_TRUE(models.ok()) << models.error().text();
  EXPECT_TRUE(models->predictor->dynamic());
  EXPECT_FALSE(models->predictor->hasPresences());
  EXPECT_EQ(models->pdm, folders.originals() / kept[1]);
}

}  // namespace
}  // namespace frontalis
