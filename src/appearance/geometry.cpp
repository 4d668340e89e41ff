#include "appearance/geometry.h"

namespace frontalis {

void geometryDescriptor(const Pdm& pdm, const Eigen::VectorXf& local, std::span<double> out) {
  const Eigen::Index rows = pdm.basis().rows();
  Eigen::Map<Eigen::VectorXd> shape(out.data(), rows);
  shape.setZero();
  for (Eigen::Index k = 0; k < pdm.modes(); ++k) {
    shape += pdm.basis().col(k).cast<double>() * static_cast<double>(local[k]);
  }
  Eigen::Map<Eigen::VectorXd>(out.data() + rows, pdm.modes()) = local.cast<double>();
}

}  // namespace frontalis
