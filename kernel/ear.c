/* ear.c: see ear.h. */
#include "ear.h"
#include "guard.h"
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

/* How long what comes in has to wait, in samples of the player's: altogether, and before the encoder. */
static ONCE int64_t waiting(const ib_info *info, int sample_rate, double *before) {
  ib_resampler in, out;
  *before = 0.0;
  if (info->sample_rate == sample_rate) return (int64_t)info->hop + info->delay;
  if (resampler_measure(&in, sample_rate, info->sample_rate, info->channels) ||
      resampler_measure(&out, info->sample_rate, sample_rate, info->channels))
    return IB_BAD_ARGUMENT;
  double known = (double)((int64_t)info->hop + info->delay) * sample_rate / info->sample_rate + out.delay;
  int64_t whole = (int64_t)(known + in.half) + 1;
  *before = (double)whole - known;
  return whole;
}

/* Where its parts lie after the head; returns the bytes in all. */
static ONCE int64_t lay_out(const ib_model *model, int sample_rate, int64_t offsets[6]) {
  ib_info info;
  double before;
  if (!model) return IB_BAD_ARGUMENT;
  ib_model_info(model, &info);
  if (!info.has_encoder) return IB_NO_CODER;
  if (info.channels < 1 || info.channels > 2 || info.hop < 1 || info.hop > IB_HOP || info.dims < 1 ||
      info.dims > IB_DIMS || info.delay < 0)
    return IB_BAD_ARGUMENT;
  int64_t delay = waiting(&info, sample_rate, &before), bridge = 0;
  if (delay < 0 || delay > EAR_LONGEST) return IB_BAD_ARGUMENT;
  if (info.sample_rate != sample_rate) bridge = ib_resampler_bytes(sample_rate, info.sample_rate, info.channels);
  int64_t state = ib_state_bytes(model, IB_ENCODER, 1, 1), ring = aligned(4 * delay);
  if (state < 0) return state;
  offsets[0] = aligned(sizeof(ear));
  offsets[1] = offsets[0] + aligned(state);
  offsets[2] = offsets[1] + aligned(4 * (int64_t)info.dims);
  offsets[3] = offsets[2] + aligned(4 * (int64_t)info.channels * info.hop);
  offsets[4] = offsets[3] + ring;
  offsets[5] = offsets[4] + ring;
  return offsets[5] + aligned(bridge);
}

int64_t ear_bytes(const ib_model *model, int sample_rate) {
  int64_t offsets[6];
  return lay_out(model, sample_rate, offsets);
}

/* Begin in the middle of a hop: the encoder's samples that have passed already stay silent. */
static void join(ear *e, ear_time time) {
  if (!e->bridge) {
    e->filled = time.remaining ? e->hop - time.remaining : 0;
    return;
  }
  double step = (double)e->player_rate / e->sample_rate, ahead = (double)time.ahead / e->sample_rate;
  double begun = time.remaining ? time.remaining - ahead - e->hop * step : -ahead; /* when the hop did */
  int passed = (int)(-begun / step) + 1;
  e->filled = !time.remaining || passed < 0 ? 0 : passed < e->hop ? passed : e->hop;
  resampler_begin(e->bridge, begun + e->filled * step - e->wait);
}

ear *ear_make(void *memory, const ib_model *model, int from, ear_time time) {
  int64_t offsets[6];
  char *base = memory;
  ear *e = memory;
  ib_info info;
  if (lay_out(model, time.sample_rate, offsets) < 0) return NULL;
  ib_model_info(model, &info);
  memset(e, 0, sizeof *e);
  e->magic = EAR_MAGIC;
  e->model = model;
  e->from = from;
  e->channels = info.channels;
  e->hop = info.hop;
  e->dims = info.dims;
  e->sample_rate = info.sample_rate;
  e->player_rate = time.sample_rate;
  e->delay = (int32_t)waiting(&info, time.sample_rate, &e->wait);
  e->encoder = (ib_state *)(base + offsets[0]);
  e->latent = (float *)(base + offsets[1]);
  e->sound = (float *)(base + offsets[2]);
  for (int c = 0; c < 2; c++) e->ring[c] = (float *)(base + offsets[3 + c]);
  if (ib_state_init(model, IB_ENCODER, 1, 1, e->encoder, offsets[1] - offsets[0])) return NULL;
  if (info.sample_rate != time.sample_rate) {
    e->bridge = (ib_resampler *)(base + offsets[5]);
    int64_t bytes = ib_resampler_bytes(time.sample_rate, info.sample_rate, info.channels);
    if (ib_resampler_init(e->bridge, bytes, time.sample_rate, info.sample_rate, info.channels)) return NULL;
  }
  ear_reset(e);
  join(e, time);
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
  if (e->bridge) resampler_begin(e->bridge, -e->wait);
}

static float believed(float x, float gain) {
  float y = x * gain;
  return is_number(y) ? between(-LOUDEST_IN, y, LOUDEST_IN) : 0.0f;
}

/* One more sample for the encoder, at its own rate. */
static ONCE void keep(ear *e, float left, float right) {
  float in[2] = {left, right};
  for (int c = 0; c < e->channels; c++) e->sound[c * e->hop + e->filled] = in[c];
  ears y = weighting_hear(&e->matching.weighting, left, right);
  e->matching.energy += y * y;
  e->filled++;
}

/* n samples of the player's rate, brought to the encoder's. */
static void cross(ear *e, float came[2][GUARD_CELL], int n) {
  float made[2][GUARD_CELL];
  int used = 0, count;
  ib_frames in = {came[0], 1, GUARD_CELL}, out = {made[0], 1, GUARD_CELL};
  do {
    int room = e->hop - e->filled < GUARD_CELL ? e->hop - e->filled : GUARD_CELL;
    in.at += used;
    n -= used;
    count = ib_resampler_run(e->bridge, in, n, &used, out, room);
    for (int i = 0; i < count; i++) keep(e, made[0][i], made[e->channels - 1][i]);
  } while (count > 0);
}

void ear_collect(ear *e, const float *left, const float *right, int n) {
  float came[2][GUARD_CELL];
  for (int i = 0; i < n; i++) {
    float gain = ramp_next(&e->gain), in[2] = {believed(left[i], gain), believed(right[i], gain)};
    for (int c = 0; c < 2; c++) {
      float size = in[c] < 0.0f ? -in[c] : in[c];
      e->peak = size > e->peak ? size : e->peak;
      e->ring[c][e->at] = in[c];
    }
    if (++e->at == e->delay) e->at = 0;
    if (e->channels == 1) in[0] = in[1] = 0.5f * (in[0] + in[1]);
    if (e->bridge)
      for (int c = 0; c < 2; c++) came[c][i] = in[c];
    else if (e->filled < e->hop) keep(e, in[0], in[1]);
  }
  if (e->bridge) cross(e, came, n);
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

void ear_hear(ear *e, const ib_source *source) {
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
}
