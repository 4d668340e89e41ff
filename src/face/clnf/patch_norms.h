#pragma once

namespace frontalis {

/// For each of window x window patches of support x support values inside an area (row-major,
/// side window + support - 1): 1 / L2 norm of the patch after its mean is removed; 1 where the
/// patch is flat. Exact sums in double, so that a flat patch beside a strong edge keeps its digits.
void inversePatchNorms(const float* area, int support, int window, float* inverse_norms);

/// Moves the area's values so that their mean is small: less cancellation, and exact, because the
/// values are multiples of 1/1024 and the shift is a whole number.
void removeOffset(const float* area, int count, float* centred);

}  // namespace frontalis
