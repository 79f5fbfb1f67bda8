/* room.c: see room.h. */
#include "room.h"
#include "../scalars.h"

#define SMEAR 0.6f           /* of the all-passes */
#define SILENT 1e-15f        /* smaller values are none: they would be slow to compute */
#define SLIDE 0.0625f        /* samples a sample that the predelay may change by */

static const float LINE_MS[ROOM_LINES] = {29.7f, 37.1f, 41.1f, 43.7f, 53.3f, 61.7f, 67.9f, 73.1f};
static const float PASS_MS[ROOM_ALLPASSES] = {5.1f, 8.3f, 6.3f, 9.7f};
/* Which line is heard where, with which sign: the two rows are orthogonal. */
static const float HEARD[2][ROOM_LINES] = {{1, -1, 1, -1, 1, -1, 1, -1}, {1, 1, -1, -1, 1, 1, -1, -1}};

static int prime_from(int n) {
  for (n |= 1;; n += 2) {
    int divided = 0;
    for (int d = 3; d * d <= n && !divided; d += 2) divided = n % d == 0;
    if (!divided) return n;
  }
}

static int length_of(float ms, int rate) { return prime_from((int)(ms * 0.001f * (float)rate)); }
static int before_length(int rate) { return (int)(ROOM_PREDELAY * rate) + 4; }

int room_floats(int rate) {
  int sum = 2 * before_length(rate);
  for (int i = 0; i < ROOM_LINES; i++) sum += length_of(LINE_MS[i], rate);
  for (int i = 0; i < ROOM_ALLPASSES; i++) sum += length_of(PASS_MS[i], rate);
  return sum;
}

static int lay(room_line *l, int from, int length) {
  *l = (room_line){from, length, 0, 0.0f};
  return from + length;
}

void room_init(room *r, float *memory, int rate) {
  memset(r, 0, sizeof *r);
  r->sample_rate = rate;
  r->memory = memory;
  r->open = 1.0f;
  int at = 0;
  for (int i = 0; i < ROOM_LINES; i++) at = lay(&r->lines[i], at, length_of(LINE_MS[i], rate));
  for (int i = 0; i < ROOM_ALLPASSES; i++) at = lay(&r->passes[i], at, length_of(PASS_MS[i], rate));
  for (int i = 0; i < 2; i++) at = lay(&r->before[i], at, before_length(rate));
  r->floats = at;
  r->stale = 1;
  room_forget(r);
}

void room_forget(room *r) {
  memset(r->state, 0, sizeof r->state);
  if (!r->stale) return;
  memset(r->memory, 0, (size_t)r->floats * 4);
  for (int i = 0; i < ROOM_LINES; i++) r->lines[i].low = 0.0f;
  r->stale = 0;
}

/* The filter's shares over n samples of one channel. */
static void filter(float state[2], const room_state *s, float g, float k, float *x, int n) {
  float a1 = 1.0f / (1.0f + g * (g + k)), a2 = g * a1, a3 = g * a2;
  for (int i = 0; i < n; i++) {
    float v3 = x[i] - state[1], v1 = a1 * state[0] + a2 * v3, v2 = state[1] + a2 * state[0] + a3 * v3;
    state[0] = 2.0f * v1 - state[0];
    state[1] = 2.0f * v2 - state[1];
    x[i] = s->dry * x[i] + s->low * v2 + s->band * k * v1 + s->high * (x[i] - k * v1 - v2);
  }
  for (int i = 0; i < 2; i++)
    if (state[i] > -SILENT && state[i] < SILENT) state[i] = 0.0f;
}

static inline float sounding(float x) { return x > -SILENT && x < SILENT ? 0.0f : x; }

static inline float pass(room *r, room_line *l, float x) {
  float *at = r->memory + l->from + l->at, old = *at, in = sounding(x + SMEAR * old);
  *at = in;
  l->at = l->at + 1 == l->length ? 0 : l->at + 1;
  return old - SMEAR * in;
}

/* A sample in, and out `delay` samples later. */
static inline float wait(room *r, room_line *l, float x, float delay) {
  int whole = (int)delay, at = l->at - whole;
  float part = delay - (float)whole;
  r->memory[l->from + l->at] = sounding(x);
  if (at < 0) at += l->length;
  float near = r->memory[l->from + at], far = r->memory[l->from + (at ? at - 1 : l->length - 1)];
  l->at = l->at + 1 == l->length ? 0 : l->at + 1;
  return near + part * (far - near);
}

static inline void hadamard(float v[ROOM_LINES]) {
  for (int step = 1; step < ROOM_LINES; step *= 2)
    for (int i = 0; i < ROOM_LINES; i++)
      if (!(i & step)) {
        float a = v[i], b = v[i + step];
        v[i] = a + b;
        v[i + step] = a - b;
      }
}

static void echo(room *r, float target, float *left, float *right, int n) {
  const float even = 0.35355339f; /* 1 / sqrt(8) */
  for (int i = 0; i < n; i++) {
    float v[ROOM_LINES], heard[2] = {0.0f, 0.0f};
    float slide = between(-SLIDE, target - r->predelay, SLIDE);
    r->predelay += slide;
    float in[2] = {wait(r, &r->before[0], left[i], r->predelay), wait(r, &r->before[1], right[i], r->predelay)};
    for (int c = 0; c < 2; c++) in[c] = pass(r, &r->passes[2 * c + 1], pass(r, &r->passes[2 * c], in[c]));
    for (int k = 0; k < ROOM_LINES; k++) {
      room_line *l = &r->lines[k];
      l->low = sounding(l->low + r->keep * (r->memory[l->from + l->at] - l->low));
      v[k] = l->low * r->gain[k];
      heard[0] += HEARD[0][k] * v[k];
      heard[1] += HEARD[1][k] * v[k];
    }
    hadamard(v);
    for (int k = 0; k < ROOM_LINES; k++) {
      room_line *l = &r->lines[k];
      r->memory[l->from + l->at] = sounding(even * v[k] + in[k & 1]);
      l->at = l->at + 1 == l->length ? 0 : l->at + 1;
    }
    left[i] = r->open * left[i] + r->sound * r->level * heard[0];
    right[i] = r->open * right[i] + r->sound * r->level * heard[1];
    r->open += r->open_step;
    r->sound += r->sound_step;
  }
  r->stale = 1;
}

/* Losses of the lines: -60 dB after `decay`; as loud as what comes in, while that is steady. */
static void tune(room *r, const room_state *s) {
  double decay = scalar_exp(s->decay), spread = 0.0;
  r->keep = (float)(1.0 - scalar_exp(-2.0 * PI * scalar_exp(s->brightness) / r->sample_rate));
  for (int k = 0; k < ROOM_LINES; k++) {
    r->gain[k] = (float)scalar_exp(-6.907755 * r->lines[k].length / (decay * r->sample_rate));
    spread += r->gain[k] * r->gain[k] / ROOM_LINES;
  }
  r->level = (float)scalar_root((1.0 - spread) / (ROOM_LINES * spread));
}

void room_run(room *r, const room_state *s, float *left, float *right, int n, int fresh, int now) {
  if (fresh) {
    float angle = s->wet * (float)(PI / 2);
    float open = s->wet > 0.0f ? (float)scalar_cos((double)angle) : 1.0f, sound = (float)scalar_sin((double)angle);
    if (now) r->open = open, r->sound = sound, r->predelay = s->predelay;
    r->open_step = (open - r->open) / ROOM_CELL;
    r->sound_step = (sound - r->sound) / ROOM_CELL;
    if (s->wet > 0.0f) tune(r, s);
    else if (r->sound < 1e-6f) {
      r->open = 1.0f;
      r->open_step = r->sound = r->sound_step = 0.0f;
      if (r->stale) room_forget(r);
    }
  }
  if (s->dry < 1.0f) {
    double frequency = scalar_exp(s->frequency), highest = 0.45 * r->sample_rate;
    float g = (float)scalar_tan(PI * (frequency < highest ? frequency : highest) / r->sample_rate), k = 1.0f / s->resonance;
    filter(r->state[0], s, g, k, left, n);
    filter(r->state[1], s, g, k, right, n);
  } else if (fresh) memset(r->state, 0, sizeof r->state);
  if (s->wet > 0.0f || r->sound != 0.0f || r->sound_step != 0.0f) echo(r, s->predelay, left, right, n);
}
