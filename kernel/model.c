/* model.c: from a blob to a plan, in two passes of the same walk.
 *
 * The first pass has no memory and only counts (ib_model_bytes); the second writes. So what
 * is checked and what is built cannot drift apart. Weights are laid out here, once, as the
 * product wants them.
 */
#include "builder.h"
#include "whole.h"

#define MOST_LATE (1 << 20)

/* ---- packing ---------------------------------------------------------------- */

/* Strides of a weight in its tensor. Where bands alternate, `turn` is 1 for the product of even
 * rows, 2 for that of odd ones, and a band is an input (of synthesis) or an output. Where
 * outputs come in several rows of `width`, `row` is the stride from one to the next. */
typedef struct {
  int64_t base, output, segment, inner;
  int32_t turn, band_in;
  int64_t width, row;
} layout;

/* Element of the tensor that is the weight of the first segment and input for an output. */
static int64_t first_of(const layout *l, int64_t output) {
  return l->width ? l->base + output % l->width * l->output + output / l->width * l->row : l->base + output * l->output;
}

/* -1 where an odd band meets an odd row. */
static float sign(const layout *l, int64_t output, int64_t segments_ago, int64_t inner) {
  if (!l->turn) return 1.0f;
  int64_t band = l->band_in ? inner : output, row = l->turn - 1 + (l->band_in ? segments_ago : 0);
  return band & row & 1 ? -1.0f : 1.0f;
}

/* The same in whole numbers. */
static int pack_whole(builder *b, product *p, const tensor *w, layout l) {
  int64_t depth = (int64_t)p->segments * p->inner, bytes = whole_bytes(p->outputs, depth);
  p->half = WHOLE_WEIGHTS;
  p->weights = take(b, bytes);
  if (too_much(b)) return IB_BAD_BLOB;
  if (!b->memory) return 0;
  memset(b->memory + p->weights, 0, (size_t)bytes);
  for (int64_t o = 0; o < p->outputs; o++) {
    weights_of weights = { w, first_of(&l, o), l.segment, l.inner };
    whole_pack(b->memory + p->weights, p, o, &weights);
  }
  return 0;
}

/* Room for one product, and the weight of output o, segment s, input i from
 * tensor[first_of(o) + s*segment + i*inner] * scale. */
static int pack(builder *b, product *p, const tensor *w, layout l, float scale) {
  int64_t depth = (int64_t)p->segments * p->inner;
  p->half = HALF_WEIGHTS && w->type == T_FLOAT16 && scale == 1.0f && !l.turn;
  int64_t bytes = packed_bytes(p->outputs, depth, p->half);
  p->weights = take(b, bytes);
  if (too_much(b)) return IB_BAD_BLOB;
  if (!b->memory) return 0;
  char *out = b->memory + p->weights;
  memset(out, 0, (size_t)bytes);
  for (int64_t o = 0; o < p->outputs; o++)
    for (int64_t s = 0; s < p->segments; s++)
      for (int64_t i = 0; i < p->inner; i++) {
        int64_t from = first_of(&l, o) + s * l.segment + i * l.inner;
        int64_t to = packed_index(p->outputs, depth, o, s * p->inner + i);
        if (p->half) memcpy(out + 2 * to, w->bytes + 2 * from, 2);
        else {
          float value = tensor_float(w, from) * scale * sign(&l, o, p->segments - 1 - s, i);
          memcpy(out + 4 * to, &value, 4);
        }
      }
  return 0;
}

/* Weights that a network has learnt, in whole numbers where that is asked for and gains. */
static int pack_weights(builder *b, product *p, const tensor *w, layout l) {
  return b->swift && whole_fits(p->inner, p->outputs) ? pack_whole(b, p, w, l) : pack(b, p, w, l, 1.0f);
}

/* Bias of one product: `count` values of the tensor from `from`, over and over. */
static int pack_bias(builder *b, product *p, const tensor *bias, int64_t from, int64_t count) {
  int64_t padded = (p->outputs + LANES - 1) / LANES * LANES;
  p->bias = take(b, padded * 4);
  if (too_much(b)) return IB_BAD_BLOB;
  if (!b->memory) return 0;
  float *out = AT(float, b->memory, p->bias);
  for (int64_t o = 0; o < padded; o++) out[o] = bias && o < p->outputs ? tensor_float(bias, from + o % count) : 0.0f;
  return 0;
}

/* What follows runs once a model: in the page its size counts and its time does not. */
#ifdef __wasm__
#pragma clang attribute push(__attribute__((minsize)), apply_to = function)
#endif

static int optional(builder *b, int32_t index, int64_t count, tensor *out, tensor **found) {
  *found = 0;
  if (index == -1) return 0;
  *found = out;
  return blob_tensor(b->blob, index, FLOATS, count, out);
}

/* Products live in the model; while counting, one on the stack stands in for them. */
static product *product_at(builder *b, const operation *o, int index, product *stand_in) {
  return b->memory ? AT(product, b->memory, o->product) + index : stand_in;
}

/* ---- one function per kind of operation ---------------------------------------- */

static int build_conv(builder *b, int64_t at, operation *o, const reg *in, reg *out) {
  int32_t outputs = field(b, at, O_OUTPUTS);
  o->taps = field(b, at, O_TAPS);
  o->stride = field(b, at, O_STRIDE);
  o->dilation = field(b, at, O_DILATION);
  o->groups = field(b, at, O_GROUPS);
  if (!within(outputs, 1, MOST_CHANNELS) || !within(o->taps, 1, MOST_TAPS) || !within(o->stride, 1, 65536)) return IB_BAD_BLOB;
  if (!within(o->dilation, 1, 65536) || !within(o->groups, 1, MOST_CHANNELS)) return IB_BAD_BLOB;
  if (in->channels % o->groups || outputs % o->groups || in->rows % o->stride) return IB_BAD_BLOB;
  int32_t inner = in->channels / o->groups;
  o->width = outputs / o->groups;
  tensor w, room, *bias;
  if (blob_tensor(b->blob, field(b, at, O_WEIGHT), FLOATS, (int64_t)outputs * inner * o->taps, &w)) return IB_BAD_BLOB;
  if (optional(b, field(b, at, O_BIAS), outputs, &room, &bias)) return IB_BAD_BLOB;
  o->products = o->groups;
  o->product = take(b, (int64_t)sizeof(product) * o->products);
  for (int32_t g = 0; g < o->groups; g++) {
    product stand_in, *p = product_at(b, o, g, &stand_in);
    *p = (product){ o->taps, inner, o->width, 0, 0, 0 };
    layout l = { (int64_t)g * o->width * inner * o->taps, (int64_t)inner * o->taps, 1, o->taps, 0, 0, 0, 0 };
    if (pack_weights(b, p, &w, l) || pack_bias(b, p, bias, (int64_t)g * o->width, o->width)) return IB_BAD_BLOB;
  }
  out->channels = outputs;
  out->rows = in->rows / o->stride;
  return 0;
}

/* Stride r, kernel 2r: two segments, r times the outputs. Weights [cin, cout, 2r]. */
static int build_conv_transpose(builder *b, int64_t at, operation *o, const reg *in, reg *out) {
  int32_t outputs = field(b, at, O_OUTPUTS), r = field(b, at, O_STRIDE);
  if (!within(outputs, 1, MOST_CHANNELS) || !within(r, 1, 65536) || (int64_t)outputs * r > 1 << 20) return IB_BAD_BLOB;
  if ((int64_t)in->rows * r > 65536) return IB_BAD_BLOB;
  o->stride = r;
  o->taps = 2;
  o->dilation = o->groups = 1;
  o->width = outputs * r;
  tensor w, room, *bias;
  int64_t count = (int64_t)in->channels * outputs * 2 * r;
  if (blob_tensor(b->blob, field(b, at, O_WEIGHT), FLOATS, count, &w)) return IB_BAD_BLOB;
  if (optional(b, field(b, at, O_BIAS), outputs, &room, &bias)) return IB_BAD_BLOB;
  o->products = 1;
  o->product = take(b, sizeof(product));
  product stand_in, *p = product_at(b, o, 0, &stand_in);
  *p = (product){ 2, in->channels, o->width, 0, 0, 0 };
  /* output j * outputs + c, segment s (the older row first), input i: w[i][c][(1 - s) * r + j] */
  layout l = { r, 2 * (int64_t)r, -(int64_t)r, (int64_t)outputs * 2 * r, 0, 0, outputs, 1 };
  if (pack_weights(b, p, &w, l) || pack_bias(b, p, bias, 0, outputs)) return IB_BAD_BLOB;
  out->channels = outputs;
  out->rows = in->rows * r;
  return 0;
}

static int build_amplitude(builder *b, int64_t at, operation *o, const reg *in, reg *out) {
  o->noise = field(b, at, O_NOISE);
  if (!within(o->noise, 0, 1) || in->channels % (2 + o->noise)) return IB_BAD_BLOB;
  out->channels = o->width = in->channels / (2 + o->noise);
  out->rows = in->rows;
  return 0;
}

/* One product, or one for even and one for odd rows, of which a frame must have as many. */
static int alternating(builder *b, int64_t at, operation *o, int32_t rows) {
  o->alternate = field(b, at, O_ALTERNATE);
  if (!within(o->alternate, 0, 1) || (o->alternate && rows % 2)) return IB_BAD_BLOB;
  o->products = 1 + o->alternate;
  o->product = take(b, (int64_t)sizeof(product) * o->products);
  return 0;
}

/* Filters [bands, taps] as a convolution over rows of bands: older rows first. */
static int build_synthesis(builder *b, int64_t at, operation *o, const reg *in, reg *out) {
  int32_t bands = field(b, at, O_OUTPUTS), taps = field(b, at, O_TAPS);
  if (!within(bands, 1, 4096) || !within(taps, bands, MOST_TAPS) || taps % bands || in->channels % bands) return IB_BAD_BLOB;
  if ((int64_t)in->rows * bands > 65536 || in->channels / bands > 64) return IB_BAD_BLOB;
  tensor w;
  if (blob_tensor(b->blob, field(b, at, O_WEIGHT), FLOATS, (int64_t)bands * taps, &w)) return IB_BAD_BLOB;
  o->width = bands;
  o->taps = taps / bands;
  o->stride = o->dilation = 1;
  o->groups = in->channels / bands;
  if (alternating(b, at, o, in->rows)) return IB_BAD_BLOB;
  for (int turn = 0; turn < o->products; turn++) {
    product stand_in, *p = product_at(b, o, turn, &stand_in);
    *p = (product){ o->taps, bands, bands, 0, 0, 0 };
    /* output j, segment s (row t - (taps-1-s)), band m: h_m[(taps-1-s) * bands + j] */
    layout l = { (int64_t)(o->taps - 1) * bands, 1, -(int64_t)bands, taps, o->alternate ? turn + 1 : 0, 1, 0, 0 };
    if (pack(b, p, &w, l, (float)bands) || pack_bias(b, p, 0, 0, 1)) return IB_BAD_BLOB;
  }
  out->channels = o->groups;
  out->rows = in->rows * bands;
  o->scratch_row = bands;
  return 0;
}

/* One segment: the last `taps` samples of a channel against the filters backwards. */
static int build_analysis(builder *b, int64_t at, operation *o, const reg *in, reg *out) {
  int32_t bands = field(b, at, O_OUTPUTS), taps = field(b, at, O_TAPS);
  if (!within(bands, 1, 4096) || !within(taps, bands, MOST_TAPS) || taps % bands) return IB_BAD_BLOB;
  if (in->rows % bands || in->channels > 64 || (int64_t)in->channels * bands > MOST_CHANNELS) return IB_BAD_BLOB;
  tensor w;
  if (blob_tensor(b->blob, field(b, at, O_WEIGHT), FLOATS, (int64_t)bands * taps, &w)) return IB_BAD_BLOB;
  o->width = bands;
  o->taps = taps;
  o->stride = bands;
  o->dilation = 1;
  o->groups = in->channels;
  if (alternating(b, at, o, in->rows / bands)) return IB_BAD_BLOB;
  for (int turn = 0; turn < o->products; turn++) {
    product stand_in, *p = product_at(b, o, turn, &stand_in);
    *p = (product){ 1, taps, bands, 0, 0, 0 };
    layout l = { taps - 1, taps, 0, -1, o->alternate ? turn + 1 : 0, 0, 0, 0 };
    if (pack(b, p, &w, l, 1.0f) || pack_bias(b, p, 0, 0, 1)) return IB_BAD_BLOB;
  }
  out->channels = o->groups * bands;
  out->rows = in->rows / bands;
  o->scratch = taps;
  o->scratch_row = in->rows;
  return 0;
}

/* sin and cos at once, by squaring away: half the angle eight times, Taylor, double back. */
static void turn(double angle, double *sine, double *cosine) {
  const double tau = 6.283185307179586;
  angle -= tau * (double)(int64_t)(angle / tau);
  double x = angle / 256, q = x * x;
  double s = x * (1 - q / 6 * (1 - q / 20 * (1 - q / 42)));
  double half_c = q / 2 * (1 - q / 12 * (1 - q / 30));  /* 1 - cos */
  for (int i = 0; i < 8; i++) {
    double twice = 2 * s * (1 - half_c);
    half_c = 2 * half_c * (2 - half_c);
    s = twice;
  }
  *sine = s;
  *cosine = 1 - half_c;
}

/* A row is played in pieces of at most this many samples, each unfolded about its middle. */
#define TONE_PIECE 64

static int32_t tone_piece(int32_t per_row) {
  for (int32_t piece = TONE_PIECE; piece >= 8; piece--)
    if (per_row % piece == 0) return piece;
  return per_row;
}

/* cos and sin of every tone at the distances 1/2, 3/2 .. (an odd piece: 0, 1 ..) from the middle. */
static void pack_tones(builder *b, const operation *o, const tensor *increments, const tensor *offsets) {
  const product *p = AT(const product, b->memory, o->product);
  uint32_t *table = AT(uint32_t, b->memory, o->tables);
  uint64_t odd = (uint64_t)(o->taps & 1);
  memset(AT(char, b->memory, p[0].weights), 0, (size_t)packed_bytes(p->outputs, p->inner, 0));
  memset(AT(char, b->memory, p[1].weights), 0, (size_t)packed_bytes(p->outputs, p->inner, 0));
  for (int32_t k = 0; k < o->width; k++) {
    uint64_t increment = tensor_word(increments, k);
    table[k] = (uint32_t)increment;
    table[o->width + k] = tensor_word(offsets, k) + (uint32_t)(increment * (uint64_t)(o->taps - 1) >> 1);
    for (int32_t i = 0; i < p->outputs; i++) {
      uint64_t halves = increment * (2 * (uint64_t)i + 1 - odd) & 0x1ffffffffu;  /* of 2^-33 turns */
      double s, c;
      turn(6.283185307179586 * (double)halves / 8589934592.0, &s, &c);
      int64_t at = packed_index(p->outputs, p->inner, i, k);
      AT(float, b->memory, p[0].weights)[at] = (float)c;
      AT(float, b->memory, p[1].weights)[at] = (float)s;
    }
  }
}

/* Two products: the tones' gates times cos and sin around the middle of a piece. */
static int build_tones(builder *b, int64_t at, operation *o, const reg *in, reg *out) {
  int32_t tones = field(b, at, O_OUTPUTS);
  if (!within(tones, 1, MOST_CHANNELS) || in->channels % tones || b->hop % in->rows) return IB_BAD_BLOB;
  tensor increments, offsets;
  if (blob_tensor(b->blob, field(b, at, O_WEIGHT), WORDS, tones, &increments)) return IB_BAD_BLOB;
  if (blob_tensor(b->blob, field(b, at, O_SECOND), WORDS, tones, &offsets)) return IB_BAD_BLOB;
  o->width = tones;
  o->groups = in->channels / tones;
  if (o->groups > 64) return IB_BAD_BLOB;
  o->per_row = b->hop / in->rows;
  o->taps = tone_piece(o->per_row);
  int64_t pieces = o->per_row / o->taps, pairs = (o->taps + 1) / 2;
  o->memory = in->channels;
  o->scratch = in->channels + o->per_row + 4 * pieces * (tones + pairs);
  if (pairs * tones > 1 << 22 || o->scratch > 1 << 24) return IB_BAD_BLOB;
  o->tables = take(b, (int64_t)tones * 8);
  o->products = 2;
  o->product = take(b, (int64_t)sizeof(product) * 2);
  for (int i = 0; i < 2; i++) {
    product stand_in, *p = product_at(b, o, i, &stand_in);
    *p = (product){ 1, tones, (int32_t)pairs, 0, 0, 0 };
    p->weights = take(b, packed_bytes(pairs, tones, 0));
    if (too_much(b) || pack_bias(b, p, 0, 0, 1)) return IB_BAD_BLOB;
  }
  if (b->memory) pack_tones(b, o, &increments, &offsets);
  out->channels = o->groups;
  out->rows = b->hop;
  return 0;
}

static double squared_sine(double x) {
  double s, c;
  turn(x, &s, &c);
  return s * s;
}

/* The window of the model format: quick to open at the newest sample, slow towards the past. */
static double window_at(int32_t j, int32_t length, int32_t attack) {
  const double quarter = 1.5707963267948966;
  if (j < attack) return squared_sine(quarter * (j + 0.5) / attack);
  double s, c;
  turn(quarter * (j - attack + 0.5) / (length - attack), &s, &c);
  return c * c;
}

/* One product of a handful of frequencies: LANES real parts, then LANES imaginary ones. */
static void pack_frequencies(builder *b, const product *p, const tensor *frequencies, const tensor *lengths, int32_t first, int32_t attack) {
  float *out = AT(float, b->memory, p->weights);
  memset(out, 0, (size_t)packed_bytes(2 * LANES, p->inner, 0));
  for (int32_t lane = 0; lane < LANES && first + lane < frequencies->count; lane++) {
    double omega = 6.283185307179586 * (double)tensor_float(frequencies, first + lane) / b->sample_rate, total = 0;
    int32_t length = (int32_t)tensor_word(lengths, first + lane), edge = attack < length / 2 ? attack : length / 2;
    if (edge < 1) edge = 1;
    for (int32_t j = 0; j < length; j++) total += window_at(j, length, edge);
    for (int32_t j = 0; j < length; j++) {
      double w = 2 * window_at(j, length, edge) / total, s, c;
      turn(omega * j, &s, &c);
      out[packed_index(2 * LANES, p->inner, lane, p->inner - 1 - j)] = (float)(w * c);
      out[packed_index(2 * LANES, p->inner, LANES + lane, p->inner - 1 - j)] = (float)(w * s);
    }
  }
}

static int build_spectrum(builder *b, int64_t at, operation *o, const reg *in, reg *out) {
  int32_t count = field(b, at, O_OUTPUTS), attack = field(b, at, O_ATTACK), step = field(b, at, O_STEP);
  if (!within(count, 1, 4096) || !within(attack, 1, MOST_TAPS) || !within(step, 1, 65536)) return IB_BAD_BLOB;
  if (in->rows != b->hop || in->rows % step || in->channels > 64 || (int64_t)in->channels * count > MOST_CHANNELS) return IB_BAD_BLOB;
  tensor frequencies, lengths;
  if (blob_tensor(b->blob, field(b, at, O_WEIGHT), 1 << T_FLOAT32, count, &frequencies)) return IB_BAD_BLOB;
  if (blob_tensor(b->blob, field(b, at, O_SECOND), WORDS, count, &lengths)) return IB_BAD_BLOB;
  o->width = count;
  o->stride = step;
  o->groups = in->channels;
  o->products = (count + LANES - 1) / LANES;
  o->product = take(b, (int64_t)sizeof(product) * o->products);
  for (int32_t first = 0, n = 0; first < count; first += LANES, n++) {
    int32_t longest = 2;
    for (int32_t i = first; i < count && i < first + LANES; i++) {
      float hz = tensor_float(&frequencies, i);
      int32_t length = (int32_t)tensor_word(&lengths, i);
      if (!within(length, 2, MOST_TAPS) || !(hz >= 0 && hz <= (float)b->sample_rate)) return IB_BAD_BLOB;
      if (length > longest) longest = length;
    }
    if (longest > o->taps) o->taps = longest;
    product stand_in, *p = product_at(b, o, n, &stand_in);
    *p = (product){ 1, longest, 2 * LANES, 0, 0, 0 };
    p->weights = take(b, packed_bytes(2 * LANES, longest, 0));
    if (b->used - o->product > (int64_t)1 << 25 || pack_bias(b, p, 0, 0, 1)) return IB_BAD_BLOB;
    if (b->memory) pack_frequencies(b, p, &frequencies, &lengths, first, attack);
  }
  out->channels = o->groups * count;
  out->rows = in->rows / step;
  o->scratch = o->taps;
  o->scratch_row = in->rows + 2 * LANES * out->rows;
  return 0;
}

/* ---- the walk ------------------------------------------------------------------ */

/* How many rows before its newest an operation looks back. */
static int64_t look_back(const operation *o) {
  switch (o->kind) {
    case CONV: return (int64_t)(o->taps - 1) * o->dilation - (o->stride - 1);
    case CONV_TRANSPOSE: return 1;
    case SYNTHESIS: return o->taps - 1;
    case ANALYSIS: case SPECTRUM: return (int64_t)o->taps - o->stride;
    default: return 0;
  }
}

/* What is added must have the shape of what comes out; it may be read late. */
static int check_added(builder *b, const operation *o, const reg *out) {
  if (o->add < 0) return o->add_late ? IB_BAD_BLOB : 0;
  reg *add = &b->registers[o->add];
  if (add->rows != out->rows || add->channels != out->channels) return IB_BAD_BLOB;
  if ((int64_t)o->add_late * add->channels > 1 << 24) return IB_BAD_BLOB;
  if (o->add_late > add->history) add->history = o->add_late;
  add->plain = 1;
  switch (o->kind) {
    case CONV: case CONV_TRANSPOSE: case SYNTHESIS: case TONES: case ACTIVATE: case MULTIPLY: case NOISE: return 0;
    default: return IB_BAD_BLOB;
  }
}

static int build_operation(builder *b, int64_t at, int32_t index, operation *o) {
  memset(o, 0, sizeof *o);
  o->kind = field(b, at, O_KIND);
  o->in = field(b, at, O_IN);
  o->add = field(b, at, O_ADD);
  o->by = field(b, at, O_BY);
  o->act = field(b, at, O_ACT);
  o->late = field(b, at, O_LATE);
  o->add_late = field(b, at, O_ADD_LATE);
  o->by_late = field(b, at, O_BY_LATE);
  if (!within(o->in, 0, index) || !within(o->add, -1, index) || !within(o->by, -1, index)) return IB_BAD_BLOB;
  if (!within(o->late, 0, MOST_LATE) || !within(o->add_late, 0, MOST_LATE) || !within(o->by_late, 0, MOST_LATE)) return IB_BAD_BLOB;
  reg *in = &b->registers[o->in], *out = &b->registers[index + 1];
  memset(out, 0, sizeof *out);
  int error = IB_BAD_BLOB;
  switch (o->kind) {
    case CONV: error = build_conv(b, at, o, in, out); break;
    case CONV_TRANSPOSE: error = build_conv_transpose(b, at, o, in, out); break;
    case AMPLITUDE: error = build_amplitude(b, at, o, in, out); break;
    case SYNTHESIS: error = build_synthesis(b, at, o, in, out); break;
    case ANALYSIS: error = build_analysis(b, at, o, in, out); break;
    case TONES: error = build_tones(b, at, o, in, out); break;
    case SPECTRUM: error = build_spectrum(b, at, o, in, out); break;
    default: error = build_element(b, at, o, in, out);
  }
  if (error) return error;
  if (out->channels > MOST_CHANNELS || (int64_t)out->rows * out->channels > 1 << 24) return IB_BAD_BLOB;
  if (check_added(b, o, out)) return IB_BAD_BLOB;
  int leaky = o->kind < ACTIVATE && o->act;
  if (leaky && (o->act != ACT_LEAKY || (o->kind != CONV && o->kind != CONV_TRANSPOSE))) return IB_BAD_BLOB;
  if (leaky) in->activated = 1; else in->plain = 1;
  int64_t history = look_back(o) + o->late;
  if (history * in->channels > 1 << 24) return IB_BAD_BLOB;
  if (history > in->history) in->history = (int32_t)history;
  return 0;
}

static int is_shape(const reg *r, int32_t channels, int32_t per_frame) { return r->channels == channels && r->rows == per_frame; }

static int build_coder(builder *b, int which, coder *c, const ib_info *info) {
  const blob *blob = b->blob;
  int32_t count = blob_header(blob, which == IB_ENCODER ? H_ENCODER : H_DECODER);
  int64_t list = blob_header(blob, which == IB_ENCODER ? H_ENCODER_LIST : H_DECODER_LIST);
  memset(c, 0, sizeof *c);
  c->deviation = -1;
  if (count > PLAN_OPERATIONS) return IB_BAD_BLOB;
  if (count == 0) return 0;
  c->present = 1;
  c->operations = count;
  c->operation = take(b, (int64_t)sizeof(operation) * count);
  c->reg = take(b, (int64_t)sizeof(reg) * (count + 1));
  memset(&b->registers[0], 0, sizeof(reg));
  b->registers[0].channels = which == IB_ENCODER ? info->channels : info->dims;
  b->registers[0].rows = which == IB_ENCODER ? info->hop : 1;
  for (int32_t i = 0; i < count; i++) {
    operation stand_in, *o = b->memory ? AT(operation, b->memory, c->operation) + i : &stand_in;
    int error = build_operation(b, list + (int64_t)i * BLOB_OPERATION * 4, i, o);
    if (error) return error;
  }
  c->out = blob_header(blob, which == IB_ENCODER ? H_MEAN : H_AUDIO);
  if (!within(c->out, 1, count)) return IB_BAD_BLOB;
  reg *out = &b->registers[c->out];
  if (!is_shape(out, which == IB_ENCODER ? info->dims : info->channels, which == IB_ENCODER ? 1 : info->hop)) return IB_BAD_BLOB;
  out->plain = 1;
  if (which == IB_ENCODER && (c->deviation = blob_header(blob, H_DEVIATION)) != -1) {
    if (!within(c->deviation, 1, count) || !is_shape(&b->registers[c->deviation], info->dims, 1)) return IB_BAD_BLOB;
    b->registers[c->deviation].plain = 1;
  }
  if (b->memory) memcpy(AT(reg, b->memory, c->reg), b->registers, sizeof(reg) * (size_t)(count + 1));
  return 0;
}

static int statistic(builder *b, int header, int64_t count, int64_t *offset) {
  tensor t;
  int error = blob_tensor(b->blob, blob_header(b->blob, header), FLOATS, count, &t);
  if (error) return error;
  *offset = take(b, count * 4);
  for (int64_t i = 0; b->memory && i < count; i++) AT(float, b->memory, *offset)[i] = tensor_float(&t, i);
  return 0;
}

static int64_t build(void *memory, const void *bytes, int64_t size) {
  blob source = { bytes, size };
  int error = blob_check(&source);
  if (error) return error;
  builder b;
  b.blob = &source;
  b.memory = memory;
  b.used = 0;
  ib_model m;
  memset(&m, 0, sizeof m);
  take(&b, sizeof m);
  m.magic = PLAN_MAGIC;
  m.info = (ib_info){ blob_header(&source, H_SAMPLE_RATE), blob_header(&source, H_CHANNELS), blob_header(&source, H_HOP),
                      blob_header(&source, H_DIMS), blob_header(&source, H_DELAY), 0, 0 };
  m.known_radius = as_float(blob_word(&source, 4 * H_KNOWN_RADIUS));
  b.hop = m.info.hop;
  b.sample_rate = m.info.sample_rate;
  b.swift = blob_header(&source, H_SWIFT);
  if (!within(b.swift, 0, 1)) return IB_BAD_BLOB;
  int64_t dims = m.info.dims;
  if (statistic(&b, H_STAT_MEAN, dims, &m.mean) || statistic(&b, H_STAT_STD, dims, &m.std)) return IB_BAD_BLOB;
  if (statistic(&b, H_STAT_WHITENING, dims * dims, &m.whitening)) return IB_BAD_BLOB;
  for (int which = IB_ENCODER; which <= IB_DECODER; which++)
    if ((error = build_coder(&b, which, &m.coders[which], &m.info))) return error;
  m.info.has_encoder = m.coders[IB_ENCODER].present;
  m.info.has_decoder = m.coders[IB_DECODER].present;
  m.bytes = b.used;
  if (memory) memcpy(memory, &m, sizeof m);
  return b.used;
}

int64_t ib_model_bytes(const void *blob, int64_t blob_bytes) { return build(0, blob, blob_bytes); }

int ib_model_init(void *memory, int64_t bytes, const void *blob, int64_t blob_bytes) {
  int64_t needed = build(0, blob, blob_bytes);
  if (needed < 0) return (int)needed;
  if (!memory || (uintptr_t)memory % IB_ALIGN) return IB_BAD_ARGUMENT;
  if (bytes < needed) return IB_TOO_SMALL;
  return build(memory, blob, blob_bytes) < 0 ? IB_BAD_BLOB : 0;
}

void ib_model_info(const ib_model *model, ib_info *info) { *info = model->info; }
const float *ib_model_mean(const ib_model *model) { return AT(const float, model, model->mean); }
const float *ib_model_std(const ib_model *model) { return AT(const float, model, model->std); }
const float *ib_model_whitening(const ib_model *model) { return AT(const float, model, model->whitening); }
float ib_model_known_radius(const ib_model *model) { return model->known_radius; }

#ifdef __wasm__
#pragma clang attribute pop
#endif
