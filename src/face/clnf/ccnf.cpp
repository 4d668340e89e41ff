#include "face/clnf/ccnf.h"

#include <algorithm>
#include <array>

#include "face/clnf/patch_area.h"
#include "face/clnf/patch_norms.h"
#include "util/simd.h"
#include "util/try.h"

namespace frontalis {

namespace {

// Neurons with a smaller alpha are left out of the response, though not of the smoothing (7.3).
constexpr double kSmallestAlpha = 1e-4;

/// Correlation of one group of eight neurons with the patches at kRows x kCols neighbouring
/// positions: lane = neuron, so no position and no im2col copy is wasted at any window size.
template <int kRows, int kCols>
inline void correlate(const float* area, int side, int support, const float* weights, F8* out,
                      int out_stride) {
  std::array<F8, static_cast<std::size_t>(kRows) * kCols> sum;
  sum.fill(F8::zero());
  for (int y = 0; y < support; ++y) {
    const float* row = area + y * side;
    for (int x = 0; x < support; ++x) {
      const F8 w = F8::load(weights);
      weights += 8;
      for (int r = 0; r < kRows; ++r) {
        for (int c = 0; c < kCols; ++c) {
          F8& s = sum[r * kCols + c];
          s = multiplyAdd(w, F8::all(row[r * side + x + c]), s);
        }
      }
    }
  }
  for (int r = 0; r < kRows; ++r) {
    for (int c = 0; c < kCols; ++c) out[r * out_stride + c] = sum[r * kCols + c];
  }
}

template <int kCols>
void correlateRow(const float* area, int side, int support, const float* weights, F8* out) {
  correlate<1, kCols>(area, side, support, weights, out, kCols);
}

/// All positions of a window. Blocks are chosen so that the sums fit into the sixteen registers of
/// AVX2 and are enough to hide the latency of a multiply-add.
void correlateWindow(const float* area, int window, int support, const float* weights, F8* out) {
  const int side = window + support - 1;
  int r = 0;
  switch (window) {
    case 3:
      correlate<3, 3>(area, side, support, weights, out, 3);
      return;
    case 5:
      for (; r + 2 <= 5; r += 2)
        correlate<2, 5>(area + r * side, side, support, weights, out + r * 5, 5);
      correlate<1, 5>(area + r * side, side, support, weights, out + r * 5, 5);
      return;
    case 7:
      for (; r + 2 <= 7; r += 2)
        correlate<2, 7>(area + r * side, side, support, weights, out + r * 7, 7);
      correlate<1, 7>(area + r * side, side, support, weights, out + r * 7, 7);
      return;
    case 9:
      for (; r < 9; ++r) correlateRow<9>(area + r * side, side, support, weights, out + r * 9);
      return;
    case 11:
      for (; r < 11; ++r) correlateRow<11>(area + r * side, side, support, weights, out + r * 11);
      return;
    default:
      break;
  }
  for (; r < window; ++r) {
    int c = 0;
    for (; c + 8 <= window; c += 8) {
      correlateRow<8>(area + r * side + c, side, support, weights, out + r * window + c);
    }
    for (; c < window; ++c) {
      correlateRow<1>(area + r * side + c, side, support, weights, out + r * window + c);
    }
  }
}

}  // namespace

Result<std::unique_ptr<CcnfExperts>> CcnfExperts::create(const CcnfFile& file,
                                                         std::span<const int> windows,
                                                         const std::string& name) {
  int support = 0;
  for (const CcnfExpert& e : file.experts) {
    if (!e.neurons.empty()) support = e.width;
  }
  if (support < 1 || support > kMaxExpertSupport) {
    return Error{ErrorCode::kUnsupported, name + " has experts of " + std::to_string(support) +
                                              " px, at most " + std::to_string(kMaxExpertSupport) +
                                              " are supported"};
  }
  std::unique_ptr<CcnfExperts> experts(
      new CcnfExperts(static_cast<float>(file.scale), support, file.views));
  std::vector<FieldBasis> bases;
  for (const SigmaWindow& sigma : file.windows) {
    if (sigma.matrices.empty() || sigma.window > kMaxResponseWindow) continue;
    if (std::find(windows.begin(), windows.end(), sigma.window) == windows.end()) continue;
    bases.emplace_back(sigma);
    experts->field_windows_.push_back(sigma.window);
  }

  const std::size_t cells = static_cast<std::size_t>(support) * support;
  for (const CcnfExpert& source : file.experts) {
    Expert e;
    e.weights = experts->weights_.size();
    e.neurons = experts->neurons_.size();
    e.confidence = static_cast<float>(source.confidence);
    if (source.neurons.empty()) {
      experts->experts_.push_back(std::move(e));
      continue;
    }
    e.groups = static_cast<int>((source.neurons.size() + 7) / 8);
    experts->weights_.resize(e.weights + static_cast<std::size_t>(e.groups) * cells * 8, 0.f);
    experts->neurons_.resize(e.neurons + static_cast<std::size_t>(e.groups) * 16, 0.f);
    double alpha_sum = 0;
    for (std::size_t i = 0; i < source.neurons.size(); ++i) {
      const CcnfNeuron& neuron = source.neurons[i];
      alpha_sum += neuron.alpha;
      if (neuron.alpha <= kSmallestAlpha) continue;
      float* weights = experts->weights_.data() + e.weights + i / 8 * cells * 8 + i % 8;
      // Weights without their mean give the same sums on patches with or without theirs.
      double mean = 0;
      for (const float w : neuron.weights.values) mean += w;
      mean /= static_cast<double>(cells);
      for (std::size_t k = 0; k < cells; ++k) {
        weights[8 * k] = static_cast<float>(neuron.norm * (neuron.weights.values[k] - mean));
      }
      float* lane = experts->neurons_.data() + e.neurons + i / 8 * 16 + i % 8;
      lane[0] = static_cast<float>(neuron.bias);
      lane[8] = static_cast<float>(2 * neuron.alpha);
    }
    if (!(alpha_sum > 0)) {
      return Error{ErrorCode::kCorrupt,
                   name + ": the alphas of an expert add up to " + std::to_string(alpha_sum)};
    }
    e.alpha_sum = static_cast<float>(alpha_sum);
    for (const FieldBasis& basis : bases) {
      Result<FieldSmoothing> field = FieldSmoothing::create(basis, alpha_sum, source.betas);
      if (!field.ok()) return Error{field.error().code, name + ": " + field.error().message};
      e.fields.push_back(std::move(field).value());
    }
    experts->experts_.push_back(std::move(e));
  }
  return experts;
}

float CcnfExperts::confidence(int view, int landmark) const {
  return expert(view, landmark).confidence;
}

void CcnfExperts::neuronSum(int view, int landmark, const float* area, int window,
                            float* response) const {
  const Expert& e = expert(view, landmark);
  const int side = window + support() - 1;
  const int positions = window * window;
  std::array<float, static_cast<std::size_t>(kMaxAreaSide) * kMaxAreaSide> centred;
  std::array<float, kMaxResponseCells> inverse_norms;
  std::array<F8, kMaxResponseCells + 7> sum;
  removeOffset(area, side * side, centred.data());
  inversePatchNorms(centred.data(), support(), window, inverse_norms.data());
  for (int g = 0; g < e.groups; ++g) {
    const std::size_t cells = static_cast<std::size_t>(support()) * support();
    correlateWindow(centred.data(), window, support(), weights_.data() + e.weights + g * cells * 8,
                    sum.data());
    const float* lanes = neurons_.data() + e.neurons + static_cast<std::ptrdiff_t>(g) * 16;
    const F8 bias = F8::load(lanes);
    const F8 height = F8::load(lanes + 8);
    const F8 one = F8::all(1);
    for (int p = 0; p < positions; ++p) {
      const F8 z = multiplyAdd(sum[p], F8::all(inverse_norms[p]), bias);
      sum[p] = height / (one + exponential(F8::zero() - z));
    }
    for (int p = positions; p % 8 != 0; ++p) sum[p] = F8::zero();
    for (int p = 0; p < positions; p += 8) {
      F8 total = sums({sum[p], sum[p + 1], sum[p + 2], sum[p + 3], sum[p + 4], sum[p + 5],
                       sum[p + 6], sum[p + 7]});
      std::array<float, 8> values;
      if (g > 0) {
        for (int k = 0; k < 8; ++k) values[k] = p + k < positions ? response[p + k] : 0.f;
        total = total + F8::load(values.data());
      }
      if (p + 8 <= positions) {
        total.store(response + p);
      } else {
        total.store(values.data());
        for (int k = 0; p + k < positions; ++k) response[p + k] = values[k];
      }
    }
  }
}

void CcnfExperts::respond(int view, int landmark, const float* area, int window, ResponseScratch&,
                          float* response) const {
  neuronSum(view, landmark, area, window, response);
  const Expert& e = expert(view, landmark);
  const int positions = window * window;
  const auto field = std::find(field_windows_.begin(), field_windows_.end(), window);
  if (field != field_windows_.end()) {
    e.fields[field - field_windows_.begin()].apply(response);
  } else {
    const float factor = 1.f / (2.f * e.alpha_sum);
    for (int p = 0; p < positions; ++p) response[p] *= factor;
  }
  const float lowest = *std::min_element(response, response + positions);
  if (lowest < 0) {
    for (int p = 0; p < positions; ++p) response[p] -= lowest;
  }
}

}  // namespace frontalis
