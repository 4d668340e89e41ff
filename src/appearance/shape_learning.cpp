#include "appearance/shape_learning.h"

#include <Eigen/Eigenvalues>
#include <Eigen/Geometry>
#include <Eigen/QR>
#include <algorithm>
#include <array>
#include <cmath>

#include "shape/rigid_fit.h"
#include "util/try.h"

namespace frontalis {

namespace {

constexpr int kPoints = static_cast<int>(kLandmarks);
constexpr int kMaxRounds = 100;
constexpr double kSettled = 1e-7;           // mm, largest move of a mean's coordinate
constexpr double kSmallestVariance = 1e-4;  // mm^2

using Shape = std::vector<Eigen::Vector3d>;

Shape toShape(const Landmarks68In3d& points) {
  Shape shape;
  for (const Point3f& p : points) shape.emplace_back(p.x, p.y, p.z);
  return shape;
}

Shape mirrored(const Shape& shape) {
  Shape other(shape.size());
  for (int i = 0; i < kPoints; ++i) {
    const Eigen::Vector3d& p = shape[static_cast<std::size_t>(mirrorPoint(i))];
    other[static_cast<std::size_t>(i)] = {-p.x(), p.y(), p.z()};
  }
  return other;
}

void centre(Shape& shape) {
  Eigen::Vector3d sum = Eigen::Vector3d::Zero();
  for (const auto& p : shape) sum += p;
  for (auto& p : shape) p -= sum / static_cast<double>(shape.size());
}

double size(const Shape& shape) {
  double sum = 0;
  for (const auto& p : shape) sum += p.squaredNorm();
  return std::sqrt(sum);
}

struct Sample {
  Shape face;
  double weight;
};

/// 3n, all x, all y, all z.
Eigen::VectorXd grouped(const Shape& shape) {
  Eigen::VectorXd flat(3 * kPoints);
  for (int i = 0; i < kPoints; ++i) {
    for (int axis = 0; axis < 3; ++axis) {
      flat[axis * kPoints + i] = shape[static_cast<std::size_t>(i)][axis];
    }
  }
  return flat;
}

/// Covariance of smooth random displacements, without those that only move, turn or scale.
Eigen::MatrixXd unseenCovariance(const Shape& mean, double deviation, double length) {
  Eigen::MatrixXd covariance = Eigen::MatrixXd::Zero(3 * kPoints, 3 * kPoints);
  Eigen::MatrixXd similarity = Eigen::MatrixXd::Zero(3 * kPoints, 7);
  similarity.col(6) = grouped(mean);
  for (int i = 0; i < kPoints; ++i) {
    const Eigen::Vector3d& p = mean[static_cast<std::size_t>(i)];
    for (int axis = 0; axis < 3; ++axis) {
      const Eigen::Vector3d turned = Eigen::Vector3d::Unit(axis).cross(p);
      similarity(axis * kPoints + i, axis) = 1;
      for (int row = 0; row < 3; ++row) similarity(row * kPoints + i, 3 + axis) = turned[row];
    }
    for (int j = 0; j < kPoints; ++j) {
      const double square = (p - mean[static_cast<std::size_t>(j)]).squaredNorm();
      const double value = deviation * deviation * std::exp(-square / (2 * length * length));
      for (int axis = 0; axis < 3; ++axis) {
        covariance(axis * kPoints + i, axis * kPoints + j) = value;
      }
    }
  }
  const Eigen::MatrixXd directions =
      Eigen::HouseholderQR<Eigen::MatrixXd>(similarity).householderQ() *
      Eigen::MatrixXd::Identity(3 * kPoints, 7);
  const Eigen::MatrixXd rest =
      Eigen::MatrixXd::Identity(3 * kPoints, 3 * kPoints) - directions * directions.transpose();
  return rest * covariance * rest;
}

}  // namespace

int mirrorPoint(int point) {
  static constexpr std::array<int, kLandmarks> kTwins = {
      16, 15, 14, 13, 12, 11, 10, 9,  8,  7,  6,  5,  4,  3,  2,  1,  0,  26, 25, 24, 23, 22, 21,
      20, 19, 18, 17, 27, 28, 29, 30, 35, 34, 33, 32, 31, 45, 44, 43, 42, 47, 46, 39, 38, 37, 36,
      41, 40, 54, 53, 52, 51, 50, 49, 48, 59, 58, 57, 56, 55, 64, 63, 62, 61, 60, 67, 66, 65};
  return kTwins[static_cast<std::size_t>(point)];
}

Result<Pdm> learnPdm(const std::vector<ShapeSource>& sources, const Landmarks68In3d& reference,
                     const LearnOptions& options) {
  const int modes = options.modes;
  std::vector<Sample> samples;
  double total_weight = 0;
  for (const ShapeSource& source : sources) {
    for (const Landmarks68In3d& face : source.faces) {
      const Shape shape = toShape(face);
      const double weight = 1.0 / static_cast<double>(source.faces.size());
      samples.push_back({shape, weight});
      samples.push_back({mirrored(shape), weight});
      total_weight += 2 * weight;
    }
  }
  if (samples.empty() || modes < 1 || modes > 3 * kPoints) {
    return Error{ErrorCode::kInvalidArgument, "shape learning: " + std::to_string(samples.size()) +
                                                  " faces and " + std::to_string(modes) + " modes"};
  }

  Shape mean = toShape(reference);
  centre(mean);
  const double mean_size = size(mean);
  const std::vector<double> equal(kLandmarks, 1.0);
  std::vector<Shape> aligned(samples.size());
  for (int round = 0; round < kMaxRounds; ++round) {
    Shape next(kLandmarks, Eigen::Vector3d::Zero());
    for (std::size_t s = 0; s < samples.size(); ++s) {
      const auto fit = fitSimilarity(samples[s].face, mean, equal);
      if (!fit) {
        return Error{ErrorCode::kInvalidArgument,
                     "shape learning: face " + std::to_string(s / 2) + " has no extent"};
      }
      aligned[s].clear();
      for (const auto& p : samples[s].face) aligned[s].push_back(*fit * p);
      for (std::size_t i = 0; i < kLandmarks; ++i) {
        next[i] += samples[s].weight / total_weight * aligned[s][i];
      }
    }
    // Without these the mean would drift and shrink from round to round; and it is symmetric but
    // for rounding.
    centre(next);
    const Shape twin = mirrored(next);
    for (std::size_t i = 0; i < kLandmarks; ++i) next[i] = (next[i] + twin[i]) / 2;
    const double scale = mean_size / size(next);
    double moved = 0;
    for (std::size_t i = 0; i < kLandmarks; ++i) {
      next[i] *= scale;
      moved = std::max(moved, (next[i] - mean[i]).cwiseAbs().maxCoeff());
    }
    mean = next;
    if (moved < kSettled) break;
  }

  Eigen::MatrixXd covariance =
      unseenCovariance(mean, options.unseen_deviation, options.unseen_length);
  const Eigen::VectorXd flat_mean = grouped(mean);
  for (std::size_t s = 0; s < samples.size(); ++s) {
    const Eigen::VectorXd difference = grouped(aligned[s]) - flat_mean;
    covariance += samples[s].weight / total_weight * difference * difference.transpose();
  }
  const Eigen::SelfAdjointEigenSolver<Eigen::MatrixXd> solver(covariance);
  const Eigen::VectorXd variances = solver.eigenvalues().tail(modes).reverse();
  if (variances.minCoeff() < kSmallestVariance) {
    return Error{ErrorCode::kInvalidArgument,
                 "shape learning: the faces vary in fewer than " + std::to_string(modes) + " ways",
                 "Give more faces, of more people, or ask for fewer modes"};
  }
  Eigen::MatrixXd basis = solver.eigenvectors().rightCols(modes).rowwise().reverse();
  for (Eigen::Index k = 0; k < modes; ++k) {
    Eigen::Index largest = 0;
    basis.col(k).cwiseAbs().maxCoeff(&largest);
    if (basis(largest, k) < 0) basis.col(k) *= -1;
  }
  return Pdm::create(flat_mean.cast<float>(), basis.cast<float>(), variances.cast<float>());
}

Result<double> leaveOneOut(const std::vector<ShapeSource>& sources,
                           const Landmarks68In3d& reference, const LearnOptions& options) {
  const std::vector<double> equal(kLandmarks, 1.0);
  double sum = 0;
  for (std::size_t left_out = 0; left_out < sources.size(); ++left_out) {
    std::vector<ShapeSource> others = sources;
    others.erase(others.begin() + static_cast<std::ptrdiff_t>(left_out));
    FRONTALIS_ASSIGN(const Pdm pdm, learnPdm(others, reference, options));
    const Eigen::VectorXd mean = pdm.mean().cast<double>();
    Shape target;
    for (int i = 0; i < kPoints; ++i) {
      target.emplace_back(mean[i], mean[kPoints + i], mean[2 * kPoints + i]);
    }
    const Eigen::MatrixXd basis = pdm.basis().cast<double>();
    const Eigen::ArrayXd variances = pdm.eigenvalues().cast<double>().array();
    double person = 0;
    for (const Landmarks68In3d& face : sources[left_out].faces) {
      const Shape shape = toShape(face);
      const auto fit = fitSimilarity(shape, target, equal);
      if (!fit) return Error{ErrorCode::kInvalidArgument, "shape learning: a face has no extent"};
      Shape aligned;
      for (const auto& p : shape) aligned.push_back(*fit * p);
      const Eigen::VectorXd difference = grouped(aligned) - mean;
      const Eigen::VectorXd local =
          (basis.transpose() * difference).array() * variances / (variances + 1);
      person += (difference - basis * local).squaredNorm() / kPoints;
    }
    sum += person / static_cast<double>(sources[left_out].faces.size());
  }
  return std::sqrt(sum / static_cast<double>(sources.size()));
}

Triangulation delaunay(const Pdm& pdm) {
  const int n = pdm.points();
  std::vector<Eigen::Vector2d> points;
  for (int i = 0; i < n; ++i) {
    // A symmetric face has trapezoids, whose corners share a circle: a shift far below the model's
    // precision decides which diagonal is taken.
    const Eigen::Vector2d shift(std::sin(12.9898 * i), std::sin(78.233 * i));
    points.emplace_back(Eigen::Vector2d(pdm.mean()[i], pdm.mean()[n + i]) + 1e-4 * shift);
  }
  const auto point = [&](int i) -> const Eigen::Vector2d& {
    return points[static_cast<std::size_t>(i)];
  };
  // Every three points whose circle is empty: slow and obvious, once for 68 points.
  Triangulation triangles;
  for (int a = 0; a < n; ++a) {
    for (int b = a + 1; b < n; ++b) {
      for (int c = b + 1; c < n; ++c) {
        const Eigen::Vector2d u = point(b) - point(a), v = point(c) - point(a);
        const double cross = 2 * (u.x() * v.y() - u.y() * v.x());
        if (std::abs(cross) < 1e-9) continue;
        const Eigen::Vector2d to_centre(
            (v.y() * u.squaredNorm() - u.y() * v.squaredNorm()) / cross,
            (u.x() * v.squaredNorm() - v.x() * u.squaredNorm()) / cross);
        const Eigen::Vector2d middle = point(a) + to_centre;
        bool empty = true;
        for (int i = 0; i < n && empty; ++i) {
          empty = i == a || i == b || i == c ||
                  (point(i) - middle).squaredNorm() > to_centre.squaredNorm();
        }
        if (empty) triangles.push_back({a, b, c});
      }
    }
  }
  return triangles;
}

std::string triangulationText(const Triangulation& triangles) {
  std::string text = std::to_string(triangles.size()) + "\n3\n4\n";
  for (const auto& [a, b, c] : triangles) {
    text += std::to_string(a) + " " + std::to_string(b) + " " + std::to_string(c) + "\n";
  }
  return text;
}

}  // namespace frontalis
