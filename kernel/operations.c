/* operations.c: each operation of the model format, over the rows of one chunk. */
#include "rows.h"

static const product *products_of(const ib_model *model, const operation *o) { return AT(const product, model, o->product); }

/* Convolutions, both ways: all voices and rows in one product per group. */
void run_product(const ib_model *model, ib_state *state, int index, int frames) {
  const operation *o = operations_of(model, state->coder) + index;
  const reg *in = registers_of(model, state->coder) + o->in;
  int64_t behind = (o->taps - 1) * o->dilation - (o->kind == CONV ? o->stride - 1 : 0);
  int transpose = o->kind == CONV_TRANSPOSE;
  rows r;
  memset(&r, 0, sizeof r);
  r.in_row = (int64_t)in->channels * (transpose ? 1 : o->stride);
  r.in_segment = (int64_t)in->channels * o->dilation;
  r.in_voice = voice_stride(model, state, o->in);
  r.out_row = (int64_t)o->width * o->groups;
  r.out_voice = voice_stride(model, state, index + 1);
  r.add_voice = o->add >= 0 ? voice_stride(model, state, o->add) : 0;
  r.rows = frames * in->rows / (transpose ? 1 : o->stride);
  r.voices = state->batch;
  r.in_unit = in->channels;
  r.scratch = scratch_of(state);
  const float *add = added_rows(model, state, o, 0);
  for (int g = 0; g < o->groups; g++) {
    const product *p = products_of(model, o) + g;
    int64_t from = (int64_t)g * o->width;
    float *plain = rows_of(model, state, index + 1, 0, 0), *activated = rows_of(model, state, index + 1, 1, 0);
    r.in = input_rows(model, state, o, 0) - behind * in->channels + (int64_t)g * p->inner;
    r.add = add ? add + from : 0;
    r.plain = plain ? plain + from : 0;
    r.activated = activated ? activated + from : 0;
    multiply(model, p, &r);
  }
}

void run_amplitude(const ib_model *model, ib_state *state, int index, int frames) {
  const operation *o = operations_of(model, state->coder) + index;
  const reg *in = registers_of(model, state->coder) + o->in;
  int32_t width = o->width, count = frames * in->rows;
  ulanes numbers = lane_numbers();
  for (int v = 0; v < state->batch; v++) {
    const float *x = input_rows(model, state, o, v);
    float *plain = rows_of(model, state, index + 1, 0, v), *activated = rows_of(model, state, index + 1, 1, v);
    const voice *who = voice_of(state, v);
    uint32_t n = who->frame * (uint32_t)in->rows;
    for (int32_t t = 0; t < count; t++, n++) {
      for (int32_t c = 0; c < width; c += LANES) {
        int left = width - c;
        lanes y = hyperbolic_tangent(get(x + c, left)) * sigmoid(get(x + width + c, left));
        if (o->noise) {
          ulanes key = (numbers + (uint32_t)c) * 0x85EBCA77u + (n * 0x9E3779B1u + who->seed);
          y = multiply_add(y, amplitude_curve(get(x + 2 * width + c, left)), noise_at(key));
        }
        put(plain, activated, c, left, y);
      }
      x += in->channels;
      if (plain) plain += width;
      if (activated) activated += width;
    }
  }
}

/* Samples of one channel, from `start` on, into every copy of an audio register, adding another register's. */
static void put_samples(const ib_model *model, ib_state *state, int index, const float *more, int v, int channel, int64_t start, int64_t count, const float *samples) {
  int64_t channels = registers_of(model, state->coder)[index].channels;
  channel += (int)(start * channels);
  float *plain = rows_of(model, state, index, 0, v), *activated = rows_of(model, state, index, 1, v);
  for (int64_t i = 0; i < count; i++) {
    float y = samples[i] + (more ? more[i * channels + channel] : 0.0f);
    if (plain) plain[i * channels + channel] = y;
    if (activated) activated[i * channels + channel] = y > 0 ? y : y * 0.2f;
  }
}

void run_synthesis(const ib_model *model, ib_state *state, int index, int frames) {
  const operation *o = operations_of(model, state->coder) + index;
  const reg *in = registers_of(model, state->coder) + o->in;
  rows r;
  memset(&r, 0, sizeof r);
  int32_t turns = o->alternate ? 2 : 1, count = frames * in->rows;
  r.in_segment = in->channels;
  r.in_row = (int64_t)turns * in->channels;
  r.out_row = (int64_t)turns * o->width;
  r.rows = count / turns;
  r.voices = 1;
  for (int v = 0; v < state->batch; v++)
    for (int c = 0; c < o->groups; c++) {
      const float *x = input_rows(model, state, o, v) - (int64_t)(o->taps - 1) * in->channels + (int64_t)c * o->width;
      for (int turn = 0; turn < turns; turn++) {
        r.in = x + (int64_t)turn * in->channels;
        r.plain = scratch_of(state) + (int64_t)turn * o->width;
        multiply(model, products_of(model, o) + turn, &r);
      }
      put_samples(model, state, index + 1, added_rows(model, state, o, v), v, c, 0, (int64_t)count * o->width, scratch_of(state));
    }
}

/* One channel of an audio register with `past` earlier samples, as plain samples. */
static const float *channel_samples(const ib_model *model, ib_state *state, const operation *o, int v, int channel, int64_t past, int64_t count, float *room) {
  int64_t channels = registers_of(model, state->coder)[o->in].channels;
  const float *x = input_rows(model, state, o, v) - past * channels;
  if (channels == 1) return x;
  for (int64_t i = 0; i < past + count; i++) room[i] = x[i * channels + channel];
  return room;
}

void run_analysis(const ib_model *model, ib_state *state, int index, int frames) {
  const operation *o = operations_of(model, state->coder) + index;
  const reg *in = registers_of(model, state->coder) + o->in;
  rows r;
  memset(&r, 0, sizeof r);
  int32_t turns = o->alternate ? 2 : 1;
  int64_t channels = (int64_t)o->width * o->groups;
  r.in_row = (int64_t)turns * o->stride;
  r.out_row = turns * channels;
  r.rows = frames * in->rows / o->stride / turns;
  r.voices = 1;
  for (int v = 0; v < state->batch; v++)
    for (int c = 0; c < o->groups; c++) {
      float *plain = rows_of(model, state, index + 1, 0, v), *activated = rows_of(model, state, index + 1, 1, v);
      const float *x = channel_samples(model, state, o, v, c, o->taps - o->stride, (int64_t)frames * in->rows, scratch_of(state));
      for (int turn = 0; turn < turns; turn++) {
        int64_t to = turn * channels + (int64_t)c * o->width;
        r.in = x + (int64_t)turn * o->stride;
        r.plain = plain ? plain + to : 0;
        r.activated = activated ? activated + to : 0;
        multiply(model, products_of(model, o) + turn, &r);
      }
    }
}

/* Room for one row of tones: gates now, samples, what goes into the two products and what comes out. */
typedef struct { float *is, *samples, *cosines, *sines, *even, *odd; } tone_room;

/* Each tone at the middle of each piece: its gain and the gain's slope, times cos and sin of its phase. */
static void turn_tones(const uint32_t *table, int32_t tones, const float *was, const float *is, uint32_t n, int32_t per_row, int32_t piece, const tone_room *room) {
  float *cosines = room->cosines, *sines = room->sines;
  for (int32_t start = 0; start < per_row; start += piece, cosines += 2 * tones, sines += 2 * tones) {
    float share = ((float)start + 0.5f * (float)(piece + 1)) / (float)per_row;
    for (int32_t k = 0; k < tones; k += LANES) {
      int left = tones - k;
      lanes before = get(was + k, left), after = get(is + k, left);
      lanes increment = get((const float *)table + k, left), offset = get((const float *)table + tones + k, left);
      ulanes phase = (ulanes)increment * all_bits(n + (uint32_t)start) + (ulanes)offset;
      lanes c = cosine_of_phase(phase), s = cosine_of_phase(phase - 0x40000000u);
      lanes slope = (after - before) / (float)per_row, gain = before + (after - before) * share;
      put(cosines + k, 0, 0, left, gain * c);
      put(cosines + tones + k, 0, 0, left, slope * c);
      put(sines + k, 0, 0, left, gain * s);
      put(sines + tones + k, 0, 0, left, slope * s);
    }
  }
}

/* One row of tones of one channel. With gain a + bm and phase p + wm at m samples from the middle,
 * (a + bm) cos(p + wm) = (a cos p + m b cos p) cos wm - (a sin p + m b sin p) sin wm: two products
 * over all tones give both halves of a piece. */
static void play_tones(const ib_model *model, const operation *o, const tone_room *room) {
  const product *p = products_of(model, o);
  int32_t pieces = o->per_row / o->taps, pairs = p->outputs, odd = o->taps & 1;
  rows r;
  memset(&r, 0, sizeof r);
  r.in_row = r.in_segment = o->width;
  r.out_row = pairs;
  r.rows = 2 * pieces;
  r.voices = 1;
  r.in = room->cosines;
  r.plain = room->even;
  multiply(model, p, &r);
  r.in = room->sines;
  r.plain = room->odd;
  multiply(model, p + 1, &r);
  for (int32_t i = 0; i < pieces; i++) {
    const float *even = room->even + (int64_t)2 * i * pairs, *other = room->odd + (int64_t)2 * i * pairs;
    float *up = room->samples + (int64_t)i * o->taps + o->taps / 2, *down = up - (odd ? 0 : 1);
    for (int32_t j = 0; j < pairs; j++) {
      float m = (float)j + (odd ? 0.0f : 0.5f);
      up[j] = (even[j] - other[j]) + m * (even[pairs + j] - other[pairs + j]);
      down[-j] = (even[j] + other[j]) - m * (even[pairs + j] + other[pairs + j]);
    }
  }
}

static tone_room room_for(ib_state *state, const operation *o, int32_t channels) {
  int64_t pieces = o->per_row / o->taps, pairs = (o->taps + 1) / 2;
  float *is = scratch_of(state), *samples = is + channels, *cosines = samples + o->per_row;
  float *sines = cosines + 2 * pieces * o->width, *even = sines + 2 * pieces * o->width;
  return (tone_room){ is, samples, cosines, sines, even, even + 2 * pieces * pairs };
}

void run_tones(const ib_model *model, ib_state *state, int index, int frames) {
  const operation *o = operations_of(model, state->coder) + index;
  const reg *in = registers_of(model, state->coder) + o->in;
  const uint32_t *table = AT(const uint32_t, model, o->tables);
  tone_room room = room_for(state, o, in->channels);
  for (int v = 0; v < state->batch; v++) {
    float *was = AT(float, state, AT(int64_t, state, state->memories)[index]) + v * o->memory;
    uint32_t start = voice_of(state, v)->frame * (uint32_t)model->info.hop;
    const float *x = input_rows(model, state, o, v);
    for (int32_t t = 0; t < frames * in->rows; t++, x += in->channels, start += (uint32_t)o->per_row) {
      for (int32_t c = 0; c < in->channels; c += LANES)
        put(room.is + c, 0, 0, in->channels - c, amplitude_curve(get(x + c, in->channels - c)));
      for (int c = 0; c < o->groups; c++) {
        int64_t first = (int64_t)c * o->width;
        turn_tones(table, o->width, was + first, room.is + first, start, o->per_row, o->taps, &room);
        play_tones(model, o, &room);
        put_samples(model, state, index + 1, added_rows(model, state, o, v), v, c, (int64_t)t * o->per_row, o->per_row, room.samples);
      }
      memcpy(was, room.is, (size_t)in->channels * 4);
    }
  }
}

void run_spectrum(const ib_model *model, ib_state *state, int index, int frames) {
  const operation *o = operations_of(model, state->coder) + index;
  const reg *in = registers_of(model, state->coder) + o->in;
  int32_t count = frames * in->rows / o->stride, channels = o->groups * o->width;
  int64_t samples = (int64_t)frames * in->rows;
  float *parts = scratch_of(state) + o->taps + samples;
  rows r;
  memset(&r, 0, sizeof r);
  r.in_row = o->stride;
  r.out_row = 2 * LANES;
  r.rows = count;
  r.voices = 1;
  r.plain = parts;
  int32_t past = o->taps > o->stride ? o->taps - o->stride : 0;
  for (int v = 0; v < state->batch; v++)
    for (int c = 0; c < o->groups; c++) {
      const float *x = channel_samples(model, state, o, v, c, past, samples, scratch_of(state));
      float *plain = rows_of(model, state, index + 1, 0, v), *activated = rows_of(model, state, index + 1, 1, v);
      for (int32_t first = 0, n = 0; first < o->width; first += LANES, n++) {
        const product *p = products_of(model, o) + n;
        r.in = x + past + o->stride - p->inner;
        multiply(model, p, &r);
        for (int32_t t = 0; t < count; t++) {
          lanes real = load(parts + (int64_t)t * 2 * LANES), imaginary = load(parts + (int64_t)t * 2 * LANES + LANES);
          lanes power = multiply_add(imaginary * imaginary, real, real) + 1e-8f;
          int64_t at = (int64_t)t * channels + (int64_t)c * o->width + first;
          put(plain ? plain + at : 0, activated ? activated + at : 0, 0, o->width - first, logarithm(power) / 9.2103404f + 1.0f);
        }
      }
    }
}
