/* spectra.c: see spectra.h.
 *
 * Real frames of n samples are complex ones of n/2, even samples and odd ones; transforms of radix 4 leave
 * bins with their bits reversed, and are undone from there, so nothing is ever sorted.
 */
#include "spectra.h"
#include "../lanes.h"

typedef struct {
  lanes re, im;
} pair;

INLINE lanes root(lanes x) {
#if LANES == 16
  return (lanes)_mm512_sqrt_ps((__m512)x);
#elif LANES == 8
  return (lanes)_mm256_sqrt_ps((__m256)x);
#elif defined(__SSE2__)
  return (lanes)_mm_sqrt_ps((__m128)x);
#elif defined(__aarch64__)
  return (lanes)vsqrtq_f32((float32x4_t)x);
#else
  lanes y;
  for (int i = 0; i < LANES; i++) y[i] = __builtin_sqrtf(x[i]);
  return y;
#endif
}

INLINE pair add(pair a, pair b) { return (pair){a.re + b.re, a.im + b.im}; }
INLINE pair less(pair a, pair b) { return (pair){a.re - b.re, a.im - b.im}; }
INLINE pair conjugate(pair a) { return (pair){a.re, -a.im}; }
INLINE pair turned_left(pair a) { return (pair){-a.im, a.re}; } /* times i */
INLINE pair scaled(pair a, lanes by) { return (pair){a.re * by, a.im * by}; }
/* Times c + i s, and times c - i s. */
INLINE pair onwards(pair a, const float *t) {
  return (pair){a.re * t[0] - a.im * t[1], a.im * t[0] + a.re * t[1]};
}
INLINE pair backwards(pair a, const float *t) {
  return (pair){a.re * t[0] + a.im * t[1], a.im * t[0] - a.re * t[1]};
}

/* Time to bins in reversed order; depth first, so that all but the first passes stay in the first cache. */
static void fall(pair *x, int size, const float *turns, int step) {
  if (size == 2) {
    pair a = x[0], b = x[1];
    x[0] = add(a, b);
    x[1] = less(a, b);
    return;
  }
  int q = size / 4;
  for (int j = 0; j < q; j++) {
    pair a = x[j], b = x[j + q], c = x[j + 2 * q], d = x[j + 3 * q];
    pair p = add(a, c), r = less(a, c), o = add(b, d), s = turned_left(less(b, d));
    x[j] = add(p, o);
    x[j + q] = backwards(less(p, o), turns + 4 * j * step);
    x[j + 2 * q] = backwards(less(r, s), turns + 2 * j * step);
    x[j + 3 * q] = backwards(add(r, s), turns + 6 * j * step);
  }
  if (q > 1)
    for (int i = 0; i < 4; i++) fall(x + i * q, q, turns, 4 * step);
}

/* Bins in reversed order to time, without the division by their number. */
static void rise(pair *x, int size, const float *turns, int step) {
  if (size == 2) {
    fall(x, 2, turns, step);
    return;
  }
  int q = size / 4;
  if (q > 1)
    for (int i = 0; i < 4; i++) rise(x + i * q, q, turns, 4 * step);
  for (int j = 0; j < q; j++) {
    pair a = x[j], b = onwards(x[j + q], turns + 4 * j * step);
    pair c = onwards(x[j + 2 * q], turns + 2 * j * step), d = onwards(x[j + 3 * q], turns + 6 * j * step);
    pair p = add(a, b), o = less(a, b), r = add(c, d), s = turned_left(less(c, d));
    x[j] = add(p, r);
    x[j + q] = add(o, s);
    x[j + 2 * q] = less(p, r);
    x[j + 3 * q] = less(o, s);
  }
}

/* A square of numbers the other way round: in step s, elements whose row and column differ in bit s swap. */
#define SWAP(s, first, second) \
  for (int i = 0; i < LANES; i++) \
    if (!(i & s)) { \
      lanes a = x[i], b = x[i + s]; \
      x[i] = first; \
      x[i + s] = second; \
    }
#define MIX(...) __builtin_shufflevector(a, b, __VA_ARGS__)
INLINE void transpose(lanes x[LANES]) {
#if LANES == 16
#pragma GCC unroll 16
  SWAP(8, MIX(0, 1, 2, 3, 4, 5, 6, 7, 16, 17, 18, 19, 20, 21, 22, 23),
       MIX(8, 9, 10, 11, 12, 13, 14, 15, 24, 25, 26, 27, 28, 29, 30, 31))
#pragma GCC unroll 16
  SWAP(4, MIX(0, 1, 2, 3, 16, 17, 18, 19, 8, 9, 10, 11, 24, 25, 26, 27),
       MIX(4, 5, 6, 7, 20, 21, 22, 23, 12, 13, 14, 15, 28, 29, 30, 31))
#pragma GCC unroll 16
  SWAP(2, MIX(0, 1, 16, 17, 4, 5, 20, 21, 8, 9, 24, 25, 12, 13, 28, 29),
       MIX(2, 3, 18, 19, 6, 7, 22, 23, 10, 11, 26, 27, 14, 15, 30, 31))
#pragma GCC unroll 16
  SWAP(1, MIX(0, 16, 2, 18, 4, 20, 6, 22, 8, 24, 10, 26, 12, 28, 14, 30),
       MIX(1, 17, 3, 19, 5, 21, 7, 23, 9, 25, 11, 27, 13, 29, 15, 31))
#elif LANES == 8
#pragma GCC unroll 8
  SWAP(4, MIX(0, 1, 2, 3, 8, 9, 10, 11), MIX(4, 5, 6, 7, 12, 13, 14, 15))
#pragma GCC unroll 8
  SWAP(2, MIX(0, 1, 8, 9, 4, 5, 12, 13), MIX(2, 3, 10, 11, 6, 7, 14, 15))
#pragma GCC unroll 8
  SWAP(1, MIX(0, 8, 2, 10, 4, 12, 6, 14), MIX(1, 9, 3, 11, 5, 13, 7, 15))
#else
#pragma GCC unroll 4
  SWAP(2, MIX(0, 1, 4, 5), MIX(2, 3, 6, 7))
#pragma GCC unroll 4
  SWAP(1, MIX(0, 4, 2, 6), MIX(1, 5, 3, 7))
#endif
}

/* Windowed frames, one a lane; lanes beyond `count` are silent. */
static void gather(pair *z, const float *x, const ib_spectra *s, int count) {
  lanes *flat = (lanes *)z;
  for (int i = 0; i < s->n; i += LANES) {
    lanes square[LANES], w = load(s->window + i);
    for (int f = 0; f < LANES; f++)
      square[f] = f < count ? load(x + (int64_t)f * (s->n / 4) + i) * w : all(0.0f);
    transpose(square);
    for (int f = 0; f < LANES; f++) flat[i + f] = square[f];
  }
}

/* Windowed again and added up where the frames came from. */
static void scatter(const pair *z, float *x, const ib_spectra *s, int count) {
  const lanes *flat = (const lanes *)z;
  for (int i = 0; i < s->n; i += LANES) {
    lanes square[LANES], w = load(s->window + i);
    for (int f = 0; f < LANES; f++) square[f] = flat[i + f];
    transpose(square);
    for (int f = 0; f < count; f++) {
      float *at = x + (int64_t)f * (s->n / 4) + i;
      store(at, load(at) + square[f] * w);
    }
  }
}

typedef struct {
  lanes power, error, logs;
} tally;

/* One bin: what it adds to the sums, and by what the made one is multiplied for both gradients. */
INLINE void judge(pair made, pair aim, lanes floor, lanes counts, tally *sum, lanes *to_error, lanes *to_logs) {
  lanes power = aim.re * aim.re + aim.im * aim.im;
  lanes a = larger(all(1e-9f), root(made.re * made.re + made.im * made.im)), b = root(power);
  lanes error = a - b, above = a + floor;
  sum->power += power * counts;
  sum->error += error * error * counts;
  sum->logs += magnitude(logarithm(above / (b + floor))) * counts;
  lanes inverse = 1.0f / (above * a);
  lanes sign = choose(error > 0.0f, all(1.0f), choose(error < 0.0f, all(-1.0f), all(0.0f)));
  *to_logs = sign * inverse;
  *to_error = error * above * inverse;
}

/* Bins k and n/2 - k of a real sound from those two of its even and odd samples. */
INLINE void apart(pair z, pair mirrored, const float *half, pair *low, pair *high) {
  pair even = scaled(add(z, conjugate(mirrored)), all(0.5f));
  pair odd = scaled(less(z, conjugate(mirrored)), all(0.5f));
  odd = backwards((pair){odd.im, -odd.re}, half);
  *low = add(even, odd);
  *high = conjugate(less(even, odd));
}

/* And back, without a division. */
INLINE void together(pair low, pair high, const float *half, pair *z, pair *mirrored) {
  pair sum = add(low, conjugate(high));
  pair other = turned_left(onwards(less(low, conjugate(high)), half));
  *z = add(sum, other);
  *mirrored = conjugate(less(sum, other));
}

/* All bins of some frames; if asked, both gradients take the places of the two spectra. */
INLINE void judge_all(pair *made, pair *aim, const ib_spectra *s, lanes floor, lanes there, tally *sum, int back) {
  int m = s->n / 2;
  for (int k = 0; k <= m / 2; k++) {
    int i = s->reversed[k], j = s->reversed[(m - k) % m];
    const float *half = s->halves + 2 * k;
    pair low, high, low_aim, high_aim;
    apart(made[i], made[j], half, &low, &high);
    apart(aim[i], aim[j], half, &low_aim, &high_aim);
    lanes error, logs, high_error, high_logs;
    judge(low, low_aim, floor, there, sum, &error, &logs);
    judge(high, high_aim, floor, 2 * k == m ? all(0.0f) : there, sum, &high_error, &high_logs);
    if (!back) continue;
    lanes share = all(k == 0 ? 1.0f : 0.5f); /* a real sound has the bins between the ends twice */
    low = scaled(low, share);
    high = scaled(high, share);
    together(scaled(low, error), scaled(high, high_error), half, &made[i], &made[j]);
    together(scaled(low, logs), scaled(high, high_logs), half, &aim[i], &aim[j]);
  }
}

static double total(lanes x) {
  double sum = 0.0;
  for (int i = 0; i < LANES; i++) sum += (double)x[i];
  return sum;
}

int64_t ib_spectra_bytes(int32_t n) { return (int64_t)n * (int64_t)sizeof(pair); }

void ib_spectra_apart(const ib_spectra *s, const float *made, const float *aim, int64_t samples, float floor,
                      double sums[3], float *to_error, float *to_logs, void *scratch) {
  pair *z = scratch, *goal = z + s->n / 2;
  int64_t hop = s->n / 4, frames = (samples - s->n) / hop + 1;
  int m = s->n / 2;
  sums[0] = sums[1] = sums[2] = 0.0;
  for (int64_t frame = 0; frame < frames; frame += LANES) {
    int count = frames - frame < LANES ? (int)(frames - frame) : LANES;
    lanes there;
    for (int i = 0; i < LANES; i++) there[i] = i < count ? 1.0f : 0.0f;
    gather(z, made + frame * hop, s, count);
    gather(goal, aim + frame * hop, s, count);
    fall(z, m, s->turns, 1);
    fall(goal, m, s->turns, 1);
    tally sum = {all(0.0f), all(0.0f), all(0.0f)};
    if (to_error) judge_all(z, goal, s, all(floor), there, &sum, 1);
    else judge_all(z, goal, s, all(floor), there, &sum, 0);
    sums[0] += total(sum.power);
    sums[1] += total(sum.error);
    sums[2] += total(sum.logs);
    if (!to_error) continue;
    rise(z, m, s->turns, 1);
    rise(goal, m, s->turns, 1);
    scatter(z, to_error + frame * hop, s, count);
    scatter(goal, to_logs + frame * hop, s, count);
  }
}
