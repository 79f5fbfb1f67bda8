/* whole.c: products of whole numbers (whole.h). */
#include "whole.h"
#include "tile.h"

int64_t whole_bytes(int64_t outputs, int64_t depth) {
  int64_t padded = (outputs + LANES - 1) / LANES * LANES;
  return padded * depth * 2 + padded * 4;
}

/* The nearest whole number; of what is none, some number. */
static int16_t whole_of(float x) {
  x += x < 0 ? -0.5f : 0.5f;
  return (int16_t)(x > -WHOLE_WEIGHT ? x < WHOLE_WEIGHT ? (int32_t)x : WHOLE_WEIGHT : -WHOLE_WEIGHT);
}

/* Behind the weights. They lie as in a product of floats, but pairs of inputs together. */
static const float *scales_of(const char *packed, const product *p) {
  int64_t padded = (p->outputs + LANES - 1) / LANES * LANES, depth = (int64_t)p->segments * p->inner;
  return (const float *)(packed + padded * depth * 2);
}

/* A run of weights as floats; returns how many. */
static int32_t run_of(const product *p, const weights_of *w, int32_t segment, int32_t start, float *run) {
  int32_t count = p->inner - start < WHOLE_RUN ? p->inner - start : WHOLE_RUN;
  int64_t from = w->base + segment * w->segment + start * w->inner;
  for (int32_t i = 0; i < count; i++) run[i] = tensor_float(w->tensor, from + i * w->inner);
  return count;
}

/* The smallest step between two weights of one output that is safe. */
static float step_of(const product *p, const weights_of *w) {
  float largest = 0, most = 0, run[WHOLE_RUN];
  for (int32_t s = 0; s < p->segments; s++)
    for (int32_t start = 0; start < p->inner; start += WHOLE_RUN) {
      int32_t count = run_of(p, w, s, start, run);
      float sum = 0;
      for (int32_t i = 0; i < count; i++) {
        float size = run[i] < 0 ? -run[i] : run[i];
        sum += size;
        largest = size > largest ? size : largest;
      }
      most = sum > most ? sum : most;
    }
  float step = largest / WHOLE_WEIGHT;
  return most / WHOLE_SUM > step ? most / WHOLE_SUM : step;
}

void whole_pack(char *packed, const product *p, int64_t output, const weights_of *w) {
  int64_t depth = (int64_t)p->segments * p->inner, from = output / BLOCK * BLOCK;
  int64_t width = (int64_t)vectors_of(p->outputs, from) * LANES;
  float step = step_of(p, w), run[WHOLE_RUN];
  int usable = step > 1e-30f && step < 1e30f;       /* weights that are not numbers play nothing */
  float scale = usable ? 1.0f / step : 0.0f;
  ((float *)scales_of(packed, p))[output] = usable ? step : 0.0f;
  int16_t *to = (int16_t *)packed + from * depth + (output - from) * 2;
  for (int32_t s = 0; s < p->segments; s++)
    for (int32_t start = 0; start < p->inner; start += WHOLE_RUN) {
      int32_t count = run_of(p, w, s, start, run);
      for (int32_t i = 0; i < count; i += 2, to += 2 * width) {
        to[0] = whole_of(run[i] * scale);
        to[1] = whole_of(run[i + 1] * scale);
      }
    }
}

#if WHOLE_PRODUCTS
/* Either every row between the first and the last, or each segment of each row by itself. */
static int64_t rows_between(const product *p, int64_t row, int64_t segment, int64_t rows) {
  return (rows - 1) * row + (p->segments - 1) * segment + 1;
}
static int64_t rows_apart(const product *p, int64_t rows) { return rows * p->segments; }

int64_t whole_scratch(const product *p, int64_t row, int64_t segment, int64_t rows, int64_t voices) {
  int64_t between = rows_between(p, row, segment, rows), apart = rows_apart(p, rows);
  int64_t count = (between < apart ? between : apart) * voices;
  return (count + 15) / 16 * 16 + count * (p->inner / 2);
}

/* LANES numbers, rounded: the last bits of a sum with 1.5 * 2^23 are the number. */
INLINE narrow_lanes rounded_lanes(lanes x, lanes scale) {
  lanes v = x * scale + 12582912.0f;
  return __builtin_convertvector((ilanes)((ulanes)v - 0x4b400000u), narrow_lanes);
}

/* Round a row to whole numbers; returns its scale. */
static float round_row(const float *x, int32_t count, int16_t *out) {
  lanes most = all(1e-30f);
  int32_t i = 0, full = count - count % LANES;
  for (; i < full; i += LANES) most = larger(magnitude(load(x + i)), most);
  if (full < count) most = larger(magnitude(load_some(x + full, count - full)), most);
  most = largest(most);
  lanes scale = (float)WHOLE_INPUT / most;
  for (i = 0; i < full; i += LANES) {
    narrow_lanes q = rounded_lanes(load(x + i), scale);
    memcpy(out + i, &q, sizeof q);
  }
  if (full < count) {
    narrow_lanes q = rounded_lanes(load_some(x + full, count - full), scale);
    memcpy(out + full, &q, (size_t)(count - full) * 2);
  }
  return most[0] * (1.0f / WHOLE_INPUT);
}

/* Rows of whole numbers and their scales, and the steps between rows and segments in them. */
typedef struct { int16_t *rows; float *scales; int64_t row, segment, voice; } rounded;

static rounded round_rows(const product *p, const rows *r) {
  int64_t row = r->in_row / r->in_unit, segment = r->in_segment / r->in_unit;
  int64_t between = rows_between(p, row, segment, r->rows), apart = rows_apart(p, r->rows);
  int64_t each = between < apart ? between : apart, count = each * r->voices;
  rounded q = { 0, r->scratch, row, segment, each };
  q.rows = (int16_t *)(q.scales + (count + 15) / 16 * 16);
  int16_t *out = q.rows;
  float *scale = q.scales;
  if (between > apart) { q.row = p->segments; q.segment = 1; }
  for (int32_t v = 0; v < r->voices; v++) {
    const float *x = r->in + v * r->in_voice;
    if (between <= apart) {
      for (int64_t t = 0; t < between; t++, out += p->inner) *scale++ = round_row(x + t * r->in_unit, p->inner, out);
      continue;
    }
    for (int32_t t = 0; t < r->rows; t++)
      for (int32_t s = 0; s < p->segments; s++, out += p->inner)
        *scale++ = round_row(x + t * r->in_row + s * r->in_segment, p->inner, out);
  }
  return q;
}

typedef struct {
  tile t;
  const float *scales, *in_scales[16];
  int64_t segment_scale;
} whole_tile;

/* Scale and bias, and the way out. */
static __attribute__((noinline)) void finish_whole(const whole_tile *w, int count, int vectors, lanes *total) {
  const tile *t = &w->t;
  for (int v = 0; v < vectors; v++) {
    lanes scale = load(w->scales + v * LANES), bias = load(t->bias + v * LANES);
    for (int r = 0; r < count; r++) total[r * 4 + v] = multiply_add(bias, scale, total[r * 4 + v]);
  }
  if (t->width < vectors * LANES) {
    finish_narrow(t, count, vectors, total);
    return;
  }
  for (int r = 0; r < count; r++)
    for (int v = 0; v < vectors; v++) {
      lanes sum = total[r * 4 + v];
      if (t->add[0]) sum += load(t->add[r] + v * LANES);
      if (t->plain[0]) store(t->plain[r] + v * LANES, sum);
      if (t->activated[0]) store(t->activated[r] + v * LANES, leaky(sum));
    }
}

INLINE void multiply_whole_tile(const whole_tile *w, const int count, const int vectors) {
  const tile *t = &w->t;
  const int16_t *weights = t->weights;
  lanes total[16][4];
  for (int r = 0; r < count; r++)
    for (int v = 0; v < vectors; v++) total[r][v] = all(0.0f);
  for (int s = 0; s < t->segments; s++)
    for (int start = 0; start < t->inner; start += WHOLE_RUN) {
      int pairs = (t->inner - start < WHOLE_RUN ? t->inner - start : WHOLE_RUN) / 2;
      ilanes sum[16][4];
      const int16_t *x[16];
#pragma GCC unroll 16
      for (int r = 0; r < count; r++) {
        x[r] = (const int16_t *)t->in[r] + s * t->segment + start;
#pragma GCC unroll 4
        for (int v = 0; v < vectors; v++) sum[r][v] = (ilanes){0};
      }
      for (int i = 0; i < pairs; i++) {
        ilanes row[4];
#pragma GCC unroll 4
        for (int v = 0; v < vectors; v++) memcpy(&row[v], weights + v * 2 * LANES, sizeof row[v]);
#pragma GCC unroll 16
        for (int r = 0; r < count; r++) {
          int32_t pair;
          memcpy(&pair, x[r] + 2 * i, 4);
          ilanes value = pair - (ilanes){0};
#pragma GCC unroll 4
          for (int v = 0; v < vectors; v++) sum[r][v] = add_pairs(sum[r][v], row[v], value);
        }
        weights += vectors * 2 * LANES;
      }
#pragma GCC unroll 16
      for (int r = 0; r < count; r++) {
        lanes scale = all(w->in_scales[r][s * w->segment_scale]);
#pragma GCC unroll 4
        for (int v = 0; v < vectors; v++)
          total[r][v] = multiply_add(total[r][v], __builtin_convertvector(sum[r][v], lanes), scale);
      }
    }
  finish_whole(w, count, vectors, total[0]);
}

typedef void (*whole_function)(const whole_tile *);
#define TILE(count, vectors, kind) \
  static __attribute__((noinline)) void whole_##count##_##vectors(const whole_tile *t) { multiply_whole_tile(t, count, vectors); }
#define ENTRY(count, vectors, kind) whole_##count##_##vectors,
#if LANES == 4                                    /* few sizes keep the browser's file small */
#define NARROW_ROWS_3 2
#define NARROW_ROWS_2 2
#define NARROW_ROWS_1 2
#else
#define NARROW_ROWS_3 ROWS_3
#define NARROW_ROWS_2 ROWS_2
#define NARROW_ROWS_1 ROWS_1
#endif
CAT(UP_TO_, NARROW_ROWS_1)(TILE, 1, 0)
CAT(UP_TO_, NARROW_ROWS_2)(TILE, 2, 0)
CAT(UP_TO_, NARROW_ROWS_3)(TILE, 3, 0)
CAT(UP_TO_, ROWS_4)(TILE, 4, 0)
static const int32_t whole_rows[4] = { NARROW_ROWS_1, NARROW_ROWS_2, NARROW_ROWS_3, ROWS_4 };
static const whole_function whole_tiles[4][16] = {
  { CAT(UP_TO_, NARROW_ROWS_1)(ENTRY, 1, 0) }, { CAT(UP_TO_, NARROW_ROWS_2)(ENTRY, 2, 0) },
  { CAT(UP_TO_, NARROW_ROWS_3)(ENTRY, 3, 0) }, { CAT(UP_TO_, ROWS_4)(ENTRY, 4, 0) } };

void multiply_whole(const void *model, const product *p, const rows *r) {
  rounded q = round_rows(p, r);
  const char *packed = (const char *)model + p->weights;
  int64_t depth = (int64_t)p->segments * p->inner;
  int32_t total = r->rows * r->voices;
  whole_tile w;
  w.t.segments = p->segments;
  w.t.inner = p->inner;
  w.t.segment = q.segment * p->inner;
  w.segment_scale = q.segment;
  for (int64_t from = 0; from < p->outputs; from += BLOCK) {
    int32_t vectors = vectors_of(p->outputs, from), voice = 0, row = 0;
    int64_t width = p->outputs - from;
    w.t.weights = packed + from * depth * 2;
    w.t.bias = (const float *)((const char *)model + p->bias) + from;
    w.t.width = (int32_t)(width < BLOCK ? width : BLOCK);
    w.scales = scales_of(packed, p) + from;
    for (int32_t done = 0; done < total;) {
      int32_t count = rows_of_tile(total - done, whole_rows[vectors - 1]);
      for (int32_t i = 0; i < count; i++) {
        int64_t at = voice * q.voice + row * q.row;
        w.t.in[i] = q.rows + at * p->inner;
        w.in_scales[i] = q.scales + at;
        aim_out(&w.t, i, r, voice, row, from);
        if (++row == r->rows) { row = 0; voice++; }
      }
      whole_tiles[vectors - 1][count - 1](&w);
      done += count;
    }
  }
}
#else
int64_t whole_scratch(const product *p, int64_t row, int64_t segment, int64_t rows, int64_t voices) {
  (void)p; (void)row; (void)segment; (void)rows; (void)voices;
  return 0;
}
void multiply_whole(const void *model, const product *p, const rows *r) { (void)model; (void)p; (void)r; }
#endif
