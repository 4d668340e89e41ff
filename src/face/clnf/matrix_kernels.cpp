#include "face/clnf/matrix_kernels.h"

#include <algorithm>
#include <array>

#include "util/simd.h"

namespace frontalis {

namespace {

template <int kVectors>
void accumulate(const float* in, const float* rows, int count, int stride, float* out) {
  std::array<F8, kVectors> sum;
  sum.fill(F8::zero());
  for (int j = 0; j < count; ++j) {
    const F8 x = F8::all(in[j]);
    const float* row = rows + static_cast<std::ptrdiff_t>(j) * stride;
    for (int k = 0; k < kVectors; ++k) sum[k] = multiplyAdd(F8::load(row + 8 * k), x, sum[k]);
  }
  for (int k = 0; k < kVectors; ++k) sum[k].store(out + 8 * k);
}

template <int kOutputs, int kVectors>
void product(const float* weights, const float* bias, int inputs, const float* in, int stride,
             float* out) {
  std::array<F8, static_cast<std::size_t>(kOutputs) * kVectors> sum;
  for (int o = 0; o < kOutputs; ++o) {
    for (int v = 0; v < kVectors; ++v) sum[o * kVectors + v] = F8::all(bias[o]);
  }
  for (int k = 0; k < inputs; ++k) {
    const float* row = in + static_cast<std::ptrdiff_t>(k) * stride;
    for (int v = 0; v < kVectors; ++v) {
      const F8 x = F8::load(row + 8 * v);
      for (int o = 0; o < kOutputs; ++o) {
        F8& s = sum[o * kVectors + v];
        s = multiplyAdd(F8::all(weights[static_cast<std::ptrdiff_t>(o) * inputs + k]), x, s);
      }
    }
  }
  for (int o = 0; o < kOutputs; ++o) {
    for (int v = 0; v < kVectors; ++v) {
      sum[o * kVectors + v].store(out + static_cast<std::ptrdiff_t>(o) * stride + 8 * v);
    }
  }
}

template <int kOutputs>
void productColumns(const float* weights, const float* bias, int inputs, const float* in,
                    int stride, float* out) {
  int p = 0;
  for (; p + 24 <= stride; p += 24) {
    product<kOutputs, 3>(weights, bias, inputs, in + p, stride, out + p);
  }
  if (p + 16 <= stride) {
    product<kOutputs, 2>(weights, bias, inputs, in + p, stride, out + p);
  } else if (p + 8 <= stride) {
    product<kOutputs, 1>(weights, bias, inputs, in + p, stride, out + p);
  }
}

}  // namespace

void vectorTimesMatrix(const float* in, const float* rows, int count, int stride, float* out) {
  for (int done = 0; done < stride;) {
    const int vectors = std::min((stride - done) / 8, 8);
    const float* part = rows + done;
    float* to = out + done;
    switch (vectors) {
      case 1:
        accumulate<1>(in, part, count, stride, to);
        break;
      case 2:
        accumulate<2>(in, part, count, stride, to);
        break;
      case 3:
        accumulate<3>(in, part, count, stride, to);
        break;
      case 4:
        accumulate<4>(in, part, count, stride, to);
        break;
      case 5:
        accumulate<5>(in, part, count, stride, to);
        break;
      case 6:
        accumulate<6>(in, part, count, stride, to);
        break;
      case 7:
        accumulate<7>(in, part, count, stride, to);
        break;
      default:
        accumulate<8>(in, part, count, stride, to);
        break;
    }
    done += 8 * vectors;
  }
}

void matrixTimesColumns(const float* weights, const float* bias, int outputs, int inputs,
                        const float* in, int stride, float* out) {
  int o = 0;
  for (; o + 4 <= outputs; o += 4) {
    productColumns<4>(weights + static_cast<std::ptrdiff_t>(o) * inputs, bias + o, inputs, in,
                      stride, out + static_cast<std::ptrdiff_t>(o) * stride);
  }
  for (; o < outputs; ++o) {
    productColumns<1>(weights + static_cast<std::ptrdiff_t>(o) * inputs, bias + o, inputs, in,
                      stride, out + static_cast<std::ptrdiff_t>(o) * stride);
  }
}

}  // namespace frontalis
