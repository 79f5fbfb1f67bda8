/* weights.c: see weights.h. */
#include "weights.h"
#include "../lanes.h"

/* To the nearest, ties to even. */
INLINE uint16_t narrow(float x) {
  uint32_t bits;
  memcpy(&bits, &x, 4);
  return (uint16_t)((bits + 0x7fff + ((bits >> 16) & 1)) >> 16);
}

INLINE float widened(uint16_t x) {
  uint32_t bits = (uint32_t)x << 16;
  float y;
  memcpy(&y, &bits, 4);
  return y;
}

static float product(const float *a, const float *b, int64_t n) {
  lanes sum[4] = {all(0.0f), all(0.0f), all(0.0f), all(0.0f)};
  int64_t i = 0;
  for (; i + 4 * LANES <= n; i += 4 * LANES)
    for (int v = 0; v < 4; v++) sum[v] = multiply_add(sum[v], load(a + i + v * LANES), load(b + i + v * LANES));
  lanes whole = (sum[0] + sum[1]) + (sum[2] + sum[3]);
  float found = 0.0f;
  for (int lane = 0; lane < LANES; lane++) found += whole[lane];
  for (; i < n; i++) found += a[i] * b[i];
  return found;
}

/* With the number of taps known, the compiler sorts them in vectors. */
INLINE void sort(const float *restrict x, float scale, int64_t inner, int64_t taps, uint16_t *restrict out) {
  for (int64_t tap = 0; tap < taps; tap++)
    for (int64_t i = 0; i < inner; i++) out[tap * inner + i] = narrow(x[i * taps + tap] * scale);
}

INLINE void unsort(const uint16_t *restrict x, int64_t inner, int64_t taps, float *restrict out) {
  for (int64_t i = 0; i < inner; i++)
    for (int64_t tap = 0; tap < taps; tap++) out[i * taps + tap] = widened(x[tap * inner + i]);
}

#define FOR_TAPS(call) \
  switch (taps) { \
    case 1: call(1); break; \
    case 2: call(2); break; \
    case 3: call(3); break; \
    case 4: call(4); break; \
    case 8: call(8); break; \
    default: call(taps); \
  }

void ib_weights_play(const ib_weights *w, int64_t row, int64_t rows, uint16_t *out, float *norms) {
  int64_t inner = w->inner, taps = w->taps, size = inner * taps;
  for (int64_t r = row; r < row + rows; r++) {
    const float *x = w->direction + r * size;
    float scale = 1.0f;
    if (w->length) {
      norms[r] = __builtin_sqrtf(product(x, x, size));
      scale = w->length[r] / norms[r];
    }
#define SORT(t) sort(x, scale, inner, t, out + r * size)
    FOR_TAPS(SORT)
  }
}

void ib_weights_learn(const ib_weights *w, int64_t row, int64_t rows, const uint16_t *slope, const float *norms,
                      float *to_direction, float *to_length) {
  int64_t inner = w->inner, taps = w->taps, size = inner * taps;
  for (int64_t r = row; r < row + rows; r++) {
    float *to = to_direction + r * size;
#define UNSORT(t) unsort(slope + r * size, inner, t, to)
    FOR_TAPS(UNSORT)
    if (!w->length) continue;
    const float *x = w->direction + r * size;
    float along = product(x, to, size) / norms[r], scale = w->length[r] / norms[r], less = along / norms[r];
    to_length[r] = along;
    for (int64_t i = 0; i < size; i++) to[i] = scale * (to[i] - less * x[i]);
  }
}
