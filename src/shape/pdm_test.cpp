#include "shape/pdm.h"

#include <gtest/gtest.h>

#include <Eigen/Geometry>
#include <Eigen/SVD>
#include <cmath>

#include "shape/rotation.h"
#include "support/reference.h"
#include "support/synthetic_pdm.h"
#include "util/file.h"

namespace frontalis {
namespace {

TEST(Rotation, SpecExample) {
  Eigen::Matrix3d expected;
  expected << 0.936293364, -0.289629478, 0.198669331, 0.312991826, 0.944702486, -0.097843395,
      -0.159345079, 0.153791998, 0.975170327;
  EXPECT_LT((rotationFromEuler(Eigen::Vector3d(0.1, 0.2, 0.3)) - expected).cwiseAbs().maxCoeff(),
            1e-9);
}

TEST(Rotation, EulerRoundTrip) {
  for (double rx = -1.2; rx <= 1.2; rx += 0.4) {
    for (double ry = -1.2; ry <= 1.2; ry += 0.4) {
      for (double rz = -1.2; rz <= 1.2; rz += 0.4) {
        const Eigen::Vector3d euler(rx, ry, rz);
        const Eigen::Vector3d back = eulerFromRotation(rotationFromEuler(euler));
        EXPECT_LT((back - euler).norm(), 1e-9) << euler.transpose();
      }
    }
  }
}

TEST(Rotation, HalfTurnHasNoEulerAngles) {
  const Eigen::Matrix3d half_turn = Eigen::Vector3d(-1, -1, 1).asDiagonal();
  EXPECT_EQ(eulerFromRotation(half_turn), Eigen::Vector3d::Zero());
}

TEST(Rotation, NearestEqualsSvd) {
  for (int i = 0; i < 200; ++i) {
    std::srand(static_cast<unsigned>(i));
    const Eigen::Vector3d w = Eigen::Vector3d::Random() * std::pow(10.0, i % 5 - 3);
    Eigen::Matrix3d skewed;
    skewed << 1, -w.z(), w.y(), w.z(), 1, -w.x(), -w.y(), w.x(), 1;
    const Eigen::JacobiSVD<Eigen::Matrix3d> svd(skewed, Eigen::ComputeFullU | Eigen::ComputeFullV);
    const Eigen::Matrix3d u = svd.matrixU(), v = svd.matrixV();
    const Eigen::Vector3d signs(1, 1, (u * v.transpose()).determinant());
    const Eigen::Matrix3d expected = u * signs.asDiagonal() * v.transpose();
    EXPECT_LT((nearestRotation(w) - expected).cwiseAbs().maxCoeff(), 1e-12);
  }
}

TEST(Rotation, AxisAngleEqualsEigen) {
  for (const double angle : {0.0, 1e-9, 1e-3, 0.7, 3.0}) {
    const Eigen::Vector3d axis = Eigen::Vector3d(1, -2, 0.5).normalized();
    const Eigen::Matrix3d expected = Eigen::AngleAxisd(angle, axis).toRotationMatrix();
    EXPECT_LT((rotationFromAxisAngle(angle * axis) - expected).cwiseAbs().maxCoeff(), 1e-12);
  }
}

/// The spec's formulas, point by point in double.
Eigen::VectorXd plainShape2d(const Pdm& pdm, const GlobalParams& g, const Eigen::VectorXd& local) {
  const int n = pdm.points();
  const Eigen::Matrix3d r = rotationFromEuler(Eigen::Vector3d(g.rx, g.ry, g.rz));
  const Eigen::VectorXd shape = pdm.mean().cast<double>() + pdm.basis().cast<double>() * local;
  Eigen::VectorXd out(2 * n);
  for (int i = 0; i < n; ++i) {
    const Eigen::Vector3d turned =
        r * Eigen::Vector3d(shape[i], shape[n + i], shape[2 * n + i]) * g.scale;
    out[i] = turned.x() + g.tx;
    out[n + i] = turned.y() + g.ty;
  }
  return out;
}

TEST(Pdm, ShapeEqualsPlain) {
  for (const auto& [n, m] : {std::pair(68, 34), std::pair(51, 32), std::pair(28, 10)}) {
    const Pdm pdm = testing::syntheticPdm(n, m);
    const GlobalParams g{1.3f, 0.2f, -0.4f, 0.1f, 320, 180};
    const Eigen::VectorXf local = testing::randomLocal(pdm, 5);
    Eigen::VectorXf shape, image;
    pdm.shape2d(g, local, shape, image);
    EXPECT_LT(
        (image.cast<double>() - plainShape2d(pdm, g, local.cast<double>())).cwiseAbs().maxCoeff(),
        1e-4);
  }
}

TEST(Pdm, JacobianEqualsFiniteDifferences) {
  const Pdm pdm = testing::syntheticPdm(28, 10);
  const GlobalParams g{1.3f, 0.2f, -0.4f, 0.1f, 320, 180};
  const Eigen::VectorXf local = testing::randomLocal(pdm, 6);
  Eigen::VectorXf shape;
  pdm.shape3d(local, shape);
  Eigen::MatrixXf jacobian, rigid;
  pdm.jacobian(g, shape, false, jacobian);
  pdm.jacobian(g, shape, true, rigid);
  ASSERT_EQ(jacobian.rows(), 56);
  ASSERT_EQ(jacobian.cols(), 16);
  EXPECT_EQ(rigid, jacobian.leftCols(6));
  const double h = 1e-4;
  const Eigen::Matrix3d r = rotationFromEuler(Eigen::Vector3d(g.rx, g.ry, g.rz));
  const auto at = [&](int column, double delta) {
    Eigen::VectorXd l = local.cast<double>();
    double s = g.scale, tx = g.tx, ty = g.ty;
    Eigen::Vector3d w = Eigen::Vector3d::Zero();
    if (column == 0) s += delta;
    if (column >= 1 && column <= 3) w[column - 1] = delta;
    if (column == 4) tx += delta;
    if (column == 5) ty += delta;
    if (column >= 6) l[column - 6] += delta;
    const Eigen::Matrix3d turned = r * rotationFromAxisAngle(w);
    const Eigen::VectorXd x = pdm.mean().cast<double>() + pdm.basis().cast<double>() * l;
    Eigen::VectorXd out(56);
    for (int i = 0; i < 28; ++i) {
      const Eigen::Vector3d p = s * turned * Eigen::Vector3d(x[i], x[28 + i], x[56 + i]);
      out[i] = p.x() + tx;
      out[28 + i] = p.y() + ty;
    }
    return out;
  };
  for (int column = 0; column < 16; ++column) {
    const Eigen::VectorXd expected = (at(column, h) - at(column, -h)) / (2 * h);
    EXPECT_LT((jacobian.col(column).cast<double>() - expected).cwiseAbs().maxCoeff(),
              1e-5 * (1 + expected.cwiseAbs().maxCoeff()))
        << column;
  }
}

TEST(Pdm, FromBoxFillsTheBox) {
  const Pdm pdm = testing::syntheticPdm(68, 34);
  const Eigen::VectorXf local = Eigen::VectorXf::Zero(34);
  const Box box{100, 50, 140, 160};
  const GlobalParams g = pdm.fromBox(box, 0.1f, 0.5f, -0.2f, local);
  Eigen::VectorXf shape, image;
  pdm.shape2d(g, local, shape, image);
  const auto x = image.head(68), y = image.tail(68);
  EXPECT_NEAR((x.minCoeff() + x.maxCoeff()) / 2, box.center().x, 1e-3);
  EXPECT_NEAR((y.minCoeff() + y.maxCoeff()) / 2, box.center().y, 1e-3);
  const float width = x.maxCoeff() - x.minCoeff(), height = y.maxCoeff() - y.minCoeff();
  EXPECT_NEAR((box.width / width + box.height / height) / 2, 1, 1e-5);
}

TEST(Pdm, ClampsAtThreeSigma) {
  const Pdm pdm = testing::syntheticPdm(28, 10);
  Eigen::VectorXf local = Eigen::VectorXf::Constant(10, 1e4f);
  local[1] = -1e4f;
  local[2] = 0.5f;
  pdm.clamp(local);
  EXPECT_FLOAT_EQ(local[0], 3 * std::sqrt(pdm.eigenvalues()[0]));
  EXPECT_FLOAT_EQ(local[1], -3 * std::sqrt(pdm.eigenvalues()[1]));
  EXPECT_FLOAT_EQ(local[2], 0.5f);
}

TEST(Pdm, UpdateTurnsFromTheRight) {
  GlobalParams g{1, 0.3f, -0.2f, 0.1f, 5, 6};
  const Eigen::Matrix3d before = rotationFromEuler(Eigen::Vector3d(g.rx, g.ry, g.rz));
  Eigen::VectorXf local = Eigen::VectorXf::Ones(2);
  Eigen::VectorXf step(8);
  step << 0.5f, 0.01f, 0.02f, -0.03f, 1, 2, 3, 4;
  Pdm::update(step, g, local);
  EXPECT_FLOAT_EQ(g.scale, 1.5f);
  EXPECT_FLOAT_EQ(g.tx, 6);
  EXPECT_FLOAT_EQ(g.ty, 8);
  EXPECT_EQ(local, Eigen::Vector2f(4, 5));
  const Eigen::Matrix3d expected = before * nearestRotation(Eigen::Vector3d(0.01, 0.02, -0.03));
  const Eigen::Matrix3d got = rotationFromEuler(Eigen::Vector3d(g.rx, g.ry, g.rz));
  EXPECT_LT((got - expected).cwiseAbs().maxCoeff(), 1e-6);
}

TEST(PdmFile, RoundTrip) {
  const Pdm pdm = testing::syntheticPdm(28, 10);
  const Result<Pdm> back = Pdm::parse(pdm.text("made up"), "round.txt");
  ASSERT_TRUE(back.ok()) << back.error().text();
  EXPECT_LT((back->mean() - pdm.mean()).cwiseAbs().maxCoeff(), 1e-5f);
  EXPECT_LT((back->basis() - pdm.basis()).cwiseAbs().maxCoeff(), 1e-6f);
  EXPECT_LT((back->eigenvalues() - pdm.eigenvalues()).cwiseAbs().maxCoeff(), 1e-4f);
}

TEST(PdmFile, AcceptsAColumnOfEigenvaluesAndCarriageReturns) {
  std::string text = testing::syntheticPdm(3, 2).text("made up");
  text.replace(text.find("\n1\n2\n6\n", text.find("eigenvalues")), 7, "\r\n2\r\n1\r\n6\r\n");
  EXPECT_TRUE(Pdm::parse(text, "m.txt").ok()) << text;
}

TEST(PdmFile, EveryTruncationIsAnError) {
  const std::string text = testing::syntheticPdm(4, 2).text("made up");
  // The last number may lose digits and stay a number; every cut before it leaves something out.
  const std::size_t last_number = text.find_last_of(' ');
  for (std::size_t size = 0; size <= last_number; ++size) {
    const Result<Pdm> pdm = Pdm::parse(text.substr(0, size), "cut.txt");
    ASSERT_FALSE(pdm.ok()) << size;
    EXPECT_EQ(pdm.error().code, ErrorCode::kCorrupt);
    EXPECT_NE(pdm.error().message.find("cut.txt"), std::string::npos);
  }
}

TEST(PdmFile, EveryDamagedTokenIsAnError) {
  const std::string text = testing::syntheticPdm(3, 2).text("made up");
  std::vector<std::pair<std::size_t, std::size_t>> tokens;
  bool comment = false;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '#') comment = true;
    if (text[i] == '\n') comment = false;
    if (comment || std::isspace(static_cast<unsigned char>(text[i])) != 0) continue;
    const std::size_t end = text.find_first_of(" \n", i);
    tokens.emplace_back(i, end - i);
    i = end - 1;
  }
  ASSERT_EQ(tokens.size(), 3u * 3 + 9 + 18 + 2);
  const std::vector<std::string> bad = {
      "nan", "inf", "-inf", "1e999", "x", "--1", "+-1", "1.5.2", std::string(100000, '9')};
  for (const auto& [begin, size] : tokens) {
    for (const std::string& value : bad) {
      std::string damaged = text;
      damaged.replace(begin, size, value);
      EXPECT_FALSE(Pdm::parse(damaged, "bad.txt").ok()) << begin << " " << value.substr(0, 9);
    }
  }
}

TEST(PdmFile, ImpossibleSizesAreErrorsBeforeAnythingIsAllocated) {
  for (const char* text : {"6000\n1\n6\n1 2 3", "-3\n1\n6\n", "0\n1\n6\n", "9\n2\n6\n",
                           "2147483647\n1\n6\n1", "99999999999999999999\n1\n6\n",
                           "9\n1\n5\n0 0 0 0 0 0 0 0 0", "", "#", "# only a comment", "\0\0\0\0"}) {
    EXPECT_EQ(Pdm::parse(text, "bad.txt").error().code, ErrorCode::kCorrupt) << text;
  }
  // Sizes that are possible each, but not together.
  const std::string mean = "9\n1\n6\n0 0 0 0 0 0 0 0 0\n";
  EXPECT_FALSE(Pdm::parse(mean + "6\n1\n6\n1 1 1 1 1 1\n1\n1\n6\n1", "bad.txt").ok());
  const std::string modes = "9\n1\n6\n1 1 1 1 1 1 1 1 1\n";
  EXPECT_TRUE(Pdm::parse(mean + modes + "1\n1\n6\n1", "good.txt").ok());
  EXPECT_FALSE(Pdm::parse(mean + modes + "1\n2\n6\n1 1", "bad.txt").ok());
  EXPECT_FALSE(Pdm::parse(mean + modes + "1\n1\n6\n0", "bad.txt").ok());
  EXPECT_FALSE(Pdm::parse(mean + modes + "1\n1\n6\n-1", "bad.txt").ok());
  EXPECT_FALSE(Pdm::parse(mean + modes + "1\n1\n6\n1 7", "bad.txt").ok());
}

TEST(PdmFile, MissingFileSaysSo) {
  EXPECT_EQ(Pdm::read("/nowhere/pdm.txt").error().code, ErrorCode::kNotFound);
}

TEST(PdmFile, ReadsOpenFacesModels) {
  FRONTALIS_NEEDS_SHARED("models/OpenFaceModels");
  const auto check = [](const std::filesystem::path& path, int points, int modes) {
    const Result<Pdm> pdm = Pdm::read(path);
    ASSERT_TRUE(pdm.ok()) << pdm.error().text();
    EXPECT_EQ(pdm->points(), points);
    EXPECT_EQ(pdm->modes(), modes);
  };
  const auto models = testing::landmarkModelDir();
  check(models / "pdms" / "In-the-wild_aligned_PDM_68.txt", 68, 34);
  check(models / "model_inner" / "pdms" / "pdm_51_inner.txt", 51, 32);
  check(models / "model_eye" / "pdms" / "pdm_28_eye_3D_closed.txt", 28, 10);
}

class PdmReference : public ::testing::TestWithParam<const char*> {};

TEST_P(PdmReference, ParametersGiveTheCsvLandmarks) {
  FRONTALIS_NEEDS_SHARED("reference");
  const Pdm pdm = Pdm::read(testing::auPredictorsDir() / "In-the-wild_aligned_PDM_68.txt").value();
  const testing::CsvTable csv = testing::referenceCsv(GetParam());
  ASSERT_GT(csv.rows.size(), 70u);
  double worst = 0;
  Eigen::VectorXf local(34), shape, image;
  for (std::size_t row = 0; row < csv.rows.size(); ++row) {
    const auto value = [&](const char* name) { return static_cast<float>(csv.at(row, name)); };
    const GlobalParams g{value("p_scale"), value("p_rx"), value("p_ry"),
                         value("p_rz"),    value("p_tx"), value("p_ty")};
    const auto p = csv.group(row, "p_", 34);
    for (int k = 0; k < 34; ++k) local[k] = static_cast<float>(p[static_cast<std::size_t>(k)]);
    pdm.shape2d(g, local, shape, image);
    const auto x = csv.group(row, "x_", 68);
    const auto y = csv.group(row, "y_", 68);
    for (int i = 0; i < 68; ++i) {
      worst = std::max(worst, std::abs(image[i] - x[static_cast<std::size_t>(i)]));
      worst = std::max(worst, std::abs(image[68 + i] - y[static_cast<std::size_t>(i)]));
    }
  }
  RecordProperty("worst_px", std::to_string(worst));
  // 0.05 px of the landmark's own rounding, the rest of scale and angles (3 decimals).
  EXPECT_LT(worst, 0.15);
}

INSTANTIATE_TEST_SUITE_P(Videos, PdmReference,
                         ::testing::Values("single_face", "default", "face_noface"));

}  // namespace
}  // namespace frontalis
