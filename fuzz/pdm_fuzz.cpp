#include "fuzz/input.h"
#include "shape/calc_params.h"
#include "shape/pdm.h"

using namespace frontalis;

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const Result<Pdm> pdm = Pdm::parse(fuzz::bytes(data, size), "input");
  if (!pdm.ok() || pdm->points() * pdm->modes() > 2000) return 0;
  fuzz::require(pdm->mean().allFinite() && pdm->eigenvalues().minCoeff() > 0, "a usable model");
  Eigen::VectorXf local = Eigen::VectorXf::Ones(pdm->modes());
  pdm->clamp(local);
  const GlobalParams pose = pdm->fromBox({10, 20, 100, 120}, 0.1f, 0.2f, 0.3f, local);
  Eigen::VectorXf shape;
  Eigen::VectorXf points;
  pdm->shape2d(pose, local, shape, points);
  Eigen::MatrixXf jacobian;
  pdm->jacobian(pose, shape, false, jacobian);
  CalcParams calc(*pdm);
  const CalcParams::Fit& fit = calc.fit(points);
  fuzz::require(!fit.valid || (fit.local.allFinite() && std::isfinite(fit.global.scale)),
                "finite parameters of a valid fit");
  return 0;
}
