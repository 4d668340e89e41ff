#include "au/linear_model.h"

#include <gtest/gtest.h>

#include <cstring>

#include "support/reference.h"
#include "support/synthetic_au_models.h"
#include "util/file.h"

namespace frontalis {
namespace {

namespace fs = std::filesystem;
using testing::linearModelBytes;
using testing::syntheticAuModels;
using testing::syntheticLinearModel;
using testing::writeAuModels;

LinearModel made(bool presence, bool dynamic) {
  std::mt19937 random(7);
  return syntheticLinearModel(random, presence, dynamic);
}

void overwrite(std::string& bytes, std::size_t offset, auto value) {
  std::memcpy(bytes.data() + offset, &value, sizeof(value));
}

void expectCorrupt(const std::string& bytes, const std::string& says) {
  const Result<LinearModel> read = parseLinearModel(bytes, "AU_x.dat");
  ASSERT_FALSE(read.ok()) << says;
  EXPECT_EQ(read.error().code, ErrorCode::kCorrupt);
  EXPECT_NE(read.error().message.find("AU_x.dat"), std::string::npos);
  EXPECT_NE(read.error().message.find("offset"), std::string::npos);
  EXPECT_NE(read.error().message.find(says), std::string::npos) << read.error().message;
}

TEST(LinearModel, RoundTripOfEveryKind) {
  for (const bool presence : {false, true}) {
    for (const bool dynamic : {false, true}) {
      const LinearModel model = made(presence, dynamic);
      const std::string bytes = linearModelBytes(model);
      EXPECT_EQ(bytes.size(), presence ? 75284u : dynamic ? 75276u : 75268u);
      const Result<LinearModel> read = parseLinearModel(bytes, "AU_x.dat");
      ASSERT_TRUE(read.ok()) << read.error().text();
      EXPECT_EQ(read->presence, presence);
      EXPECT_EQ(read->dynamic, dynamic);
      EXPECT_EQ(read->cutoff, model.cutoff);
      EXPECT_EQ(read->means, model.means);
      EXPECT_EQ(read->weights, model.weights);
      EXPECT_EQ(read->bias, model.bias);
      EXPECT_EQ(read->class_above, model.class_above);
      EXPECT_EQ(read->class_below, model.class_below);
    }
  }
}

TEST(LinearModel, EveryTruncationAndExcessIsAnError) {
  const std::string bytes = linearModelBytes(made(true, true));
  for (std::size_t size = 0; size < bytes.size(); size += size < 64 ? 1 : 997) {
    EXPECT_FALSE(parseLinearModel(std::string_view(bytes).substr(0, size), "AU_x.dat").ok());
  }
  expectCorrupt(bytes.substr(0, bytes.size() - 1), "early");
  expectCorrupt(bytes + "x", "1 bytes too many");
}

TEST(LinearModel, HostileFieldsAreErrors) {
  const std::string good = linearModelBytes(made(false, true));
  std::string bytes = good;
  overwrite(bytes, 0, std::int32_t{-1});
  expectCorrupt(bytes, "kind");
  overwrite(bytes, 0, std::int32_t{2});
  EXPECT_EQ(parseLinearModel(bytes, "AU_x.dat").error().code, ErrorCode::kUnsupported);
  bytes = good;
  overwrite(bytes, 4, 1.5);
  expectCorrupt(bytes, "cutoff");
  overwrite(bytes, 4, std::numeric_limits<double>::quiet_NaN());
  expectCorrupt(bytes, "cutoff");
  bytes = good;
  overwrite(bytes, 12, std::int32_t{2147483647});  // rows of the means
  expectCorrupt(bytes, "larger than the file");
  overwrite(bytes, 12, std::int32_t{-1});
  expectCorrupt(bytes, "matrix header");
  bytes = good;
  overwrite(bytes, 20, std::int32_t{5});  // type of the means
  expectCorrupt(bytes, "type");
  bytes = good;
  overwrite(bytes, 24, std::numeric_limits<double>::infinity());
  expectCorrupt(bytes, "finite");
  LinearModel short_model = made(false, false);
  short_model.means.resize(100);
  short_model.weights.resize(100);
  expectCorrupt(linearModelBytes(short_model), "expected 1 x 4702");
  LinearModel uneven = made(false, false);
  uneven.weights.resize(kFhogSize);
  expectCorrupt(linearModelBytes(uneven), "weights");
  std::string classes = linearModelBytes(made(true, false));
  overwrite(classes, classes.size() - 8, 2.0);
  expectCorrupt(classes, "negative class");
}

TEST(LinearModel, FhogOnlyModelsAreRead) {
  LinearModel model = made(false, false);
  model.means.resize(kFhogSize);
  model.weights.resize(kFhogSize);
  EXPECT_TRUE(parseLinearModel(linearModelBytes(model), "AU_x.dat").ok());
}

class AuModelListTest : public ::testing::Test {
 protected:
  void SetUp() override {
    folder_ = fs::path(::testing::TempDir()) /
              (std::string("au_model_list_") +
               ::testing::UnitTest::GetInstance()->current_test_info()->name());
    fs::remove_all(folder_);
  }
  void TearDown() override { fs::remove_all(folder_); }

  void expectBadLine(const std::string& predictors, const std::string& says) {
    ASSERT_TRUE(writeFile(folder_ / "predictors.txt", predictors).ok());
    const Result<AuModelList> list = readAuModelList(folder_ / "main.txt");
    ASSERT_FALSE(list.ok()) << predictors;
    EXPECT_EQ(list.error().code, ErrorCode::kCorrupt);
    EXPECT_NE(list.error().message.find("line 2"), std::string::npos) << list.error().message;
    EXPECT_NE(list.error().message.find(says), std::string::npos) << list.error().message;
  }

  fs::path folder_;
};

TEST_F(AuModelListTest, ReadsWithCarriageReturnsAndSeveralNames) {
  const fs::path main_list = writeAuModels(folder_, syntheticAuModels(1));
  Result<AuModelList> list = readAuModelList(main_list);
  ASSERT_TRUE(list.ok()) << list.error().text();
  EXPECT_EQ(list->models.size(), 35u);
  EXPECT_EQ(list->models[0].file, folder_ / "svm/AU_1.dat");
  EXPECT_EQ(list->models[0].aus, std::vector<int>{1});
  EXPECT_EQ(list->pdm, folder_ / "pdm.txt");
  EXPECT_EQ(list->triangulation, folder_ / "tris.txt");
  ASSERT_TRUE(writeFile(folder_ / "predictors.txt", "\n  a.dat  AU01,AU45 \r\n\r\n").ok());
  list = readAuModelList(main_list);
  ASSERT_TRUE(list.ok());
  EXPECT_EQ(list->models.at(0).aus, (std::vector<int>{1, 45}));
}

TEST_F(AuModelListTest, HostileListsAreErrors) {
  writeAuModels(folder_, {});
  expectBadLine("\n/etc/passwd AU01\n", "inside this folder");
  expectBadLine("\n../../secret.dat AU01\n", "inside this folder");
  expectBadLine("\nsvm/../../secret.dat AU01\n", "inside this folder");
  expectBadLine(std::string("\na\0b.dat AU01\n", 14), "inside this folder");
  expectBadLine("\na.dat\n", "names no AU");
  expectBadLine("\na.dat AU\n", "not an AU name");
  expectBadLine("\na.dat AU99999999999999999999\n", "not an AU name");
  expectBadLine("\na.dat AU01;AU02\n", "not an AU name");
  ASSERT_TRUE(writeFile(folder_ / "main.txt", "AUPredictor predictors.txt\n").ok());
  EXPECT_EQ(readAuModelList(folder_ / "main.txt").error().code, ErrorCode::kCorrupt);
  ASSERT_TRUE(writeFile(folder_ / "main.txt", "Surprise predictors.txt\n").ok());
  EXPECT_EQ(readAuModelList(folder_ / "main.txt").error().code, ErrorCode::kCorrupt);
  EXPECT_EQ(readAuModelList(folder_ / "none.txt").error().code, ErrorCode::kNotFound);
}

TEST(AuModelListReference, TheOriginalLists) {
  FRONTALIS_NEEDS_SHARED("models/OpenFaceModels");
  struct Expected {
    const char* list;
    int dynamic_intensities, dynamic_presences, inverted;
  };
  for (const Expected& expected : {Expected{"main_dynamic_svms.txt", 11, 10, 15},
                                   Expected{"main_static_svms.txt", 0, 0, 15}}) {
    const Result<AuModelList> list = readAuModelList(testing::auPredictorsDir() / expected.list);
    ASSERT_TRUE(list.ok()) << list.error().text();
    EXPECT_EQ(list->pdm.filename(), "In-the-wild_aligned_PDM_68.txt");
    EXPECT_EQ(list->triangulation.filename(), "tris_68_full.txt");
    int dynamic_intensities = 0, dynamic_presences = 0, inverted = 0;
    for (const AuModelList::Entry& entry : list->models) {
      const Result<LinearModel> model = readLinearModel(entry.file);
      ASSERT_TRUE(model.ok()) << model.error().text();
      dynamic_intensities += model->dynamic && !model->presence;
      dynamic_presences += model->dynamic && model->presence;
      inverted += model->presence && model->class_below;
    }
    EXPECT_EQ(list->models.size(), 35u);
    EXPECT_EQ(dynamic_intensities, expected.dynamic_intensities);
    EXPECT_EQ(dynamic_presences, expected.dynamic_presences);
    EXPECT_EQ(inverted, expected.inverted);
  }
}

}  // namespace
}  // namespace frontalis
