#pragma once

#include <cstddef>

namespace frontalis {

/// out[i] = sum_j in[j] * rows[j * stride + i] for i < stride, a multiple of eight.
void vectorTimesMatrix(const float* in, const float* rows, int count, int stride, float* out);

/// out[o * stride + p] = sum_k weights[o * inputs + k] * in[k * stride + p] + bias[o] for
/// p < stride, a multiple of eight.
void matrixTimesColumns(const float* weights, const float* bias, int outputs, int inputs,
                        const float* in, int stride, float* out);

}  // namespace frontalis
