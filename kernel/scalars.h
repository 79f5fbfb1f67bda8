/* scalars.h: powers, logarithms and angles of single numbers, in double.
 *
 * For coefficients and meters, never per sample. Argument reduction, then the series named
 * beside each one, long enough for 1e-12. No library is needed, so that the native build and
 * the one for the web compute the same numbers.
 */
#ifndef ISOBATH_SCALARS_H
#define ISOBATH_SCALARS_H
#include <stdint.h>
#include <string.h>

#define PI 3.14159265358979323846

/* e^x = 2^n e^r, |r| <= ln2/2: Taylor series. Below -700 it is 0, above 700 it stays there. */
static inline double scalar_exp(double x) {
  if (!(x > -700.0)) return 0.0;
  if (x > 700.0) x = 700.0;
  double turns = x * 1.4426950408889634;
  int64_t n = (int64_t)(turns < 0 ? turns - 0.5 : turns + 0.5);
  double r = x - (double)n * 0.6931471805599453, sum = 1.0;
  for (int k = 13; k > 0; k--) sum = 1.0 + sum * r / k;
  uint64_t bits = (uint64_t)(n + 1023) << 52;
  double power;
  memcpy(&power, &bits, 8);
  return sum * power;
}

/* ln x = n ln2 + 2 artanh((m - 1)/(m + 1)), 1 <= m < 2. Of 0 or less: -700. */
static inline double scalar_log(double x) {
  if (!(x > 1e-300)) return -700.0;
  uint64_t bits;
  memcpy(&bits, &x, 8);
  int64_t n = (int64_t)(bits >> 52) - 1023;
  bits = (bits & 0xfffffffffffffull) | 0x3ff0000000000000ull;
  double m;
  memcpy(&m, &bits, 8);
  double s = (m - 1.0) / (m + 1.0), q = s * s, sum = 0.0;
  for (int k = 27; k > 0; k -= 2) sum = sum * q + 1.0 / k;
  return (double)n * 0.6931471805599453 + 2.0 * s * sum;
}

/* sin x for |x| <= pi: Taylor series. */
static inline double scalar_sin(double x) {
  double q = x * x, sum = 1.0;
  for (int k = 25; k > 1; k -= 2) sum = 1.0 - sum * q / (k * (k - 1));
  return x * sum;
}
static inline double scalar_cos(double x) { return scalar_sin(PI / 2 - (x < 0 ? -x : x)); }
static inline double scalar_tan(double x) { return scalar_sin(x) / scalar_cos(x); }

/* Newton's iteration on the reciprocal root, from a guess in the exponent; 0 of 0 or less. */
static inline double scalar_root(double x) {
  if (!(x > 1e-300)) return 0.0;
  uint64_t bits;
  memcpy(&bits, &x, 8);
  bits = 0x5fe6eb50c7b537a9ull - (bits >> 1);
  double y;
  memcpy(&y, &bits, 8);
  for (int k = 0; k < 5; k++) y *= 1.5 - 0.5 * x * y * y;
  return x * y;
}

static inline double from_db(double db) { return scalar_exp(db * 0.11512925464970229); }
static inline double to_db(double gain) { return scalar_log(gain) * 8.685889638065037; }
static inline int is_number(float x) { return x - x == 0.0f; }
static inline float between(float low, float x, float high) { return x < low ? low : x > high ? high : x; }
#endif
