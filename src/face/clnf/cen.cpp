#include "face/clnf/cen.h"

#include <algorithm>
#include <array>

#include "face/clnf/matrix_kernels.h"
#include "face/clnf/patch_area.h"
#include "face/clnf/patch_norms.h"
#include "util/simd.h"

namespace frontalis {

namespace {

void flipRows(const float* in, int side, float* out) {
  for (int y = 0; y < side; ++y) {
    std::reverse_copy(in + y * side, in + (y + 1) * side, out + y * side);
  }
}

void activate(CenActivation activation, float* values, std::size_t count) {
  if (activation == CenActivation::kLinear) return;
  const F8 one = F8::all(1);
  for (std::size_t i = 0; i < count; i += 8) {
    const F8 v = F8::load(values + i);
    const F8 result = activation == CenActivation::kRelu
                          ? max(v, F8::zero())
                          : one / (one + exponential(F8::zero() - v));
    result.store(values + i);
  }
}

/// Column p of `in` = the constant 1, then the p-th computed patch with mean 0 and norm 1,
/// column-major. Positions are numbered x * window + y; the odd ones are computed.
void gatherPatches(const float* area, int support, int window, int stride, float* in) {
  const int side = window + support - 1;
  const int cells = support * support;
  std::array<float, kMaxAreaCells> centred;
  std::array<float, kMaxResponseCells> inverse_norms;
  removeOffset(area, side * side, centred.data());
  inversePatchNorms(centred.data(), support, window, inverse_norms.data());
  std::fill(in, in + static_cast<std::ptrdiff_t>(stride) * (cells + 1), 0.f);
  int p = 0;
  for (int k = 1; k < window * window; k += 2, ++p) {
    const int x = k / window;
    const int y = k % window;
    const float* patch = centred.data() + y * side + x;
    double sum = 0;
    for (int i = 0; i < support; ++i) {
      for (int j = 0; j < support; ++j) sum += patch[i * side + j];
    }
    const float mean = static_cast<float>(sum / cells);
    const float factor = inverse_norms[y * window + x];
    float* column = in + p;
    column[0] = 1;
    for (int j = 0; j < support; ++j) {
      for (int i = 0; i < support; ++i) {
        column += stride;
        *column = (patch[i * side + j] - mean) * factor;
      }
    }
  }
}

/// Fills the computed cells of a window and gives the others the mean of their neighbours.
void spread(const float* values, int window, float* response) {
  for (int k = 1, p = 0; k < window * window; k += 2, ++p) {
    response[k % window * window + k / window] = values[p];
  }
  for (int k = 0; k < window * window; k += 2) {
    const int x = k / window;
    const int y = k % window;
    float* cell = response + y * window + x;
    float sum = 0;
    int count = 0;
    if (x > 0) sum += cell[-1], ++count;
    if (x + 1 < window) sum += cell[1], ++count;
    if (y > 0) sum += cell[-window], ++count;
    if (y + 1 < window) sum += cell[window], ++count;
    *cell = count > 0 ? sum / static_cast<float>(count) : 0.f;
  }
}

}  // namespace

Result<std::unique_ptr<CenExperts>> CenExperts::create(CenFile file, const std::string& name) {
  int support = 0;
  for (const CenExpert& e : file.experts) {
    if (!e.layers.empty()) support = e.width;
  }
  if (support < 1 || support > kMaxExpertSupport) {
    return Error{ErrorCode::kUnsupported, name + " has experts of " + std::to_string(support) +
                                              " px, at most " + std::to_string(kMaxExpertSupport) +
                                              " are supported"};
  }
  return std::unique_ptr<CenExperts>(new CenExperts(std::move(file), support));
}

CenExperts::CenExperts(CenFile file, int support)
    : PatchExperts(static_cast<float>(file.scale), support, std::move(file.views)),
      mirror_landmarks_(std::move(file.mirror_landmarks)),
      mirror_views_(std::move(file.mirror_views)),
      experts_(std::move(file.experts)) {
  widest_ = static_cast<std::size_t>(support) * support + 1;
  for (const CenExpert& e : experts_) {
    for (const CenLayer& layer : e.layers) widest_ = std::max(widest_, layer.bias.size());
  }
}

CenExperts::Choice CenExperts::choose(int view, int landmark) const {
  const std::size_t n = static_cast<std::size_t>(views().landmarks());
  const CenExpert& own = experts_[view * n + landmark];
  if (!own.layers.empty()) return {&own, false};
  const std::size_t twin_view = view == 0 ? 0 : static_cast<std::size_t>(mirror_views_[view]);
  return {&experts_[twin_view * n + mirror_landmarks_[landmark]], true};
}

float CenExperts::confidence(int view, int landmark) const {
  const std::size_t n = static_cast<std::size_t>(views().landmarks());
  return static_cast<float>(experts_[view * n + landmark].confidence);
}

void CenExperts::respond(int view, int landmark, const float* area, int window,
                         ResponseScratch& scratch, float* response) const {
  const Choice choice = choose(view, landmark);
  const int side = window + support() - 1;
  const int stride = paddedToVector(window * window / 2);
  const std::size_t needed = widest_ * stride;
  if (scratch.in.size() < needed) scratch.in.resize(needed);
  if (scratch.out.size() < needed) scratch.out.resize(needed);

  if (choice.mirrored) {
    std::array<float, kMaxAreaCells> flipped;
    flipRows(area, side, flipped.data());
    gatherPatches(flipped.data(), support(), window, stride, scratch.in.data());
  } else {
    gatherPatches(area, support(), window, stride, scratch.in.data());
  }
  float* in = scratch.in.data();
  float* out = scratch.out.data();
  for (const CenLayer& layer : choice.expert->layers) {
    const int outputs = layer.weights.rows;
    matrixTimesColumns(layer.weights.values.data(), layer.bias.data(), outputs, layer.weights.cols,
                       in, stride, out);
    activate(layer.activation, out, static_cast<std::size_t>(outputs) * stride);
    std::swap(in, out);
  }
  if (!choice.mirrored) {
    spread(in, window, response);
    return;
  }
  std::array<float, kMaxResponseCells> flipped;
  spread(in, window, flipped.data());
  flipRows(flipped.data(), window, response);
}

}  // namespace frontalis
