// The free face model under data/face68: what it must be for the stages that use it.
#include <gtest/gtest.h>

#include <cmath>
#include <map>
#include <nlohmann/json.hpp>

#include "appearance/face_describer.h"
#include "au/openface_aus.h"
#include "frontalis/extractor.h"
#include "models/pack.h"
#include "shape/head_pose.h"
#include "support/reference.h"
#include "support/synthetic_au_models.h"
#include "support/synthetic_pdm.h"
#include "util/sha256.h"
#include "video/video_reader.h"

namespace frontalis {
namespace {

Result<Pdm> freePdm() {
  const Result<std::filesystem::path> file = dataFile("face68/pdm.txt");
  if (!file) return file.error();
  return Pdm::read(*file);
}

TEST(FreeFaceModel, IsAFaceOfHumanSizeLookingAtTheCamera) {
  const Result<Pdm> pdm = freePdm();
  ASSERT_TRUE(pdm.ok()) << pdm.error().text();
  ASSERT_EQ(pdm->points(), 68);
  ASSERT_EQ(pdm->modes(), 34);
  const Eigen::VectorXf& mean = pdm->mean();
  const auto x = mean.head(68), y = mean.segment(68, 68), z = mean.tail(68);
  EXPECT_NEAR(x[45] - x[36], 90, 20);  // outer eye corners: image-left one first
  EXPECT_NEAR(y[8] - y[27], 110, 35);  // nose bridge to chin
  EXPECT_LT(z[30], z[0] - 50);         // nose tip nearer than the jaw's end
  EXPECT_NEAR(x.sum() + y.sum() + z.sum(), 0, 1e-2);
  EXPECT_NEAR(x[0] + x[16], 0, 1e-3);  // symmetric
  const Eigen::MatrixXf gram = pdm->basis().transpose() * pdm->basis();
  EXPECT_LT((gram - Eigen::MatrixXf::Identity(34, 34)).cwiseAbs().maxCoeff(), 1e-4f);
  for (int k = 1; k < 34; ++k) EXPECT_LE(pdm->eigenvalues()[k], pdm->eigenvalues()[k - 1]);
}

TEST(FreeFaceModel, CalcParamsFindsItsOwnFaces) {
  const Pdm pdm = freePdm().value();
  CalcParams solver(pdm);
  for (unsigned seed = 0; seed < 10; ++seed) {
    const Eigen::VectorXf local = testing::randomLocal(pdm, seed, 0.7f);
    const GlobalParams truth{1.5f, 0.15f, -0.2f, 0.1f, 320, 240};
    Eigen::VectorXf shape, landmarks;
    pdm.shape2d(truth, local, shape, landmarks);
    const CalcParams::Fit& fit = solver.fit(landmarks);
    ASSERT_TRUE(fit.valid);
    EXPECT_LT(fit.error / std::sqrt(136.f), 0.3f) << seed;
    EXPECT_NEAR(fit.global.scale, truth.scale, 0.05) << seed;
    EXPECT_NEAR(fit.global.ry, truth.ry, 0.08) << seed;
    EXPECT_NEAR(fit.global.rz, truth.rz, 0.03) << seed;
  }
}

TEST(FreeFaceModel, TrianglesCoverTheFace) {
  const Pdm pdm = freePdm().value();
  const Result<Triangulation> triangles =
      readTriangulation(dataFile("face68/triangles.txt").value(), 68);
  ASSERT_TRUE(triangles.ok()) << triangles.error().text();
  const FaceAligner aligner = FaceAligner::create(pdm, *triangles, {}).value();
  Eigen::VectorXf shape, landmarks;
  pdm.shape2d({2, 0, 0, 0, 320, 240}, Eigen::VectorXf::Zero(34), shape, landmarks);
  const WarpMatrix warp = aligner.warp(landmarks, 320, 240);
  EXPECT_NEAR(warp(0, 0), 0.35f, 1e-4f);
  Image mask;
  aligner.mask(warp, landmarks, mask);
  EXPECT_EQ(*mask.at(56, 56), 255);  // the middle of the face
  EXPECT_EQ(*mask.at(0, 111), 0);    // beside the chin
  EXPECT_EQ(*mask.at(111, 111), 0);
  const auto covered = std::count(mask.data(), mask.data() + mask.bytes(), 255);
  EXPECT_GT(covered, 112 * 112 / 2);
  EXPECT_LT(covered, 112 * 112 * 9 / 10);
}

// Other landmarks than it was learned from, of another tracker: the head turns alike.
TEST(FreeFaceModelReference, HeadPoseFollowsOpenFaces) {
  FRONTALIS_NEEDS_SHARED("reference");
  const Pdm pdm = freePdm().value();
  CalcParams solver(pdm);
  const Camera camera = Camera::forImageSize(640, 480);
  const testing::CsvTable csv = testing::referenceCsv("default");
  std::vector<std::vector<double>> got(6), expected(6);
  Eigen::VectorXf landmarks(136), shape;
  for (std::size_t row = 0; row < csv.rows.size(); ++row) {
    const auto x = csv.group(row, "x_", 68), y = csv.group(row, "y_", 68);
    for (int i = 0; i < 68; ++i) {
      landmarks[i] = static_cast<float>(x[static_cast<std::size_t>(i)]);
      landmarks[68 + i] = static_cast<float>(y[static_cast<std::size_t>(i)]);
    }
    const CalcParams::Fit& fit = solver.fit(landmarks);
    pdm.shape3d(fit.local, shape);
    const HeadPose pose = headPose(fit.global, shape, landmarks, camera);
    const std::array<float, 6> values = {pose.tx, pose.ty, pose.tz, pose.rx, pose.ry, pose.rz};
    const std::array<const char*, 6> names = {"pose_Tx", "pose_Ty", "pose_Tz",
                                              "pose_Rx", "pose_Ry", "pose_Rz"};
    for (std::size_t k = 0; k < 6; ++k) {
      got[k].push_back(values[k]);
      expected[k].push_back(csv.at(row, names[k]));
    }
  }
  for (std::size_t k = 0; k < 6; ++k) {
    EXPECT_GT(testing::correlation(got[k], expected[k]), 0.9) << k;
  }
}

/// A pack like OpenFace's, made of the free face model and of linear models that no one trained.
std::filesystem::path writePack(const std::filesystem::path& folder) {
  std::filesystem::remove_all(folder);
  testing::writeAuModels(folder, testing::syntheticAuModels(5));
  for (const auto& [from, to] :
       {std::pair("face68/pdm.txt", "pdm.txt"), std::pair("face68/triangles.txt", "tris.txt")}) {
    std::filesystem::copy_file(dataFile(from).value(), folder / to);
  }
  const std::map<std::string, std::string> roles = {
      {"main.txt", "au-models"}, {"pdm.txt", "pdm"}, {"tris.txt", "triangulation"}};
  nlohmann::json files = nlohmann::json::array();
  for (const auto& entry : std::filesystem::recursive_directory_iterator(folder)) {
    if (!entry.is_regular_file()) continue;
    const std::string bytes = readFile(entry.path()).value();
    const std::string name = entry.path().lexically_relative(folder).generic_string();
    const auto role = roles.find(name);
    files.push_back({{"path", name},
                     {"bytes", bytes.size()},
                     {"sha256", sha256(bytes)},
                     {"licence", "none"},
                     {"origin", "this test"},
                     {"role", role == roles.end() ? "au-model" : role->second}});
  }
  const nlohmann::json manifest = {{"name", "made-up"}, {"version", "1"}, {"files", files}};
  EXPECT_TRUE(writeFile(folder / "manifest.json", manifest.dump()).ok());
  return folder;
}

// Video -> mesh landmarks -> CalcParams -> alignment -> FHOG, geometry -> neutral -> linear models
// -> end-of-video correction, without any file of OpenFace's.
TEST(FreeFaceModel, DrivesTheWholeOpenFaceChain) {
  const auto video = testing::sample("single_face.mp4");
  if (!std::filesystem::exists(video)) GTEST_SKIP() << "needs " << video;
  const auto folder = writePack(std::filesystem::path(::testing::TempDir()) / "free_chain");
  Config config;
  config.pack = folder.string() + "/";
  config.landmarks = "mesh68";
  Result<Extractor> extractor = Extractor::open(video, config);
  ASSERT_TRUE(extractor.ok()) << extractor.error().text();
  std::vector<std::vector<float>> fhogs;
  extractor->onAppearance([&](const Appearance& seen) -> Status {
    fhogs.emplace_back(seen.fhog.begin(), seen.fhog.end());
    return {};
  });
  std::vector<Row> rows;
  while (true) {
    Result<std::optional<Row>> row = extractor->next();
    ASSERT_TRUE(row.ok()) << row.error().text();
    if (!*row) break;
    rows.push_back(**row);
  }
  ASSERT_EQ(rows.size(), 72u);
  ASSERT_EQ(fhogs.size(), rows.size());

  // The same from its parts, on the rows' own landmarks.
  const AuModelList list = readAuModelList(folder / "main.txt").value();
  const Pdm pdm = Pdm::read(list.pdm).value();
  FaceDescriber describer(
      pdm, FaceAligner::create(pdm, readTriangulation(list.triangulation, 68).value(), {}).value());
  OpenFaceAus aus(std::make_shared<const AuPredictor>(AuPredictor::read(list).value()),
                  AuMode::kVideo);
  VideoReader reader = VideoReader::open(video).value();
  Eigen::VectorXf landmarks(136);
  for (std::size_t i = 0; i < rows.size(); ++i) {
    const std::optional<Frame> frame = reader.next().value();
    ASSERT_TRUE(frame.has_value());
    ASSERT_TRUE(rows[i].success);
    for (std::size_t k = 0; k < 68; ++k) {
      landmarks[static_cast<Eigen::Index>(k)] = rows[i].landmarks[k].x;
      landmarks[static_cast<Eigen::Index>(68 + k)] = rows[i].landmarks[k].y;
    }
    const FaceDescription& face = describer.describe(*frame, landmarks);
    ASSERT_TRUE(face.shape.valid);
    EXPECT_TRUE(std::equal(face.fhog.begin(), face.fhog.end(), fhogs[i].begin())) << i;
    EXPECT_EQ(rows[i].shape.scale, face.shape.global.scale);
    // The mesh's own points are fitted well, and the eyes lie where a 112 px face has them.
    EXPECT_LT(face.shape.error / std::sqrt(136.f), 0.02f * 90 * face.shape.global.scale) << i;
    const Eigen::Vector2f eye =
        face.warp.leftCols<2>() * Eigen::Vector2f(landmarks[36], landmarks[68 + 36]) +
        face.warp.col(2);
    EXPECT_NEAR(eye.x(), 25, 12);
    EXPECT_NEAR(eye.y(), 29, 12);
    aus.process({face.fhog, face.geometry}, true);
  }
  const FinalAus expected = aus.finish();
  float largest = 0;
  for (std::size_t i = 0; i < rows.size(); ++i) {
    const OpenFaceAuRow row = expected.row(static_cast<std::int64_t>(i));
    EXPECT_EQ(rows[i].intensity, row.intensity) << i;
    EXPECT_EQ(rows[i].presence, row.presence) << i;
    largest = std::max(largest, *std::max_element(row.intensity.begin(), row.intensity.end()));
  }
  EXPECT_GT(largest, 0.1f);
}

}  // namespace
}  // namespace frontalis
