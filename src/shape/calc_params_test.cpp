#include "shape/calc_params.h"

#include <gtest/gtest.h>

#include <Eigen/Cholesky>
#include <Eigen/SVD>
#include <cmath>

#include "shape/rotation.h"
#include "support/reference.h"
#include "support/synthetic_pdm.h"

namespace frontalis {
namespace {

/// Spec pipeline 3.4 word for word in double: explicit Jacobian, explicit rows for visible points,
/// SVD; slow and obvious.
struct PlainFit {
  Eigen::Matrix<double, 6, 1> global;
  Eigen::VectorXd local;
  int iterations = 0;
  double error = 0;
};

Eigen::VectorXd plainProject(const Eigen::Matrix<double, 6, 1>& g, const Eigen::MatrixXd& shape) {
  const Eigen::Matrix3d r = rotationFromEuler(Eigen::Vector3d(g.segment<3>(1)));
  const Eigen::MatrixXd turned = g[0] * shape * r.transpose();
  Eigen::VectorXd out(2 * shape.rows());
  out << turned.col(0).array() + g[4], turned.col(1).array() + g[5];
  return out;
}

PlainFit plainCalcParams(const Pdm& pdm, const Eigen::VectorXd& landmarks) {
  const int all = pdm.points(), m = pdm.modes();
  std::vector<int> kept;
  for (int i = 0; i < all; ++i) {
    if (landmarks[i] != 0) kept.push_back(i);
  }
  const int n = static_cast<int>(kept.size());
  Eigen::VectorXd mean(3 * n), observed(2 * n);
  Eigen::MatrixXd modes(3 * n, m);
  for (int i = 0; i < n; ++i) {
    for (int axis = 0; axis < 3; ++axis) {
      const int row = axis * all + kept[static_cast<std::size_t>(i)];
      mean[axis * n + i] = static_cast<double>(pdm.mean()[row]);
      modes.row(axis * n + i) = pdm.basis().row(row).cast<double>();
      if (axis < 2) observed[axis * n + i] = landmarks[row];
    }
  }
  const auto extent = [](const auto& v) { return v.maxCoeff() - v.minCoeff(); };
  const auto middle = [](const auto& v) { return (v.maxCoeff() + v.minCoeff()) / 2; };
  const auto asRows = [n](const Eigen::VectorXd& v) {
    return Eigen::MatrixXd(Eigen::Map<const Eigen::MatrixXd>(v.data(), n, 3));
  };
  PlainFit fit;
  fit.local = Eigen::VectorXd::Zero(m);
  fit.global << (extent(observed.head(n)) / extent(mean.head(n)) +
                 extent(observed.tail(n)) / extent(mean.segment(n, n))) /
                    2,
      0, 0, 0, middle(observed.head(n)), middle(observed.tail(n));
  Eigen::MatrixXd shape = asRows(mean);
  double previous = (observed - plainProject(fit.global, shape)).norm();
  int poor = 0;
  while (fit.iterations < 1000 && poor < 3) {
    shape = asRows(mean + modes * fit.local);
    const Eigen::VectorXd r = observed - plainProject(fit.global, shape);
    const double s = fit.global[0];
    const Eigen::Matrix3d rot = rotationFromEuler(Eigen::Vector3d(fit.global.segment<3>(1)));
    Eigen::MatrixXd j(2 * n, 6 + m);
    for (int i = 0; i < n; ++i) {
      for (int half = 0; half < 2; ++half) {
        const Eigen::Vector3d x = shape.row(i).transpose();
        const Eigen::Vector3d row = rot.row(half).transpose();
        auto out = j.row(half * n + i);
        out[0] = row.dot(x);
        out[1] = s * (x.y() * row.z() - x.z() * row.y());
        out[2] = -s * (x.x() * row.z() - x.z() * row.x());
        out[3] = s * (x.x() * row.y() - x.y() * row.x());
        out[4] = half == 0 ? 1 : 0;
        out[5] = half == 0 ? 0 : 1;
        for (int k = 0; k < m; ++k) {
          out[6 + k] = s * (row.x() * modes(i, k) + row.y() * modes(n + i, k) +
                            row.z() * modes(2 * n + i, k));
        }
      }
    }
    Eigen::VectorXd reg = Eigen::VectorXd::Zero(6 + m), p = Eigen::VectorXd::Zero(6 + m);
    reg.tail(m) = pdm.eigenvalues().cast<double>().cwiseInverse();
    p.tail(m) = fit.local;
    const Eigen::MatrixXd normal = j.transpose() * j + Eigen::MatrixXd(reg.asDiagonal());
    const Eigen::VectorXd step =
        0.75 * normal.ldlt().solve(j.transpose() * r - reg.cwiseProduct(p));
    Eigen::Matrix3d skewed;
    skewed << 1, -step[3], step[2], step[3], 1, -step[1], -step[2], step[1], 1;
    const Eigen::JacobiSVD<Eigen::Matrix3d> svd(skewed, Eigen::ComputeFullU | Eigen::ComputeFullV);
    const Eigen::Matrix3d turn = svd.matrixU() * svd.matrixV().transpose();
    fit.global[0] += step[0];
    fit.global.segment<3>(1) = eulerFromRotation(rot * turn);
    fit.global.tail<2>() += step.segment<2>(4);
    fit.local += step.tail(m);
    ++fit.iterations;
    fit.error = (observed - plainProject(fit.global, shape)).norm();
    if (0.999 * previous < fit.error) ++poor;
    previous = fit.error;
  }
  return fit;
}

Eigen::VectorXd globalVector(const GlobalParams& g) {
  Eigen::VectorXd v(6);
  v << g.scale, g.rx, g.ry, g.rz, g.tx, g.ty;
  return v;
}

Eigen::VectorXf imageOf(const Pdm& pdm, const GlobalParams& g, const Eigen::VectorXf& local,
                        float noise, unsigned seed) {
  Eigen::VectorXf shape, image;
  pdm.shape2d(g, local, shape, image);
  std::mt19937 random(seed);
  std::normal_distribution<float> normal;
  for (Eigen::Index i = 0; i < image.size(); ++i) image[i] += noise * normal(random);
  return image;
}

void expectEqualToPlain(const Pdm& pdm, CalcParams& solver, const Eigen::VectorXf& image) {
  const PlainFit plain = plainCalcParams(pdm, image.cast<double>());
  const CalcParams::Fit& fit = solver.fit(image);
  ASSERT_TRUE(fit.valid);
  EXPECT_EQ(fit.iterations, plain.iterations);
  EXPECT_NEAR(fit.error, plain.error, 1e-3);
  const Eigen::VectorXd g = globalVector(fit.global);
  EXPECT_LT((g - plain.global).head(4).cwiseAbs().maxCoeff(), 2e-5);
  EXPECT_LT((g - plain.global).tail(2).cwiseAbs().maxCoeff(), 1e-3);
  EXPECT_LT((fit.local.cast<double>() - plain.local).cwiseAbs().maxCoeff(), 5e-3);
}

TEST(CalcParams, EqualsPlainVersion) {
  for (const auto& [n, m] : {std::pair(68, 34), std::pair(51, 32), std::pair(28, 10)}) {
    const Pdm pdm = testing::syntheticPdm(n, m);
    CalcParams solver(pdm);
    for (unsigned seed = 0; seed < 20; ++seed) {
      const float turn = 0.03f * static_cast<float>(seed) - 0.3f;
      const GlobalParams g{
          0.6f + 0.1f * static_cast<float>(seed), turn, -turn / 2, turn / 3, 400, 300};
      SCOPED_TRACE(std::to_string(n) + " points, seed " + std::to_string(seed));
      expectEqualToPlain(pdm, solver, imageOf(pdm, g, testing::randomLocal(pdm, seed), 0.5f, seed));
    }
  }
}

TEST(CalcParams, EqualsPlainVersionWithMissingPoints) {
  const Pdm pdm = testing::syntheticPdm(28, 10);
  CalcParams solver(pdm);
  for (unsigned seed = 0; seed < 20; ++seed) {
    Eigen::VectorXf image =
        imageOf(pdm, {2, 0.1f, 0.2f, -0.1f, 300, 200}, testing::randomLocal(pdm, seed), 0.3f, seed);
    for (int i = 0; i < 28; ++i) {
      if (i % 3 != 0 || i == static_cast<int>(seed)) image[i] = 0;
    }
    SCOPED_TRACE(seed);
    expectEqualToPlain(pdm, solver, image);
  }
  // And back to all points with the same solver.
  expectEqualToPlain(pdm, solver,
                     imageOf(pdm, {2, 0, 0, 0, 300, 200}, testing::randomLocal(pdm, 3), 0.3f, 3));
}

TEST(CalcParams, FindsTheParametersOfAShapeOfItsOwn) {
  const Pdm pdm = testing::syntheticPdm(68, 34);
  CalcParams solver(pdm);
  const Eigen::VectorXf local = testing::randomLocal(pdm, 9, 0.5f);
  const CalcParams::Fit& fit =
      solver.fit(imageOf(pdm, {2, 0.1f, -0.15f, 0.05f, 300, 200}, local, 0, 1));
  EXPECT_NEAR(fit.global.scale, 2, 0.02);
  EXPECT_NEAR(fit.global.rx, 0.1, 0.02);
  EXPECT_NEAR(fit.global.ry, -0.15, 0.02);
  EXPECT_NEAR(fit.global.rz, 0.05, 0.02);
}

TEST(CalcParams, NothingToFitIsNotValid) {
  const Pdm pdm = testing::syntheticPdm(28, 10);
  CalcParams solver(pdm);
  Eigen::VectorXf image = imageOf(pdm, {2, 0, 0, 0, 300, 200}, testing::randomLocal(pdm, 3), 0, 3);
  EXPECT_FALSE(solver.fit(Eigen::VectorXf::Zero(56)).valid);
  EXPECT_FALSE(solver.fit(Eigen::VectorXf::Constant(56, 7)).valid);
  EXPECT_FALSE(solver.fit(Eigen::VectorXf::Ones(4)).valid);
  Eigen::VectorXf broken = image;
  broken[3] = std::numeric_limits<float>::quiet_NaN();
  EXPECT_FALSE(solver.fit(broken).valid);
  broken[3] = std::numeric_limits<float>::infinity();
  const CalcParams::Fit& failed = solver.fit(broken);
  EXPECT_FALSE(failed.valid);
  EXPECT_EQ(failed.global.scale, 0);
  EXPECT_EQ(failed.local, Eigen::VectorXf::Zero(10));
  EXPECT_FALSE(solver.fit(image * 1e30f).valid);
  EXPECT_TRUE(solver.fit(image).valid);
}

TEST(CalcParams, ReferenceLandmarksGiveTheReferenceParameters) {
  FRONTALIS_NEEDS_SHARED("reference");
  const Pdm pdm = Pdm::read(testing::auPredictorsDir() / "In-the-wild_aligned_PDM_68.txt").value();
  const auto stages = testing::gunzipJson(testing::referenceDir("single_face") / "stages.json.gz");
  CalcParams solver(pdm);
  std::vector<std::vector<double>> got(40), expected(40);
  double worst_global = 0, worst_local = 0, worst_error = 0;
  for (const auto& frame : stages.at("frames")) {
    const auto landmarks = frame.at("landmarks").get<std::vector<float>>();
    const CalcParams::Fit& fit =
        solver.fit(Eigen::Map<const Eigen::VectorXf>(landmarks.data(), 136));
    ASSERT_TRUE(fit.valid);
    EXPECT_EQ(fit.iterations, frame.at("au_calcparams_iterations").get<int>())
        << "frame " << frame.at("frame");
    worst_error =
        std::max(worst_error, std::abs(fit.error - frame.at("au_calcparams_error").get<double>()));
    const auto global = frame.at("au_calcparams_global").get<std::vector<double>>();
    const auto local = frame.at("au_calcparams_local").get<std::vector<double>>();
    const Eigen::VectorXd g = globalVector(fit.global);
    for (std::size_t k = 0; k < 40; ++k) {
      const auto i = static_cast<Eigen::Index>(k);
      got[k].push_back(k < 6 ? g[i] : static_cast<double>(fit.local[i - 6]));
      expected[k].push_back(k < 6 ? global[k] : local[k - 6]);
      double& worst = k < 6 ? worst_global : worst_local;
      worst = std::max(worst, std::abs(got[k].back() - expected[k].back()));
    }
  }
  double least_global = 1, least_local = 1;
  for (std::size_t k = 0; k < 40; ++k) {
    double& least = k < 6 ? least_global : least_local;
    least = std::min(least, testing::correlation(got[k], expected[k]));
  }
  RecordProperty("least_r_global", std::to_string(least_global));
  RecordProperty("least_r_local", std::to_string(least_local));
  RecordProperty("worst_global", std::to_string(worst_global));
  RecordProperty("worst_local", std::to_string(worst_local));
  std::printf("r globals %.7f locals %.7f; worst global %.2g local %.2g error %.2g\n", least_global,
              least_local, worst_global, worst_local, worst_error);
  EXPECT_GE(least_global, 0.9999);
  EXPECT_GE(least_local, 0.999);
  EXPECT_LT(worst_global, 1e-3);
  EXPECT_LT(worst_local, 1e-2);
}

}  // namespace
}  // namespace frontalis
