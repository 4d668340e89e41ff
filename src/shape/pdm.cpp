#include "shape/pdm.h"

#include <cmath>
#include <cstdio>

#include "shape/rotation.h"
#include "util/file.h"
#include "util/text_reader.h"
#include "util/try.h"

namespace frontalis {

namespace {

constexpr int kMaxPoints = 2000;
constexpr int kMaxModes = 500;
constexpr int kDouble = 6;  // OpenCV's type code

void appendMatrix(std::string& text, const char* comment, const Eigen::MatrixXf& m) {
  char number[32];
  text += comment;
  text += '\n' + std::to_string(m.rows()) + '\n' + std::to_string(m.cols()) + "\n6\n";
  for (Eigen::Index r = 0; r < m.rows(); ++r) {
    for (Eigen::Index c = 0; c < m.cols(); ++c) {
      std::snprintf(number, sizeof number, "%.6f", static_cast<double>(m(r, c)));
      text += number;
      text += c + 1 < m.cols() ? ' ' : '\n';
    }
  }
}

}  // namespace

Pdm::Pdm(Eigen::VectorXf mean, Eigen::MatrixXf modes, Eigen::VectorXf eigenvalues)
    : mean_(std::move(mean)),
      basis_(std::move(modes)),
      eigenvalues_(std::move(eigenvalues)),
      limits_(3.f * eigenvalues_.cwiseSqrt()) {}

Result<Pdm> Pdm::create(Eigen::VectorXf mean, Eigen::MatrixXf modes, Eigen::VectorXf eigenvalues) {
  const bool sizes = mean.size() >= 9 && mean.size() % 3 == 0 && mean.size() <= 3 * kMaxPoints &&
                     modes.rows() == mean.size() && modes.cols() >= 1 &&
                     modes.cols() <= kMaxModes && eigenvalues.size() == modes.cols();
  if (!sizes) {
    return Error{ErrorCode::kInvalidArgument,
                 "shape model: mean of " + std::to_string(mean.size()) + ", modes " +
                     std::to_string(modes.rows()) + " x " + std::to_string(modes.cols()) + " and " +
                     std::to_string(eigenvalues.size()) +
                     " eigenvalues do not fit together (expected 3n, 3n x m, m; n >= 3)"};
  }
  if (!mean.allFinite() || !modes.allFinite() || !eigenvalues.allFinite() ||
      eigenvalues.minCoeff() <= 0) {
    return Error{ErrorCode::kInvalidArgument,
                 "shape model: a value is not finite or an eigenvalue is not positive"};
  }
  return Pdm(std::move(mean), std::move(modes), std::move(eigenvalues));
}

Result<Pdm> Pdm::parse(std::string_view text, const std::string& name) {
  TextReader reader(text, name);
  const TextReader::Matrix mean = reader.matrix(kDouble, 3 * kMaxPoints, 1, "mean");
  const TextReader::Matrix modes = reader.matrix(kDouble, 3 * kMaxPoints, kMaxModes, "modes");
  const TextReader::Matrix eigen = reader.matrix(kDouble, kMaxModes, kMaxModes, "eigenvalues");
  if (!reader.failed() && eigen.rows != 1 && eigen.cols != 1) {
    reader.fail("eigenvalues: expected one row or one column");
  }
  reader.skipComments();
  if (!reader.failed() && !reader.atEnd()) reader.fail("unexpected text after the eigenvalues");
  FRONTALIS_TRY(reader.status());

  using RowMajor = Eigen::Matrix<double, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>;
  Result<Pdm> pdm =
      create(Eigen::Map<const Eigen::VectorXd>(mean.values.data(), mean.rows).cast<float>(),
             Eigen::Map<const RowMajor>(modes.values.data(), modes.rows, modes.cols).cast<float>(),
             Eigen::Map<const Eigen::VectorXd>(eigen.values.data(), eigen.rows * eigen.cols)
                 .cast<float>());
  if (!pdm) return Error{ErrorCode::kCorrupt, name + ": " + pdm.error().message};
  return pdm;
}

Result<Pdm> Pdm::read(const std::filesystem::path& path) {
  FRONTALIS_ASSIGN(const std::string text, readFile(path, std::size_t{1} << 26));
  return parse(text, path.string());
}

std::string Pdm::text(const std::string& comment) const {
  std::string text = "# " + comment + "\n";
  appendMatrix(text, "# mean, mm: all x, all y, all z", mean_);
  appendMatrix(text, "# modes", basis_);
  appendMatrix(text, "# eigenvalues, mm^2", eigenvalues_.transpose());
  return text;
}

void Pdm::shape3d(const Eigen::VectorXf& local, Eigen::VectorXf& out) const {
  out = mean_;
  out.noalias() += basis_ * local;
}

void Pdm::project(const GlobalParams& global, const Eigen::VectorXf& shape3d,
                  Eigen::VectorXf& out) {
  const Eigen::Matrix3f r = rotationFromEuler(global.rx, global.ry, global.rz) * global.scale;
  const Eigen::Index n = shape3d.size() / 3;
  out.resize(2 * n);
  const auto x = shape3d.head(n).array();
  const auto y = shape3d.segment(n, n).array();
  const auto z = shape3d.tail(n).array();
  out.head(n).array() = r(0, 0) * x + r(0, 1) * y + r(0, 2) * z + global.tx;
  out.tail(n).array() = r(1, 0) * x + r(1, 1) * y + r(1, 2) * z + global.ty;
}

void Pdm::shape2d(const GlobalParams& global, const Eigen::VectorXf& local,
                  Eigen::VectorXf& shape3d, Eigen::VectorXf& out) const {
  this->shape3d(local, shape3d);
  project(global, shape3d, out);
}

GlobalParams Pdm::fromBox(const Box& box, float rx, float ry, float rz,
                          const Eigen::VectorXf& local) const {
  const Eigen::Matrix3f r = rotationFromEuler(rx, ry, rz);
  const Eigen::Index n = points();
  Eigen::Vector2f low = Eigen::Vector2f::Constant(std::numeric_limits<float>::max());
  Eigen::Vector2f high = -low;
  for (Eigen::Index i = 0; i < n; ++i) {
    Eigen::Vector3f point;
    for (Eigen::Index axis = 0; axis < 3; ++axis) {
      const Eigen::Index row = axis * n + i;
      point[axis] = mean_[row] + basis_.row(row).dot(local);
    }
    const Eigen::Vector2f turned = r.topRows<2>() * point;
    low = low.cwiseMin(turned);
    high = high.cwiseMax(turned);
  }
  const Eigen::Vector2f extent = high - low;
  const float scale = (box.width / extent.x() + box.height / extent.y()) / 2;
  const Eigen::Vector2f middle = scale * (low + high) / 2;
  return {
      scale, rx, ry, rz, box.x + box.width / 2 - middle.x(), box.y + box.height / 2 - middle.y()};
}

void Pdm::clamp(Eigen::VectorXf& local) const {
  local = local.cwiseMin(limits_).cwiseMax(-limits_);
}

void Pdm::jacobian(const GlobalParams& global, const Eigen::VectorXf& shape3d, bool rigid,
                   Eigen::MatrixXf& out) const {
  const Eigen::Index n = points();
  const float s = global.scale;
  const Eigen::Matrix3f r = rotationFromEuler(global.rx, global.ry, global.rz);
  out.resize(2 * n, rigid ? 6 : 6 + modes());
  const auto x = shape3d.head(n);
  const auto y = shape3d.segment(n, n);
  const auto z = shape3d.tail(n);
  for (Eigen::Index half = 0; half < 2; ++half) {
    const Eigen::RowVector3f row = r.row(half);
    auto rows = out.middleRows(half * n, n);
    rows.col(0) = row[0] * x + row[1] * y + row[2] * z;
    rows.col(1) = s * (row[2] * y - row[1] * z);
    rows.col(2) = s * (row[0] * z - row[2] * x);
    rows.col(3) = s * (row[1] * x - row[0] * y);
    rows.col(4).setConstant(half == 0 ? 1.f : 0.f);
    rows.col(5).setConstant(half == 0 ? 0.f : 1.f);
    if (rigid) continue;
    for (Eigen::Index k = 0; k < modes(); ++k) {
      const auto mode = basis_.col(k);
      rows.col(6 + k) = (s * row[0]) * mode.head(n) + (s * row[1]) * mode.segment(n, n) +
                        (s * row[2]) * mode.tail(n);
    }
  }
}

void Pdm::update(const Eigen::VectorXf& step, GlobalParams& global, Eigen::VectorXf& local) {
  global.scale += step[0];
  global.tx += step[4];
  global.ty += step[5];
  const Eigen::Matrix3d turned =
      rotationFromEuler(Eigen::Vector3d(global.rx, global.ry, global.rz)) *
      nearestRotation(step.segment<3>(1).cast<double>());
  const Eigen::Vector3f euler = eulerFromRotation(turned).cast<float>();
  global.rx = euler.x();
  global.ry = euler.y();
  global.rz = euler.z();
  if (step.size() > 6) local += step.tail(step.size() - 6);
}

}  // namespace frontalis
