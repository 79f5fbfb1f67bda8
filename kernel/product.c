/* product.c: the matrix product, a tile of rows by a block of outputs at a time.
 *
 * Weights lie in blocks of BLOCK outputs (the last one narrower, a whole number of
 * vectors), within a block by depth. A tile keeps its sums in vector registers: ROWS_n rows
 * by n vectors, as many as the machine has registers for.
 */
#include "tile.h"
#include "whole.h"

INLINE lanes weight(const void *w, int64_t index, int half) {
  return half ? load_half((const uint16_t *)w + index) : load((const float *)w + index);
}

INLINE void multiply_tile(const tile *t, const int count, const int vectors, const int half) {
  lanes sum[16][4];
#pragma GCC unroll 16
  for (int r = 0; r < count; r++)
#pragma GCC unroll 4
    for (int v = 0; v < vectors; v++) sum[r][v] = load(t->bias + v * LANES);
  const char *w = t->weights;
  for (int s = 0; s < t->segments; s++) {
    const float *x[16];
#pragma GCC unroll 16
    for (int r = 0; r < count; r++) x[r] = (const float *)t->in[r] + s * t->segment;
    for (int i = 0; i < t->inner; i++) {
      lanes row[4];
#pragma GCC unroll 4
      for (int v = 0; v < vectors; v++) row[v] = weight(w, v * LANES, half);
#pragma GCC unroll 16
      for (int r = 0; r < count; r++) {
        lanes value = all(x[r][i]);
#pragma GCC unroll 4
        for (int v = 0; v < vectors; v++) sum[r][v] = multiply_add(sum[r][v], row[v], value);
      }
      w += vectors * LANES * (half ? 2 : 4);
    }
  }
  if (t->width < vectors * LANES) {
    lanes narrow[16][4];
#pragma GCC unroll 16
    for (int r = 0; r < count; r++)
#pragma GCC unroll 4
      for (int v = 0; v < vectors; v++) narrow[r][v] = sum[r][v];
    finish_narrow(t, count, vectors, narrow[0]);
    return;
  }
  finish_tile(t, count, vectors, sum[0]);
}

/* One row against two full blocks at once: a single row has too few sums to keep the
 * multipliers busy while each waits for the one before. */
INLINE void multiply_row(const tile *t, int64_t to_next, const int half) {
  lanes sum[8];
#pragma GCC unroll 8
  for (int v = 0; v < 8; v++) sum[v] = load(t->bias + v * LANES);
  const char *w = t->weights;
  for (int s = 0; s < t->segments; s++) {
    const float *x = (const float *)t->in[0] + s * t->segment;
    for (int i = 0; i < t->inner; i++) {
      lanes value = all(x[i]);
#pragma GCC unroll 4
      for (int v = 0; v < 4; v++) sum[v] = multiply_add(sum[v], weight(w, v * LANES, half), value);
#pragma GCC unroll 4
      for (int v = 0; v < 4; v++) sum[4 + v] = multiply_add(sum[4 + v], weight(w + to_next, v * LANES, half), value);
      w += BLOCK * (half ? 2 : 4);
    }
  }
  finish_tile(t, 1, 8, sum);
}

static __attribute__((noinline)) void row_0(const tile *t, int64_t to_next) { multiply_row(t, to_next, 0); }
#if HALF_WEIGHTS
static __attribute__((noinline)) void row_1(const tile *t, int64_t to_next) { multiply_row(t, to_next, 1); }
#endif

static void row_for(int half, const tile *t, int64_t to_next) {
#if HALF_WEIGHTS
  if (half) { row_1(t, to_next); return; }
#endif
  (void)half;
  row_0(t, to_next);
}

/* One function per tile size, named by rows and vectors. */
typedef void (*tile_function)(const tile *);
#define TILE(count, vectors, half) \
  static __attribute__((noinline)) void tile_##count##_##vectors##_##half(const tile *t) { multiply_tile(t, count, vectors, half); }
#define NAME(count, vectors, half) tile_##count##_##vectors##_##half
#define ENTRY(count, vectors, half) NAME(count, vectors, half),
#define FAMILY(half) \
  CAT(UP_TO_, ROWS_1)(TILE, 1, half) CAT(UP_TO_, ROWS_2)(TILE, 2, half) \
  CAT(UP_TO_, ROWS_3)(TILE, 3, half) CAT(UP_TO_, ROWS_4)(TILE, 4, half) \
  static const tile_function tiles_##half[4][16] = { \
    { CAT(UP_TO_, ROWS_1)(ENTRY, 1, half) }, { CAT(UP_TO_, ROWS_2)(ENTRY, 2, half) }, \
    { CAT(UP_TO_, ROWS_3)(ENTRY, 3, half) }, { CAT(UP_TO_, ROWS_4)(ENTRY, 4, half) } };
FAMILY(0)
#if HALF_WEIGHTS
FAMILY(1)
#endif

static tile_function tile_for(int half, int vectors, int count) {
#if HALF_WEIGHTS
  if (half) return tiles_1[vectors - 1][count - 1];
#endif
  (void)half;
  return tiles_0[vectors - 1][count - 1];
}

int64_t packed_bytes(int64_t outputs, int64_t depth, int half) {
  return (outputs + LANES - 1) / LANES * LANES * depth * (half ? 2 : 4);
}

int64_t packed_index(int64_t outputs, int64_t depth, int64_t output, int64_t position) {
  int64_t from = output / BLOCK * BLOCK;
  return from * depth + position * vectors_of(outputs, from) * LANES + (output - from);
}

void multiply(const void *model, const product *p, const rows *r) {
  static const int32_t most[4] = { ROWS_1, ROWS_2, ROWS_3, ROWS_4 };
  if (p->half == WHOLE_WEIGHTS) {
    multiply_whole(model, p, r);
    return;
  }
  const char *weights = (const char *)model + p->weights;
  const float *bias = (const float *)((const char *)model + p->bias);
  int64_t depth = (int64_t)p->segments * p->inner;
  int32_t total = r->rows * r->voices;
  tile t;
  t.segments = p->segments;
  t.inner = p->inner;
  t.segment = r->in_segment;
  if (r->in_segment == p->inner) { t.segments = 1; t.inner = (int32_t)depth; }
  int64_t from = 0, element = p->half ? 2 : 4;
  for (; total == 1 && from + 2 * BLOCK <= p->outputs; from += 2 * BLOCK) {
    t.weights = weights + from * depth * element;
    t.bias = bias + from;
    t.width = 2 * BLOCK;
    t.in[0] = r->in;
    aim_out(&t, 0, r, 0, 0, from);
    row_for(p->half, &t, depth * BLOCK * element);
  }
  for (; from < p->outputs; from += BLOCK) {
    int32_t vectors = vectors_of(p->outputs, from);
    int64_t width = p->outputs - from;
    t.weights = weights + from * depth * element;
    t.bias = bias + from;
    t.width = (int32_t)(width < BLOCK ? width : BLOCK);
    int32_t voice = 0, row = 0;
    for (int32_t done = 0; done < total;) {
      int32_t count = rows_of_tile(total - done, most[vectors - 1]);
      for (int32_t i = 0; i < count; i++) {
        t.in[i] = r->in + voice * r->in_voice + row * r->in_row;
        aim_out(&t, i, r, voice, row, from);
        if (++row == r->rows) { row = 0; voice++; }
      }
      tile_for(p->half, vectors, count)(&t);
      done += count;
    }
  }
}
