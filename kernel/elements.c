/* elements.c: the operations of format 2, which are no matrix products: built and played.
 *
 * Each works row by row on what lies there, keeps nothing between calls, and gives the same
 * numbers however the rows are cut.
 */
#include "builder.h"
#include "rows.h"
#include "scalars.h"

/* ---- built ------------------------------------------------------------------- */

static int64_t padded(int64_t count) { return (count + LANES - 1) / LANES * LANES; }

static float *table(const builder *b, const operation *o) { return AT(float, b->memory, o->tables); }

/* Numbers a channel, alpha then bias, for the curves that have any. */
static int build_activate(builder *b, int64_t at, operation *o, const reg *in, reg *out) {
  int own = o->act == ACT_SNAKE || o->act == ACT_AFFINE;
  int32_t weight = field(b, at, O_WEIGHT), bias = field(b, at, O_BIAS);
  if (!within(o->act, ACT_LEAKY, ACT_AFFINE) || own != (weight != -1)) return IB_BAD_BLOB;
  if (bias != -1 && o->act != ACT_AFFINE) return IB_BAD_BLOB;
  out->channels = o->width = in->channels;
  out->rows = in->rows;
  if (!own) return 0;
  tensor alpha, shift;
  if (blob_tensor(b->blob, weight, FLOATS, in->channels, &alpha)) return IB_BAD_BLOB;
  if (bias != -1 && blob_tensor(b->blob, bias, FLOATS, in->channels, &shift)) return IB_BAD_BLOB;
  o->tables = take(b, 8 * (int64_t)in->channels);
  if (too_much(b)) return IB_BAD_BLOB;
  for (int32_t c = 0; b->memory && c < in->channels; c++) {
    table(b, o)[c] = tensor_float(&alpha, c);
    table(b, o)[in->channels + c] = bias == -1 ? 0.0f : tensor_float(&shift, c);
  }
  return 0;
}

static int build_multiply(builder *b, operation *o, const reg *in, reg *out) {
  if (o->by < 0) return IB_BAD_BLOB;
  reg *by = &b->registers[o->by];
  if (in->channels % by->channels || in->rows % by->rows) return IB_BAD_BLOB;
  o->per_row = in->rows / by->rows;
  o->groups = by->channels;
  int64_t history = ((int64_t)o->by_late + o->per_row - 1) / o->per_row;
  if (history * by->channels > 1 << 24) return IB_BAD_BLOB;
  if (history > by->history) by->history = (int32_t)history;
  by->plain = 1;
  out->channels = o->width = in->channels;
  out->rows = in->rows;
  return 0;
}

/* Filters [gains, frame]. Of the taps only those are kept where some filter is not 0:
 * `stride` numbers of taps, then for each its weights by gain. */
static int build_noise(builder *b, int64_t at, operation *o, const reg *in, reg *out) {
  int32_t gains = field(b, at, O_OUTPUTS), frame = field(b, at, O_TAPS);
  if (!within(gains, 1, 4096) || !within(frame, 1, 4096) || in->channels % gains) return IB_BAD_BLOB;
  if ((int64_t)in->rows * frame > 65536) return IB_BAD_BLOB;
  tensor w;
  if (blob_tensor(b->blob, field(b, at, O_WEIGHT), FLOATS, (int64_t)gains * frame, &w)) return IB_BAD_BLOB;
  o->width = gains;
  o->taps = frame;
  o->groups = in->channels / gains;
  for (int32_t n = 0; n < frame; n++)
    for (int32_t k = 0; k < gains; k++)
      if (tensor_float(&w, (int64_t)k * frame + n) != 0.0f) { o->stride++; break; }
  o->tables = take(b, 4 * (int64_t)o->stride * (1 + gains));
  o->scratch = padded(in->channels) + o->stride + 2 * padded(frame);
  out->channels = o->groups;
  out->rows = in->rows * frame;
  if (too_much(b)) return IB_BAD_BLOB;
  if (!b->memory) return 0;
  int32_t *taps = AT(int32_t, b->memory, o->tables), found = 0;
  for (int32_t n = 0; n < frame; n++) {
    float any = 0, *row = table(b, o) + o->stride + (int64_t)found * gains;
    for (int32_t k = 0; k < gains && found < o->stride; k++) {
      row[k] = tensor_float(&w, (int64_t)k * frame + n);
      if (row[k] != 0.0f) any = 1;
    }
    if (any != 0.0f) taps[found++] = n;
  }
  return 0;
}

static int build_normal(builder *b, int64_t at, operation *o, const reg *in, reg *out) {
  int32_t outputs = field(b, at, O_OUTPUTS);
  if (!within(outputs, 1, MOST_CHANNELS)) return IB_BAD_BLOB;
  out->channels = o->width = outputs;
  out->rows = in->rows;
  return 0;
}

/* Codes [books, codes, size]. To look up they stay as they are; to search they are turned to
 * [books][size][codes], with half their squared lengths behind: the nearest code is the one
 * with the largest product minus that. */
static int build_codes(builder *b, int64_t at, operation *o, const reg *in, reg *out) {
  int32_t books = field(b, at, O_OUTPUTS), codes = field(b, at, O_TAPS), size = field(b, at, O_SECOND);
  if (!within(books, 1, 256) || !within(codes, 1, 65536) || !within(size, 1, 4096)) return IB_BAD_BLOB;
  int search = o->kind == QUANTIZE;
  if (in->channels != (search ? size : books)) return IB_BAD_BLOB;
  tensor w;
  int64_t each = (int64_t)codes * size, wide = padded(codes), room = search ? wide * (size + 1) : each;
  if (blob_tensor(b->blob, field(b, at, O_WEIGHT), FLOATS, books * each, &w)) return IB_BAD_BLOB;
  o->groups = books;
  o->taps = codes;
  o->width = size;
  o->tables = take(b, 4 * books * room);
  o->scratch = padded(size);
  out->channels = search ? books : size;
  out->rows = in->rows;
  if (too_much(b)) return IB_BAD_BLOB;
  for (int64_t q = 0; b->memory && q < books; q++) {
    float *to = table(b, o) + q * room;
    if (!search) {
      for (int64_t i = 0; i < each; i++) to[i] = tensor_float(&w, q * each + i);
      continue;
    }
    for (int64_t n = 0; n < wide; n++) {
      double square = 0;
      for (int64_t d = 0; d < size; d++) {
        float x = n < codes ? tensor_float(&w, q * each + n * size + d) : 0.0f;
        to[d * wide + n] = x;
        square += (double)x * x;
      }
      to[size * wide + n] = n < codes ? (float)(square / 2) : 3e38f;
    }
  }
  return 0;
}

static int build_sphere(operation *o, const reg *in, reg *out) {
  int turn = o->kind == SPHERE ? 1 : -1;
  if (!within(in->channels, turn > 0 ? 1 : 2, 1024)) return IB_BAD_BLOB;
  out->channels = o->width = in->channels + turn;
  out->rows = in->rows;
  return 0;
}

int build_element(builder *b, int64_t at, operation *o, const reg *in, reg *out) {
  if (o->kind != MULTIPLY && o->by != -1) return IB_BAD_BLOB;
  switch (o->kind) {
    case ACTIVATE: return build_activate(b, at, o, in, out);
    case MULTIPLY: return build_multiply(b, o, in, out);
    case NOISE: return build_noise(b, at, o, in, out);
    case NORMAL: return build_normal(b, at, o, in, out);
    case QUANTIZE: case LOOKUP: return build_codes(b, at, o, in, out);
    case SPHERE: case ANGLES: return build_sphere(o, in, out);
    default: return IB_BAD_BLOB;
  }
}

/* ---- played ------------------------------------------------------------------ */

/* The rows of one voice that an operation reads and writes. */
typedef struct {
  const ib_model *model;
  const operation *o;
  const reg *in, *out;
  const float *x, *add, *by;
  float *plain, *activated, *scratch;
  const float *table;
  voice who;
  int32_t count;                    /* rows of `in` */
} work;

static void give(const work *w, int64_t at, int64_t count, lanes value) {
  if (w->add) value += get(w->add + at, count);
  put(w->plain, w->activated, at, count, value);
}

/* sin^2 of any finite angle: (1 - cos 2x)/2, 2x in turns, of which only the fraction counts. */
static lanes squared_sine_of(lanes x) {
  const lanes shift = all(12582912.0f);
  lanes turns = x * 0.318309886f;
  turns = larger(all(-4e6f), smaller(turns, all(4e6f)));
  lanes y = 0.25f - magnitude(turns - ((turns + shift) - shift));
  lanes q = y * y, p = all(39.5367059681f);
  p = p * q + -76.5497822808f;
  p = p * q + 81.6010040727f;
  p = p * q + -41.3416550314f;
  p = p * q + 6.28318516009f;
  return 0.5f - 0.5f * (p * y);
}

static lanes curve(int act, lanes x) {
  switch (act) {
    case ACT_LEAKY: return leaky(x);
    case ACT_TANH: return hyperbolic_tangent(x);
    case ACT_SIGMOID: return sigmoid(x);
    default: return amplitude_curve(x);
  }
}

static void play_activate(const work *w) {
  int64_t width = w->o->width, total = width * w->count;
  int act = w->o->act;
  if (act < ACT_SNAKE) {
    for (int64_t i = 0; i < total; i += LANES) give(w, i, total - i, curve(act, get(w->x + i, total - i)));
    return;
  }
  for (int64_t row = 0; row < total; row += width)
    for (int64_t c = 0; c < width; c += LANES) {
      int64_t left = width - c;
      lanes x = get(w->x + row + c, left), alpha = get(w->table + c, left), y;
      if (act == ACT_SNAKE) y = x + squared_sine_of(alpha * x) / (alpha + 1e-9f);
      else y = multiply_add(get(w->table + width + c, left), alpha, x);
      give(w, row + c, left, y);
    }
}

static void play_multiply(const work *w) {
  const operation *o = w->o;
  int64_t width = o->width, narrow = o->groups, past = ((int64_t)o->by_late + o->per_row - 1) / o->per_row;
  for (int64_t t = 0; t < w->count; t++) {
    const float *by = w->by + ((t - o->by_late + past * o->per_row) / o->per_row - past) * narrow;
    for (int64_t c = 0; c < width; c += LANES) {
      int64_t left = width - c;
      lanes factor;
      if (narrow == width) factor = get(by + c, left);
      else for (int i = 0; i < LANES; i++) factor[i] = by[(c + i) % narrow];
      give(w, t * width + c, left, get(w->x + t * width + c, left) * factor);
    }
  }
}

/* The hash of noise_at, before it becomes a number. */
static ulanes hashed(ulanes x) {
  x ^= x >> 16;
  x *= 0x7feb352du;
  x ^= x >> 15;
  x *= 0x846ca68bu;
  return x ^ x >> 16;
}

static ulanes key_of(const work *w, uint32_t row, ulanes channel) {
  return channel * 0x85EBCA77u + (row * 0x9E3779B1u + w->who.seed);
}

/* One frame of one channel: noise through the filter that the row's gains add up to. */
static void play_frame(const work *w, int32_t channel, uint32_t row, const float *gains, float *response) {
  const operation *o = w->o;
  const int32_t *taps = (const int32_t *)w->table;
  float *u = response + o->stride, *y = u + padded(o->taps);
  for (int32_t i = 0; i < o->stride; i++) {
    const float *filter = w->table + o->stride + (int64_t)i * o->width;
    response[i] = 0;
    for (int32_t k = 0; k < o->width; k++) response[i] += gains[k] * filter[k];
  }
  ulanes numbers = lane_numbers();
  for (int32_t n = 0; n < o->taps; n += LANES) {
    ulanes key = (numbers + row + (uint32_t)n) * 0x9E3779B1u + ((uint32_t)channel * 0x85EBCA77u + w->who.seed);
    store(u + n, noise_at(key));
    store(y + n, all(0.0f));
  }
  for (int32_t i = 0; i < o->stride; i++)
    for (int32_t j = taps[i]; j < o->taps; j++) y[j] += response[i] * u[j - taps[i]];
}

static void play_noise(const work *w) {
  const operation *o = w->o;
  int64_t channels = o->groups, wide = w->in->channels;
  float *gains = w->scratch, *response = gains + padded(wide), *y = response + o->stride + padded(o->taps);
  uint32_t row = w->who.frame * (uint32_t)w->out->rows;
  for (int64_t t = 0; t < w->count; t++, row += (uint32_t)o->taps) {
    for (int64_t c = 0; c < wide; c += LANES) put(gains, 0, c, wide - c, amplitude_curve(get(w->x + t * wide + c, wide - c)));
    for (int32_t c = 0; c < channels; c++) {
      play_frame(w, c, row, gains + (int64_t)c * o->width, response);
      for (int32_t j = 0; j < o->taps; j++) {
        int64_t at = (t * o->taps + j) * channels + c;
        float value = y[j] + (w->add ? w->add[at] : 0.0f);
        if (w->plain) w->plain[at] = value;
        if (w->activated) w->activated[at] = value > 0 ? value : value * 0.2f;
      }
    }
  }
}

/* Box and Muller: a length from one hash, a direction from the next. */
static void play_normal(const work *w) {
  uint32_t row = w->who.frame * (uint32_t)w->in->rows;
  ulanes numbers = lane_numbers();
  for (int64_t t = 0; t < w->count; t++, row++)
    for (int64_t c = 0; c < w->o->width; c += LANES) {
      ulanes channel = (numbers + (uint32_t)c) * 2u;
      ulanes word = (hashed(key_of(w, row, channel)) >> 8) + 1u;
      lanes a = __builtin_convertvector((ilanes)word, lanes) * (1.0f / 16777216.0f);
      lanes squared = larger(-2.0f * logarithm(a), all(1e-30f));
      lanes length = exponential(0.5f * logarithm(squared));
      lanes y = length * cosine_of_phase(hashed(key_of(w, row, channel + 1u)));
      put(w->plain, w->activated, t * w->o->width + c, w->o->width - c, y);
    }
}

static void write_one(const work *w, int64_t at, float value) {
  if (w->plain) w->plain[at] = value;
  if (w->activated) w->activated[at] = value > 0 ? value : value * 0.2f;
}

/* The code of one book with the largest product, of equal ones the first. */
static int32_t nearest(const float *book, const float *left, int32_t codes, int32_t size) {
  int64_t wide = padded(codes);
  int32_t best = 0;
  float most = -3.4e38f;
  for (int64_t n = 0; n < wide; n += LANES) {
    lanes score = -load(book + size * wide + n);
    for (int64_t d = 0; d < size; d++) score = multiply_add(score, load(book + d * wide + n), all(left[d]));
    for (int i = 0; i < LANES; i++)
      if (n + i < codes && score[i] > most) { most = score[i]; best = (int32_t)n + i; }
  }
  return best;
}

static void play_quantize(const work *w) {
  const operation *o = w->o;
  int64_t size = o->width, wide = padded(o->taps);
  float *left = w->scratch;
  for (int64_t t = 0; t < w->count; t++) {
    memcpy(left, w->x + t * size, (size_t)size * 4);
    for (int64_t q = 0; q < o->groups; q++) {
      const float *book = w->table + q * wide * (size + 1);
      int32_t code = nearest(book, left, o->taps, o->width);
      for (int64_t d = 0; d < size; d++) left[d] -= book[d * wide + code];
      write_one(w, t * o->groups + q, (float)code);
    }
  }
}

static void play_lookup(const work *w) {
  const operation *o = w->o;
  int64_t size = o->width;
  for (int64_t t = 0; t < w->count; t++)
    for (int64_t d = 0; d < size; d += LANES) {
      lanes sum = all(0.0f);
      for (int64_t q = 0; q < o->groups; q++) {
        float x = w->x[t * o->groups + q];        /* not a number: code 0 */
        int64_t code = x > 0 ? (x < (float)(o->taps - 1) ? (int64_t)(x + 0.5f) : o->taps - 1) : 0;
        sum += get(w->table + (q * o->taps + code) * size + d, size - d);
      }
      put(w->plain, w->activated, t * size + d, size - d, sum);
    }
}

/* Within half a turn of 0. What is no number, or out of all proportion, is no turn. */
static double wrapped(double turns) {
  if (!(turns > -1e6 && turns < 1e6)) return 0;
  turns -= (double)(int64_t)turns;
  return turns > 0.5 ? turns - 1 : turns < -0.5 ? turns + 1 : turns;
}

static void play_sphere(const work *w) {
  int64_t angles = w->in->channels, size = angles + 1;
  for (int64_t t = 0; t < w->count; t++) {
    double rest = 1;
    for (int64_t k = 0; k < angles; k++) {
      double x = w->x[t * angles + k], phi = 2 * PI * wrapped((x + 1) / (k + 1 < angles ? 4 : 2));
      write_one(w, t * size + k, (float)(rest * scalar_cos(phi)));
      rest *= scalar_sin(phi);
    }
    write_one(w, t * size + angles, (float)rest);
  }
}

/* atan of 0 <= z <= 1: halved twice by z / (1 + sqrt(1 + z^2)), then the Taylor series. */
static double arc_tangent(double z) {
  for (int i = 0; i < 2; i++) z /= 1 + scalar_root(1 + z * z);
  double q = z * z, sum = 0;
  for (int k = 23; k > 0; k -= 2) sum = 1.0 / k - sum * q;
  return 4 * z * sum;
}

/* The direction of (x, y), -pi to pi; 0 of nowhere. */
static double direction(double y, double x) {
  double up = y < 0 ? -y : y, over = x < 0 ? -x : x;
  if (!(up + over > 1e-300 && up + over < 1e300)) return 0;
  double a = up > over ? PI / 2 - arc_tangent(over / up) : arc_tangent(up / over);
  if (x < 0) a = PI - a;
  return y < 0 ? -a : a;
}

static void play_angles(const work *w) {
  int64_t size = w->in->channels, angles = size - 1;
  for (int64_t t = 0; t < w->count; t++) {
    const float *x = w->x + t * size;
    double behind = (double)x[size - 1] * x[size - 1];
    double turn = direction(x[size - 1], x[size - 2]) / PI;
    write_one(w, t * angles + angles - 1, (float)(turn < 0 ? turn + 1 : turn - 1));
    for (int64_t k = angles - 2; k >= 0; k--) {
      behind += (double)x[k + 1] * x[k + 1];
      write_one(w, t * angles + k, (float)(2 / PI * direction(scalar_root(behind), x[k]) - 1));
    }
  }
}

void run_element(const ib_model *model, ib_state *state, int index, int frames) {
  work w;
  w.model = model;
  w.o = operations_of(model, state->coder) + index;
  w.in = registers_of(model, state->coder) + w.o->in;
  w.out = registers_of(model, state->coder) + index + 1;
  w.scratch = scratch_of(state);
  w.table = AT(const float, model, w.o->tables);
  w.count = frames * w.in->rows;
  for (int v = 0; v < state->batch; v++) {
    w.x = input_rows(model, state, w.o, v);
    w.add = added_rows(model, state, w.o, v);
    w.by = w.o->by >= 0 ? rows_of(model, state, w.o->by, 0, v) : 0;
    w.plain = rows_of(model, state, index + 1, 0, v);
    w.activated = rows_of(model, state, index + 1, 1, v);
    w.who = *voice_of(state, v);
    switch (w.o->kind) {
      case ACTIVATE: play_activate(&w); break;
      case MULTIPLY: play_multiply(&w); break;
      case NOISE: play_noise(&w); break;
      case NORMAL: play_normal(&w); break;
      case QUANTIZE: play_quantize(&w); break;
      case LOOKUP: play_lookup(&w); break;
      case SPHERE: play_sphere(&w); break;
      case ANGLES: play_angles(&w); break;
    }
  }
}
