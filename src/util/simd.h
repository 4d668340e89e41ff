#pragma once

#include <array>
#include <bit>
#include <cmath>
#include <cstddef>
#include <cstdint>

#if defined(__AVX2__) && defined(__FMA__)
#include <immintrin.h>
#endif

namespace frontalis {

/// Eight floats side by side: one AVX register where the build has AVX2 and FMA, else a plain array
/// that the compiler vectorises as it can. Used by the hand-written kernels.
#if defined(__AVX2__) && defined(__FMA__)

struct F8 {
  __m256 v;

  static F8 zero() { return {_mm256_setzero_ps()}; }
  static F8 all(float x) { return {_mm256_set1_ps(x)}; }
  static F8 load(const float* p) { return {_mm256_loadu_ps(p)}; }
  void store(float* p) const { _mm256_storeu_ps(p, v); }
};

inline F8 operator+(F8 a, F8 b) { return {_mm256_add_ps(a.v, b.v)}; }
inline F8 operator-(F8 a, F8 b) { return {_mm256_sub_ps(a.v, b.v)}; }
inline F8 operator*(F8 a, F8 b) { return {_mm256_mul_ps(a.v, b.v)}; }
inline F8 operator/(F8 a, F8 b) { return {_mm256_div_ps(a.v, b.v)}; }
inline F8 min(F8 a, F8 b) { return {_mm256_min_ps(a.v, b.v)}; }
inline F8 max(F8 a, F8 b) { return {_mm256_max_ps(a.v, b.v)}; }
/// a * b + c, rounded once where the processor can.
inline F8 multiplyAdd(F8 a, F8 b, F8 c) { return {_mm256_fmadd_ps(a.v, b.v, c.v)}; }

inline F8 roundToInt(F8 a) {
  return {_mm256_round_ps(a.v, _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC)};
}

/// 2^n for whole n in [-126, 127].
inline F8 powerOfTwo(F8 n) {
  const __m256i exponent = _mm256_add_epi32(_mm256_cvtps_epi32(n.v), _mm256_set1_epi32(127));
  return {_mm256_castsi256_ps(_mm256_slli_epi32(exponent, 23))};
}

inline float sum(F8 a) {
  __m128 s = _mm_add_ps(_mm256_castps256_ps128(a.v), _mm256_extractf128_ps(a.v, 1));
  s = _mm_add_ps(s, _mm_movehl_ps(s, s));
  s = _mm_add_ss(s, _mm_movehdup_ps(s));
  return _mm_cvtss_f32(s);
}

/// The sums of eight vectors, in order.
inline F8 sums(const std::array<F8, 8>& a) {
  const __m256 s01 = _mm256_hadd_ps(a[0].v, a[1].v);
  const __m256 s23 = _mm256_hadd_ps(a[2].v, a[3].v);
  const __m256 s45 = _mm256_hadd_ps(a[4].v, a[5].v);
  const __m256 s67 = _mm256_hadd_ps(a[6].v, a[7].v);
  const __m256 s0123 = _mm256_hadd_ps(s01, s23);
  const __m256 s4567 = _mm256_hadd_ps(s45, s67);
  return {_mm256_add_ps(_mm256_permute2f128_ps(s0123, s4567, 0x20),
                        _mm256_permute2f128_ps(s0123, s4567, 0x31))};
}

#else

struct F8 {
  float v[8];

  static F8 zero() { return all(0); }
  static F8 all(float x) { return {{x, x, x, x, x, x, x, x}}; }
  static F8 load(const float* p) {
    F8 a;
    for (int i = 0; i < 8; ++i) a.v[i] = p[i];
    return a;
  }
  void store(float* p) const {
    for (int i = 0; i < 8; ++i) p[i] = v[i];
  }
};

namespace simd_detail {
template <class Op>
inline F8 map(F8 a, F8 b, Op op) {
  for (int i = 0; i < 8; ++i) a.v[i] = op(a.v[i], b.v[i]);
  return a;
}
}  // namespace simd_detail

inline F8 operator+(F8 a, F8 b) {
  return simd_detail::map(a, b, [](float x, float y) { return x + y; });
}
inline F8 operator-(F8 a, F8 b) {
  return simd_detail::map(a, b, [](float x, float y) { return x - y; });
}
inline F8 operator*(F8 a, F8 b) {
  return simd_detail::map(a, b, [](float x, float y) { return x * y; });
}
inline F8 operator/(F8 a, F8 b) {
  return simd_detail::map(a, b, [](float x, float y) { return x / y; });
}
inline F8 min(F8 a, F8 b) {
  return simd_detail::map(a, b, [](float x, float y) { return x < y ? x : y; });
}
inline F8 max(F8 a, F8 b) {
  return simd_detail::map(a, b, [](float x, float y) { return x > y ? x : y; });
}
inline F8 multiplyAdd(F8 a, F8 b, F8 c) {
#if defined(__ARM_FEATURE_FMA)
  for (int i = 0; i < 8; ++i) c.v[i] = std::fma(a.v[i], b.v[i], c.v[i]);
#else
  for (int i = 0; i < 8; ++i) c.v[i] += a.v[i] * b.v[i];
#endif
  return c;
}
inline F8 roundToInt(F8 a) {
  for (int i = 0; i < 8; ++i) a.v[i] = std::nearbyint(a.v[i]);
  return a;
}
inline F8 powerOfTwo(F8 n) {
  for (int i = 0; i < 8; ++i) {
    n.v[i] = std::bit_cast<float>((static_cast<std::int32_t>(n.v[i]) + 127) << 23);
  }
  return n;
}
inline float sum(F8 a) {
  return ((a.v[0] + a.v[4]) + (a.v[2] + a.v[6])) + ((a.v[1] + a.v[5]) + (a.v[3] + a.v[7]));
}
inline F8 sums(const std::array<F8, 8>& a) {
  F8 s;
  for (std::size_t i = 0; i < 8; ++i) s.v[i] = sum(a[i]);
  return s;
}

#endif

/// e^x, relative error below 2e-7 for x in [-87, 88]; clamped outside. Range reduction by ln 2 in
/// two parts and a polynomial of degree 6 (Cody and Waite; coefficients are the Taylor series',
/// whose remainder on |r| <= ln2 / 2 is 1.2e-7).
inline F8 exponential(F8 x) {
  x = min(max(x, F8::all(-87.f)), F8::all(88.f));
  const F8 n = roundToInt(x * F8::all(1.44269504f));
  F8 r = multiplyAdd(n, F8::all(-0.693359375f), x);
  r = multiplyAdd(n, F8::all(2.12194440e-4f), r);
  F8 p = F8::all(1.f / 5040);
  p = multiplyAdd(p, r, F8::all(1.f / 720));
  p = multiplyAdd(p, r, F8::all(1.f / 120));
  p = multiplyAdd(p, r, F8::all(1.f / 24));
  p = multiplyAdd(p, r, F8::all(1.f / 6));
  p = multiplyAdd(p, r, F8::all(0.5f));
  p = multiplyAdd(p, r, F8::all(1.f));
  p = multiplyAdd(p, r, F8::all(1.f));
  return p * powerOfTwo(n);
}

/// Rounded up to whole vectors.
constexpr int paddedToVector(int n) { return (n + 7) / 8 * 8; }

}  // namespace frontalis
