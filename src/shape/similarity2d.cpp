#include "shape/similarity2d.h"

#include <cmath>

namespace frontalis {

Eigen::Matrix2f similarity2d(const Eigen::VectorXf& from, const Eigen::VectorXf& to,
                             std::span<const int> indices) {
  const Eigen::Index all = from.size() / 2;
  const auto count = indices.empty() ? all : static_cast<Eigen::Index>(indices.size());
  const auto point = [&](const Eigen::VectorXf& v, Eigen::Index i) {
    const Eigen::Index k = indices.empty() ? i : indices[static_cast<std::size_t>(i)];
    return Eigen::Vector2d(v[k], v[all + k]);
  };
  Eigen::Vector2d from_mean = Eigen::Vector2d::Zero();
  Eigen::Vector2d to_mean = Eigen::Vector2d::Zero();
  for (Eigen::Index i = 0; i < count; ++i) {
    from_mean += point(from, i);
    to_mean += point(to, i);
  }
  from_mean /= static_cast<double>(count);
  to_mean /= static_cast<double>(count);
  double from_square = 0, to_square = 0, along = 0, across = 0;
  for (Eigen::Index i = 0; i < count; ++i) {
    const Eigen::Vector2d a = point(from, i) - from_mean;
    const Eigen::Vector2d b = point(to, i) - to_mean;
    from_square += a.squaredNorm();
    to_square += b.squaredNorm();
    along += a.dot(b);
    across += a.x() * b.y() - a.y() * b.x();
  }
  // The turn that maximises the covariance, in closed form: in the plane the SVD is not needed.
  const double length = std::hypot(along, across);
  if (!(from_square > 0) || !(length > 0)) return Eigen::Matrix2f::Zero();
  const double scale = std::sqrt(to_square / from_square) / length;
  const double c = scale * along, s = scale * across;
  Eigen::Matrix2d m;
  m << c, -s, s, c;
  return m.cast<float>();
}

}  // namespace frontalis
