/* lanes.h: several floats at once, and the few functions a coder needs of them.
 *
 * One source serves every machine: the compiler's vector types become SSE, AVX, AVX-512,
 * NEON or WebAssembly SIMD. Results of a lane never depend on its neighbours, so however a
 * signal is cut into calls, the same samples come out.
 *
 * Approximations are our own: argument reduction, then the series named beside each one,
 * cut where it is exact to about 1e-7.
 */
#ifndef ISOBATH_LANES_H
#define ISOBATH_LANES_H
#include <stdint.h>
#include <string.h>

#if defined(__AVX512F__)
#define LANES 16
#elif defined(__AVX2__)
#define LANES 8
#else
#define LANES 4
#endif

#if defined(__F16C__) || defined(__AVX512F__)
#include <immintrin.h>
#define HALF_WEIGHTS 1   /* half-precision weights stay as they are and are widened on the way in */
#elif defined(__aarch64__)
#include <arm_neon.h>
#define HALF_WEIGHTS 1
#else
#define HALF_WEIGHTS 0   /* widened once, at init */
#endif

#if defined(__SSE2__) || defined(__wasm_simd128__)
#define WHOLE_PRODUCTS 1 /* pairs of 16-bit numbers are multiplied and added in one instruction */
#if defined(__SSE2__)
#include <immintrin.h>
#endif
#else
#define WHOLE_PRODUCTS 0
#endif

typedef float lanes __attribute__((vector_size(4 * LANES)));
typedef int32_t ilanes __attribute__((vector_size(4 * LANES)));
typedef uint32_t ulanes __attribute__((vector_size(4 * LANES)));
typedef int16_t narrow_lanes __attribute__((vector_size(2 * LANES)));
typedef float anywhere __attribute__((vector_size(4 * LANES), aligned(4), may_alias));

#define INLINE static inline __attribute__((always_inline))

INLINE lanes load(const float *p) { return *(const anywhere *)p; }
INLINE void store(float *p, lanes v) { *(anywhere *)p = v; }
INLINE lanes all(float x) { return x - (lanes){0}; }
INLINE ulanes all_bits(uint32_t x) { return x - (ulanes){0}; }

/* The first n lanes; the others read as 0 and are not written. */
INLINE lanes load_some(const float *p, int n) {
  float buffer[LANES] = {0};
  memcpy(buffer, p, (size_t)n * 4);
  return load(buffer);
}
INLINE void store_some(float *p, lanes v, int n) {
  float buffer[LANES];
  store(buffer, v);
  memcpy(p, buffer, (size_t)n * 4);
}

INLINE lanes load_half(const uint16_t *p) {
#if defined(__AVX512F__)
  return (lanes)_mm512_cvtph_ps(_mm256_loadu_si256((const __m256i *)p));
#elif defined(__F16C__) && LANES == 8
  return (lanes)_mm256_cvtph_ps(_mm_loadu_si128((const __m128i *)p));
#elif defined(__aarch64__)
  return (lanes)vcvt_f32_f16(vld1_f16((const __fp16 *)p));
#else
  (void)p;
  return (lanes){0};
#endif
}

/* a + b * c; one rounding where the machine can. */
INLINE lanes multiply_add(lanes a, lanes b, lanes c) {
#if defined(__wasm_relaxed_simd__)
  return (lanes)__builtin_wasm_relaxed_madd_f32x4(b, c, a);
#else
  return a + b * c;
#endif
}

/* sum + a0 b0 + a1 b1, every lane of a and b being two whole numbers of 16 bits. */
#if WHOLE_PRODUCTS
INLINE ilanes add_pairs(ilanes sum, ilanes a, ilanes b) {
#if defined(__AVX512VNNI__)
  return (ilanes)_mm512_dpwssd_epi32((__m512i)sum, (__m512i)a, (__m512i)b);
#elif LANES == 16
  return (ilanes)((ulanes)sum + (ulanes)_mm512_madd_epi16((__m512i)a, (__m512i)b));
#elif LANES == 8
  return (ilanes)((ulanes)sum + (ulanes)_mm256_madd_epi16((__m256i)a, (__m256i)b));
#elif defined(__SSE2__)
  return (ilanes)((ulanes)sum + (ulanes)_mm_madd_epi16((__m128i)a, (__m128i)b));
#else
  typedef short shorts __attribute__((vector_size(16)));
  return (ilanes)((ulanes)sum + (ulanes)__builtin_wasm_dot_s_i32x4_i16x8((shorts)a, (shorts)b));
#endif
}
#endif

INLINE lanes choose(ilanes which, lanes yes, lanes no) {
  return (lanes)((which & (ilanes)yes) | (~which & (ilanes)no));
}
/* The smaller and the larger; where one is not a number, b. One instruction each, if the machine has it. */
#if LANES == 16
INLINE lanes smaller(lanes a, lanes b) { return (lanes)_mm512_min_ps((__m512)a, (__m512)b); }
INLINE lanes larger(lanes a, lanes b) { return (lanes)_mm512_max_ps((__m512)a, (__m512)b); }
#elif LANES == 8
INLINE lanes smaller(lanes a, lanes b) { return (lanes)_mm256_min_ps((__m256)a, (__m256)b); }
INLINE lanes larger(lanes a, lanes b) { return (lanes)_mm256_max_ps((__m256)a, (__m256)b); }
#elif defined(__SSE2__)
INLINE lanes smaller(lanes a, lanes b) { return (lanes)_mm_min_ps((__m128)a, (__m128)b); }
INLINE lanes larger(lanes a, lanes b) { return (lanes)_mm_max_ps((__m128)a, (__m128)b); }
#elif defined(__wasm_simd128__)
INLINE lanes smaller(lanes a, lanes b) { return (lanes)__builtin_wasm_pmin_f32x4(b, a); }
INLINE lanes larger(lanes a, lanes b) { return (lanes)__builtin_wasm_pmax_f32x4(b, a); }
#else
INLINE lanes smaller(lanes a, lanes b) { return choose(a < b, a, b); }
INLINE lanes larger(lanes a, lanes b) { return choose(a > b, a, b); }
#endif
INLINE lanes magnitude(lanes x) { return (lanes)((ilanes)x & 0x7fffffff); }
INLINE lanes leaky(lanes x) { return larger(x, x * 0.2f); }

/* The largest lane, in every lane. */
INLINE lanes largest(lanes x) {
#if LANES == 16
  x = larger(x, __builtin_shufflevector(x, x, 8, 9, 10, 11, 12, 13, 14, 15, 0, 1, 2, 3, 4, 5, 6, 7));
  x = larger(x, __builtin_shufflevector(x, x, 4, 5, 6, 7, 0, 1, 2, 3, 12, 13, 14, 15, 8, 9, 10, 11));
  x = larger(x, __builtin_shufflevector(x, x, 2, 3, 0, 1, 6, 7, 4, 5, 10, 11, 8, 9, 14, 15, 12, 13));
  return larger(x, __builtin_shufflevector(x, x, 1, 0, 3, 2, 5, 4, 7, 6, 9, 8, 11, 10, 13, 12, 15, 14));
#elif LANES == 8
  x = larger(x, __builtin_shufflevector(x, x, 4, 5, 6, 7, 0, 1, 2, 3));
  x = larger(x, __builtin_shufflevector(x, x, 2, 3, 0, 1, 6, 7, 4, 5));
  return larger(x, __builtin_shufflevector(x, x, 1, 0, 3, 2, 5, 4, 7, 6));
#else
  x = larger(x, __builtin_shufflevector(x, x, 2, 3, 0, 1));
  return larger(x, __builtin_shufflevector(x, x, 1, 0, 3, 2));
#endif
}

/* e^x = 2^n e^r, |r| <= ln2/2, Taylor series of e^r. NaN in, some finite number out. */
INLINE lanes exponential(lanes x) {
  x = larger(all(-87.0f), smaller(x, all(88.0f)));
  const lanes shift = all(12582912.0f);               /* 1.5 * 2^23: rounds to whole numbers */
  lanes n = (x * 1.44269504f + shift) - shift;
  lanes r = (x - n * 0.693359375f) + n * 2.12194440e-4f;
  lanes p = all(1.0f / 5040);
  p = p * r + 1.0f / 720;
  p = p * r + 1.0f / 120;
  p = p * r + 1.0f / 24;
  p = p * r + 1.0f / 6;
  p = p * r + 0.5f;
  p = p * r + 1.0f;
  p = p * r + 1.0f;
  ulanes power = (ulanes)(__builtin_convertvector(n, ilanes) + 127) << 23;
  return p * (lanes)power;
}

/* ln(x) of a normal positive x = 2^n m: 2 artanh((m-1)/(m+1)), m within a factor sqrt2 of 1. */
INLINE lanes logarithm(lanes x) {
  ilanes bits = (ilanes)x;
  ilanes n = (bits - 0x3f3504f3) >> 23;               /* 0x3f3504f3 is sqrt(1/2) */
  lanes m = (lanes)((ulanes)bits - ((ulanes)n << 23));
  lanes s = (m - 1.0f) / (m + 1.0f);
  lanes q = s * s;
  lanes p = all(2.0f / 9);
  p = p * q + 2.0f / 7;
  p = p * q + 2.0f / 5;
  p = p * q + 2.0f / 3;
  p = p * q + 2.0f;
  lanes e = __builtin_convertvector(n, lanes);
  return e * 0.693359375f + (p * s - e * 2.12194440e-4f);
}

INLINE lanes sigmoid(lanes x) { return 1.0f / (1.0f + exponential(-x)); }
INLINE lanes hyperbolic_tangent(lanes x) { return 1.0f - 2.0f / (exponential(x * 2.0f) + 1.0f); }

/* The amplitude curve g(x) = 2 sigmoid(x)^2.3 + 1e-7 (RAVE). */
INLINE lanes amplitude_curve(lanes x) {
  lanes s = sigmoid(larger(x, all(-80.0f)));
  return 2.0f * exponential(2.3f * logarithm(s)) + 1e-7f;
}

/* cos(2 pi phase / 2^32): with y = 1/4 - |turns|, sin(2 pi y), fitted for |y| <= 1/4. */
INLINE lanes cosine_of_phase(ulanes phase) {
  lanes turns = __builtin_convertvector((ilanes)phase, lanes) * (1.0f / 4294967296.0f);
  lanes y = 0.25f - magnitude(turns);
  lanes q = y * y;
  lanes p = all(39.5367059681f);
  p = p * q + -76.5497822808f;
  p = p * q + 81.6010040727f;
  p = p * q + -41.3416550314f;
  p = p * q + 6.28318516009f;
  return p * y;
}

/* Uniform noise of one row and channel, -1..1: an integer hash, so it can be asked for anywhere. */
INLINE lanes noise_at(ulanes x) {
  x ^= x >> 16;
  x *= 0x7feb352du;
  x ^= x >> 15;
  x *= 0x846ca68bu;
  x ^= x >> 16;
  return __builtin_convertvector((ilanes)x, lanes) * (1.0f / 2147483648.0f);
}
#endif
