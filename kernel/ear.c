/* ear.c: see ear.h. */
#include "ear.h"
#include "scalars.h"

#define LOUDEST_IN 16.0f            /* linear: nothing beyond is believed */
#define MOST_MATCH 15.848932f       /* +-24 dB */
#define SILENT_LUFS (-60.0)
#define BELONGS 0.01f               /* -20 dB: share of the music's energy above which sound is music */
#define YOUNG 1.0f                  /* seconds in which everything is music */
#define MEMORY 3.0f
#define SLEW 4.6f                   /* 40 dB a second, of amplitude, as a rate */
#define SINKING 0.46f               /* 2 dB a second, of energy, as a rate */

static int64_t aligned(int64_t bytes) { return (bytes + IB_ALIGN - 1) / IB_ALIGN * IB_ALIGN; }

void ramp_to(ramp *r, float wanted, int length) {
  if (length > 0 && wanted == r->target) return;
  r->target = wanted;
  r->left = length;
  if (length > 0) r->step = (wanted - r->value) / (float)length;
  else r->value = wanted;
}

/* Where its parts lie after the head; returns the bytes in all. */
static int64_t lay_out(const ib_model *model, int64_t offsets[5]) {
  ib_info info;
  if (!model) return IB_BAD_ARGUMENT;
  ib_model_info(model, &info);
  if (!info.has_encoder) return IB_NO_CODER;
  if (info.channels < 1 || info.channels > 2 || info.hop < 1 || info.hop > IB_HOP || info.dims < 1 ||
      info.dims > IB_DIMS || info.delay < 0 || info.delay > EAR_LONGEST - IB_HOP)
    return IB_BAD_ARGUMENT;
  int64_t state = ib_state_bytes(model, IB_ENCODER, 1, 1), ring = aligned(4 * (int64_t)(info.hop + info.delay));
  if (state < 0) return state;
  offsets[0] = aligned(sizeof(ear));
  offsets[1] = offsets[0] + aligned(state);
  offsets[2] = offsets[1] + aligned(4 * (int64_t)info.dims);
  offsets[3] = offsets[2] + aligned(4 * (int64_t)info.channels * info.hop);
  offsets[4] = offsets[3] + ring;
  return offsets[4] + ring;
}

int64_t ear_bytes(const ib_model *model) {
  int64_t offsets[5];
  return lay_out(model, offsets);
}

ear *ear_make(void *memory, const ib_model *model, int from, int into) {
  int64_t offsets[5];
  char *base = memory;
  ear *e = memory;
  ib_info info;
  if (lay_out(model, offsets) < 0) return NULL;
  ib_model_info(model, &info);
  memset(e, 0, sizeof *e);
  e->magic = EAR_MAGIC;
  e->model = model;
  e->from = from;
  e->channels = info.channels;
  e->hop = info.hop;
  e->dims = info.dims;
  e->sample_rate = info.sample_rate;
  e->delay = info.hop + info.delay;
  e->encoder = (ib_state *)(base + offsets[0]);
  e->latent = (float *)(base + offsets[1]);
  e->sound = (float *)(base + offsets[2]);
  for (int c = 0; c < 2; c++) e->ring[c] = (float *)(base + offsets[3 + c]);
  if (ib_state_init(model, IB_ENCODER, 1, 1, e->encoder, offsets[1] - offsets[0])) return NULL;
  ear_reset(e);
  e->filled = into;
  return e;
}

void ear_reset(ear *e) {
  ib_state_reset(e->model, e->encoder, -1, 0);
  memset(&e->matching, 0, sizeof e->matching);
  weighting_init(&e->matching.weighting, e->sample_rate);
  for (int c = 0; c < 2; c++) memset(e->ring[c], 0, 4 * (size_t)e->delay);
  memset(e->sound, 0, 4 * (size_t)(e->channels * e->hop));
  memset(e->latent, 0, 4 * (size_t)e->dims);
  e->at = e->filled = 0;
}

static float believed(float x, float gain) {
  float y = x * gain;
  return is_number(y) ? between(-LOUDEST_IN, y, LOUDEST_IN) : 0.0f;
}

void ear_collect(ear *e, const float *left, const float *right, int n) {
  for (int i = 0; i < n; i++) {
    float gain = ramp_next(&e->gain), in[2] = {believed(left[i], gain), believed(right[i], gain)};
    for (int c = 0; c < 2; c++) {
      float size = in[c] < 0.0f ? -in[c] : in[c];
      e->peak = size > e->peak ? size : e->peak;
      e->ring[c][e->at] = in[c];
    }
    if (++e->at == e->delay) e->at = 0;
    if (e->filled >= e->hop) continue;
    if (e->channels == 1) in[0] = in[1] = 0.5f * (in[0] + in[1]);
    for (int c = 0; c < e->channels; c++) e->sound[c * e->hop + e->filled] = in[c];
    ears y = weighting_hear(&e->matching.weighting, in[0], in[1]);
    e->matching.energy += y * y;
    e->filled++;
  }
}

/* Follow the loudness of one more hop; the gain that brings it to the target. */
static float follow(matching *m, float energy, float seconds, float target) {
  if (m->seconds == 0.0f) m->loud = target;
  if (energy > (float)from_db(2 * (SILENT_LUFS + 0.691))) {
    if (energy > BELONGS * m->loud || m->seconds < YOUNG) {
      m->seconds = between(0.0f, m->seconds + seconds, MEMORY);
      m->loud += seconds / m->seconds * (energy - m->loud);
    } else {
      m->loud *= (float)scalar_exp(-(double)SINKING * seconds);
    }
  }
  float wanted = between(1.0f / MOST_MATCH, (float)scalar_root((double)target / m->loud), MOST_MATCH);
  float reach = (float)scalar_exp((double)SLEW * seconds), now = m->running > 0.0f ? m->running : 1.0f;
  m->running = between(now / reach, wanted, now * reach);
  return m->running;
}

static float wanted_gain(ear *e, const ib_source *source) {
  matching *m = &e->matching;
  float energy = (m->energy[0] + m->energy[1]) / (2.0f * (float)e->hop);
  m->energy = (ears){0};
  weighting_rest(&m->weighting);
  float fixed = is_number(source->match_gain) ? between(0.0f, source->match_gain, MOST_MATCH) : 1.0f;
  float lufs = is_number(source->match_lufs) ? source->match_lufs : 0.0f;
  if (lufs >= 0.0f) return fixed;
  float target = (float)from_db(2 * (between(-70.0f, lufs, 0.0f) + 0.691));
  return fixed * follow(m, energy, (float)e->hop / (float)e->sample_rate, target);
}

static void bring(ear *e, const ib_source *source) {
  matching *m = &e->matching;
  float wanted = wanted_gain(e, source), from = m->started ? m->gain : wanted;
  float step = (wanted - from) / (float)e->hop;
  for (int c = 0; c < e->channels; c++)
    for (int i = 0; i < e->hop; i++) e->sound[c * e->hop + i] *= from + step * (float)(i + 1);
  m->gain = wanted;
  m->started = 1;
}

const float *ear_hear(ear *e, const ib_source *source) {
  for (int c = 0; c < e->channels; c++)
    for (int i = e->filled; i < e->hop; i++) e->sound[c * e->hop + i] = 0.0f;
  bring(e, source);
  int failed = ib_encode(e->model, e->encoder, e->sound, 1, e->latent, NULL) < 0;
  float sum = 0.0f;                 /* stays 0 unless something is infinite or no number */
  for (int d = 0; d < e->dims; d++) sum += e->latent[d] * 0.0f;
  if (failed || sum != 0.0f) {      /* the shaper then keeps the last good one */
    ib_state_reset(e->model, e->encoder, -1, 0);
    e->broken++;
  }
  e->filled = 0;
  return e->latent;
}
