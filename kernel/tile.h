/* tile.h: a tile of rows by vectors of outputs, what both kinds of product work on at a time. */
#ifndef ISOBATH_TILE_H
#define ISOBATH_TILE_H
#include "product.h"

/* As many rows as the machine has registers for, with so many vectors of outputs. On x86 twelve of
 * one vector: with sixteen, the addresses of the rows no longer fit the sixteen registers for them. */
#if LANES == 16 || defined(__aarch64__)  /* 32 vector registers */
#define ROWS_4 6
#define ROWS_3 8
#define ROWS_2 12
#if LANES == 16
#define ROWS_1 12
#else
#define ROWS_1 16
#endif
#else                                    /* 16 */
#define ROWS_4 2
#define ROWS_3 4
#define ROWS_2 6
#define ROWS_1 4
#endif

typedef struct {
  const void *weights;
  const float *bias;
  int32_t segments, inner, width;   /* width: outputs really there, <= vectors * LANES */
  int64_t segment;
  const void *in[16];
  const float *add[16];
  float *plain[16], *activated[16];
} tile;

/* Names of one function for every size of tile: X(rows, vectors, kind). */
#define UP_TO_2(X, v, h) X(1, v, h) X(2, v, h)
#define UP_TO_4(X, v, h) UP_TO_2(X, v, h) X(3, v, h) X(4, v, h)
#define UP_TO_6(X, v, h) UP_TO_4(X, v, h) X(5, v, h) X(6, v, h)
#define UP_TO_8(X, v, h) UP_TO_6(X, v, h) X(7, v, h) X(8, v, h)
#define UP_TO_12(X, v, h) UP_TO_8(X, v, h) X(9, v, h) X(10, v, h) X(11, v, h) X(12, v, h)
#define UP_TO_16(X, v, h) UP_TO_12(X, v, h) X(13, v, h) X(14, v, h) X(15, v, h) X(16, v, h)
#define CAT_(a, b) a##b
#define CAT(a, b) CAT_(a, b)

static inline int32_t vectors_of(int64_t outputs, int64_t from) {
  int64_t left = (outputs - from + LANES - 1) / LANES;
  return (int32_t)(left < 4 ? left : 4);
}

/* How many rows the next tile takes of those left, at most `most`: as even as they can be shared out. */
static inline int32_t rows_of_tile(int32_t left, int32_t most) {
  int32_t parts = (left + most - 1) / most;
  return (left + parts - 1) / parts;
}

/* Point row `at` of a tile to where (voice, row) of the whole goes. */
static inline void aim_out(tile *t, int at, const rows *r, int32_t voice, int32_t row, int64_t from) {
  int64_t out = voice * r->out_voice + row * r->out_row + from;
  t->add[at] = r->add ? r->add + voice * r->add_voice + row * r->out_row + from : 0;
  t->plain[at] = r->plain ? r->plain + out : 0;
  t->activated[at] = r->activated ? r->activated + out : 0;
}

/* The way out of a tile: add, and write whichever copies are kept. */
INLINE void finish_tile(const tile *t, const int count, const int vectors, lanes *sum) { /* rows of four, or a single one */
  if (t->add[0])
#pragma GCC unroll 16
    for (int r = 0; r < count; r++)
#pragma GCC unroll 4
      for (int v = 0; v < vectors; v++) sum[r * 4 + v] += load(t->add[r] + v * LANES);
  if (t->plain[0])
#pragma GCC unroll 16
    for (int r = 0; r < count; r++)
#pragma GCC unroll 4
      for (int v = 0; v < vectors; v++) store(t->plain[r] + v * LANES, sum[r * 4 + v]);
  if (t->activated[0])
#pragma GCC unroll 16
    for (int r = 0; r < count; r++)
#pragma GCC unroll 4
      for (int v = 0; v < vectors; v++) store(t->activated[r] + v * LANES, leaky(sum[r * 4 + v]));
}

/* The same where the last vector is only partly there. */
static __attribute__((noinline, unused)) void finish_narrow(const tile *t, int count, int vectors, const lanes *sums) {
  for (int r = 0; r < count; r++)
    for (int v = 0; v < vectors; v++) {
      int at = v * LANES, left = t->width - at < LANES ? t->width - at : LANES;
      lanes sum = sums[r * 4 + v];
      if (t->add[0]) sum += load_some(t->add[r] + at, left);
      if (t->plain[0]) store_some(t->plain[r] + at, sum, left);
      if (t->activated[0]) store_some(t->activated[r] + at, leaky(sum), left);
    }
}
#endif
