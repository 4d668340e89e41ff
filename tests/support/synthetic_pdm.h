#pragma once

#include <Eigen/Core>
#include <Eigen/QR>
#include <cmath>
#include <random>

#include "shape/pdm.h"

namespace frontalis::testing {

/// A made-up shape model: points on a bowl about 140 mm wide, orthonormal random modes, falling
/// eigenvalues. Same seed, same model.
inline Pdm syntheticPdm(int points, int modes, unsigned seed = 1) {
  std::mt19937 random(seed);
  std::uniform_real_distribution<float> uniform(-1.f, 1.f);
  Eigen::VectorXf mean(3 * points);
  for (int i = 0; i < points; ++i) {
    const float x = 70 * uniform(random);
    const float y = 80 * uniform(random);
    mean[i] = x;
    mean[points + i] = y;
    mean[2 * points + i] = 0.008f * (x * x + y * y) + 5 * uniform(random);
  }
  Eigen::MatrixXf noise(3 * points, modes);
  for (Eigen::Index i = 0; i < noise.size(); ++i) noise.data()[i] = uniform(random);
  const Eigen::MatrixXf basis = Eigen::HouseholderQR<Eigen::MatrixXf>(noise).householderQ() *
                                Eigen::MatrixXf::Identity(3 * points, modes);
  Eigen::VectorXf eigenvalues(modes);
  for (int k = 0; k < modes; ++k) eigenvalues[k] = 800.f / static_cast<float>((k + 1) * (k + 1));
  return Pdm::create(mean, basis, eigenvalues).value();
}

/// Local parameters drawn from a model's own distribution, at `sigmas` standard deviations.
inline Eigen::VectorXf randomLocal(const Pdm& pdm, unsigned seed, float sigmas = 1) {
  std::mt19937 random(seed);
  std::normal_distribution<float> normal;
  Eigen::VectorXf local(pdm.modes());
  for (int k = 0; k < pdm.modes(); ++k) {
    local[k] = sigmas * std::sqrt(pdm.eigenvalues()[k]) * normal(random);
  }
  return local;
}

}  // namespace frontalis::testing
