#include "au/linear_model.h"

#include <cmath>

#include "au/descriptor.h"
#include "fuzz/input.h"

using namespace frontalis;

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const Result<LinearModel> model = parseLinearModel(fuzz::bytes(data, size), "input");
  if (!model.ok()) return 0;
  fuzz::require(model->means.size() == model->weights.size(), "as many means as weights");
  fuzz::require(model->means.size() == kFeatures || model->means.size() == kFhogSize,
                "a known number of features");
  for (const double w : model->weights) fuzz::require(std::isfinite(w), "finite weights");
  for (const double m : model->means) fuzz::require(std::isfinite(m), "finite means");
  fuzz::require(std::isfinite(model->bias), "a finite bias");
  return 0;
}
