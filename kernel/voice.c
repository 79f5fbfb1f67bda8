/* voice.c: see voice.h. */
#include "voice.h"
#include "scalars.h"

#define RAMP_SECONDS 0.005
#define LOUDEST_GAIN 16.0f          /* +24 dB */
#define TRIM_HOLD_SECONDS 0.06
#define TRIM_BACK_SECONDS 0.12
#define DYING 64                    /* samples in which a broken voice falls silent */

void voice_init(voice *v, int sample_rate) {
  memset(v, 0, sizeof *v);
  shaping_default(&v->shaping);
  source_default(&v->source);
  v->wet = (ramp){1.0f, 1.0f, 0.0f, 0};
  v->fade_length = (int32_t)(VOICE_FADE_SECONDS * sample_rate);
  v->ramp_length = (int32_t)(RAMP_SECONDS * sample_rate);
  v->tail_at = v->fade_length;
  v->trim = v->trimmed = 1.0f;
  v->trim_hold = (int32_t)(TRIM_HOLD_SECONDS * sample_rate);
  v->trim_back = (float)(1.0 - scalar_exp(-1.0 / (TRIM_BACK_SECONDS * sample_rate)));
  v->sample_rate = sample_rate;
}

int voice_fits(const ib_info *info, int sample_rate) {
  ib_resampler r;
  return info->channels >= 1 && info->channels <= 2 && info->hop >= 1 && info->hop <= IB_HOP &&
         (info->sample_rate == sample_rate ||
          (resampler_measure(&r, info->sample_rate, sample_rate, info->channels) == 0 &&
           ib_resampler_bytes(info->sample_rate, sample_rate, info->channels) <= VOICE_BRIDGE &&
           (int64_t)info->hop * sample_rate >= info->sample_rate)); /* a hop lasts a sample */
}

/* The next hop's length in samples of the player's, rounded up where it ends between two. */
int voice_next(const voice *v) {
  if (!v->bridge) return v->info.hop;
  int64_t left = (int64_t)v->info.hop * v->sample_rate - v->ahead;
  return left > 0 ? (int)((left + v->info.sample_rate - 1) / v->info.sample_rate) : 1;
}

ear_time voice_time(const voice *v) {
  return (ear_time){v->sample_rate, v->late, v->remaining, v->ahead};
}

static void build_bridge(voice *v) {
  int from = v->info.sample_rate;
  v->bridge = NULL;
  v->late = 0;
  if (from == v->sample_rate) return;
  if (ib_resampler_init(v->memory, sizeof v->memory, from, v->sample_rate, v->info.channels)) return;
  v->bridge = (ib_resampler *)v->memory;
  v->late = ib_resampler_delay(v->bridge);
}

/* Fade in, once what is under way in the bridge has been heard (`before` 1) or hidden (0). */
static void fade_in(voice *v, float before) {
  v->fade = -v->late;
  v->before = before;
}

static ONCE void forget(voice *v, uint32_t seed) {
  v->seed = seed;
  v->remaining = v->heard = v->broken = v->ramp = v->filled = v->begun = 0;
  v->last[0] = v->last[1] = 0.0f;
  v->trim_held = 0;
  memset(v->audio, 0, sizeof v->audio);
  memset(v->tap, 0, sizeof v->tap);
  v->ahead = 0;
  v->crossed = v->info.hop;         /* there is nothing yet */
  if (v->bridge) ib_resampler_reset(v->bridge);
  if (v->model) shaper_reset(&v->shaper, v->model, v->info.dims, seed);
}

void voice_come(voice *v, const ib_model *model, ib_state *state, const ib_info *info, uint32_t seed) {
  v->present = 1;
  v->model = model;
  v->state = state;
  v->info = *info;
  v->trim = 1.0f;
  build_bridge(v);
  forget(v, seed);
  fade_in(v, 0.0f);
  memset(v->given, 0, sizeof v->given);
  memcpy(v->given, v->shaper.good, (size_t)info->dims * 4);
  memset(v->incoming, 0, sizeof v->incoming);
  memcpy(v->incoming, v->shaper.good, (size_t)info->dims * 4);
}

void voice_feed(voice *v, const ib_info *info) {
  v->present = 1;
  v->info = *info;
  v->trim = 1.0f;
  build_bridge(v);
  forget(v, 0);
  fade_in(v, 0.0f);
}

/* The same model from a fresh past; whoever restarts it does the fading. */
void voice_restart(voice *v, uint32_t seed) {
  v->tail_at = v->fade_length;
  if (!v->present) return;
  if (v->model) ib_state_reset(v->model, v->state, -1, seed);
  if (v->ear) ear_reset(v->ear);
  forget(v, seed);
  if (v->bridge) fade_in(v, 0.0f); /* it begins later than the fade of the whole */
  else v->fade = v->fade_length;
}

/* Equal power, 1 at the centre: a mono voice in the middle is the decoder's own samples on
 * both sides; hard left it is 3 dB up there and silent on the right. */
static void wanted_levels(const voice *v, int outputs, float level[2]) {
  const ib_shaping *s = &v->shaping;
  float gain = is_number(s->gain) ? between(0.0f, s->gain, LOUDEST_GAIN) : 0.0f;
  float pan = is_number(s->pan) && outputs == 2 ? between(-1.0f, s->pan, 1.0f) : 0.0f;
  double angle = pan * PI / 4;
  double side = scalar_sin(angle), middle = scalar_cos(angle);
  level[0] = gain * (float)(pan == 0.0f ? 1.0 : middle - side);
  level[1] = gain * (float)(pan == 0.0f ? 1.0 : middle + side);
}

static void source_levels(voice *v) {
  const ib_source *s = &v->source;
  int length = v->heard ? v->ramp_length : 0;
  ramp_to(&v->wet, v->ear && is_number(s->wet) ? between(0.0f, s->wet, 1.0f) : 1.0f, length);
  if (v->ear) ramp_to(&v->ear->gain, is_number(s->gain) ? between(0.0f, s->gain, LOUDEST_GAIN) : 0.0f, length);
}

static float trim_wanted(const voice *v) { return is_number(v->trim) ? between(0.0f, v->trim, 1.0f) : 1.0f; }

/* Down at the pace of a level, up again only once what was loud has died away in the decoder. */
static float trim_next(voice *v) {
  float wanted = trim_wanted(v);
  if (wanted <= v->trimmed) {
    float next = v->trimmed - 1.0f / (float)v->ramp_length;
    v->trimmed = next > wanted ? next : wanted;
    v->trim_held = wanted < 1.0f ? v->trim_hold : 0;
  } else if (v->trim_held > 0) v->trim_held--;
  else {
    v->trimmed += (wanted - v->trimmed) * v->trim_back;
    if (wanted - v->trimmed < 1e-4f) v->trimmed = wanted;
  }
  return v->trimmed;
}

void voice_levels(voice *v, int outputs) {
  float wanted[2];
  source_levels(v);
  if (!v->heard) v->trimmed = trim_wanted(v);
  wanted_levels(v, outputs, wanted);
  if (v->heard && wanted[0] == v->target[0] && wanted[1] == v->target[1]) return;
  for (int c = 0; c < 2; c++) {
    v->target[c] = wanted[c];
    v->step[c] = (wanted[c] - v->level[c]) / (float)v->ramp_length;
    if (!v->heard) v->level[c] = wanted[c];
  }
  v->ramp = v->heard ? v->ramp_length : 0;
}

/* A hop that is not made of numbers would poison everything after it: the last sample dies
 * away instead, and the decoder forgets its past. */
static void mourn(voice *v) {
  int hop = v->info.hop;
  if (v->model) ib_state_reset(v->model, v->state, -1, v->seed);
  for (int c = 0; c < v->info.channels; c++)
    for (int i = 0; i < hop; i++)
      v->audio[c * hop + i] = i < DYING ? v->last[c] * (1.0f - (float)(i + 1) / DYING) : 0.0f;
  v->broken = 1;
}

const float *voice_said(const voice *v) {
  if (v->source.from == 1.0f) return v->ear ? v->ear->latent : NULL;
  return v->source.from == 2.0f ? v->given : NULL;
}

static int decode(voice *v) {
  float seconds = (float)v->info.hop / (float)v->info.sample_rate;
  if (v->ear) ear_hear(v->ear, &v->source); /* always: its past must go on */
  shaper_step(&v->shaper, &v->shaping, &v->source, v->model, v->info.dims, seconds, v->incoming, voice_said(v));
  return ib_decode(v->model, v->state, v->shaper.latent, 1, v->audio) < 0;
}

/* n samples of the player's rate out of the hop under way, whose rest the bridge keeps where n is 0. */
static ONCE void cross(voice *v, float made[2][GUARD_CELL], int n) {
  ib_frames in = {v->audio + v->crossed, 1, v->info.hop}, out = {made[0], 1, GUARD_CELL};
  int used = 0, count = ib_resampler_run(v->bridge, in, v->info.hop - v->crossed, &used, out, n);
  v->crossed += used;
  for (int c = 0; c < v->info.channels; c++)
    for (int i = count > 0 ? count : 0; i < n; i++) made[c][i] = 0.0f; /* never: frames come in time */
}

/* The next hop into `audio`: made here, or written by the host already. */
static ONCE void next_hop(voice *v) {
  if (v->bridge) cross(v, v->made, 0); /* what is left of the hop before */
  int hop = v->info.hop, values = v->info.channels * hop, missing = !v->model && !v->filled;
  int failed = v->model ? decode(v) : missing;
  float sum = 0.0f;                 /* stays 0 unless something is infinite or no number */
  for (int i = 0; i < values; i++) sum += v->audio[i] * 0.0f;
  if (v->broken) fade_in(v, 1.0f);
  v->broken = v->filled = 0;
  if (missing && v->begun) v->underruns++;
  v->begun = v->begun || !missing;
  if (!missing && (failed || sum != 0.0f)) v->shaper.scrubbed++;
  if (failed || sum != 0.0f) mourn(v);
  for (int c = 0; c < v->info.channels; c++) v->last[c] = v->audio[(c + 1) * hop - 1];
  v->remaining = voice_next(v);
  if (v->bridge) v->ahead += (int64_t)v->remaining * v->info.sample_rate - (int64_t)hop * v->sample_rate;
  v->crossed = 0;
  v->heard = 1;
}

static void collect_hop(voice *v, const float *heard) {
  static const float silence[GUARD_CELL];
  int hop = v->info.hop;
  for (int done = 0; done < hop;) {
    int n = hop - done < GUARD_CELL ? hop - done : GUARD_CELL;
    ear_collect(v->ear, heard ? heard + done : silence, heard ? heard + hop + done : silence, n);
    done += n;
  }
}

const float *voice_make(voice *v, const float *heard) {
  source_levels(v);
  if (v->ear && v->heard) collect_hop(v, heard);
  next_hop(v);
  v->remaining = 0;
  return v->audio;
}

/* One sample on each side, before levels. */
static void sample_at(const voice *v, const float *first, const float *second, int outputs, float out[2]) {
  float left = *first, right = v->info.channels == 2 ? *second : left;
  out[0] = outputs == 2 ? left : 0.5f * (left + right);
  out[1] = right;
}

static void advance_levels(voice *v) {
  if (v->ramp == 0) return;
  v->ramp--;
  for (int c = 0; c < 2; c++) v->level[c] = v->ramp ? v->level[c] + v->step[c] : v->target[c];
}

/* The dry share, i samples after the last one that the ear was given. */
static void mix_dry(const voice *v, int i, int outputs, float wet, float in[2]) {
  float dry[2] = {0.0f, 0.0f};
  if (v->ear) ear_dry(v->ear, i, dry);
  if (outputs == 1) dry[0] = 0.5f * (dry[0] + dry[1]);
  for (int c = 0; c < 2; c++) in[c] = wet * in[c] + (1.0f - wet) * dry[c];
}

static ONCE void add_sound(voice *v, float *const out[2], int outputs, int n) {
  for (int i = 0, ready = 0, from = 0; i < n; i++) {
    float in[2], fade = 1.0f;
    if (v->remaining == 0) next_hop(v);
    if (v->bridge) {
      if (i == ready) {
        from = ready;
        ready += v->remaining < n - i ? v->remaining : n - i;
        cross(v, v->made, ready - from);
      }
      sample_at(v, &v->made[0][i - from], &v->made[1][i - from], outputs, in);
    } else {
      const float *at = v->audio + v->info.hop - v->remaining;
      sample_at(v, at, at + v->info.hop, outputs, in);
    }
    v->remaining--;
    float wet = ramp_next(&v->wet);
    if (wet < 1.0f) mix_dry(v, i, outputs, wet, in);
    if (v->fade < v->fade_length) fade = ++v->fade > 0 ? (float)v->fade / (float)v->fade_length : v->before;
    advance_levels(v);
    float trim = trim_next(v);
    for (int c = 0; c < 2; c++) v->tap[c][i] = in[c < outputs ? c : 0] * fade;
    for (int c = 0; c < outputs; c++) out[c][i] += in[c] * v->level[c] * fade * trim;
  }
}

static void add_tail(voice *v, float *const out[2], int outputs, int n) {
  for (int i = 0; i < n && v->tail_at < v->fade_length; i++, v->tail_at++)
    for (int c = 0; c < outputs; c++) out[c][i] += v->tail[c][v->tail_at];
}

void voice_add(voice *v, float *const out[2], int outputs, int n) {
  add_tail(v, out, outputs, n);
  if (v->present) add_sound(v, out, outputs, n);
}

/* Where what is left of an earlier tail is the beginning of a new one. */
static void begin_tail(voice *v) {
  int n = v->fade_length, left = n - v->tail_at;
  for (int c = 0; c < 2; c++) {
    memmove(v->tail[c], v->tail[c] + v->tail_at, 4 * (size_t)left);
    memset(v->tail[c] + left, 0, 4 * (size_t)(n - left));
  }
  v->tail_at = 0;
}

/* What it would have played next, fading, in a silent room. */
static void make_tail(voice *v, int outputs) {
  static const float silence[1];
  int n = v->fade_length;
  begin_tail(v);
  for (int i = 0; i < n; i++) {
    float next[2] = {0.0f, 0.0f}, fade = 1.0f - (float)(i + 1) / (float)n;
    float *const out[2] = {&next[0], &next[1]};
    add_sound(v, out, outputs, 1);
    if (v->ear) ear_collect(v->ear, silence, silence, 1);
    for (int c = 0; c < 2; c++) v->tail[c][i] += next[c] * fade;
  }
}

void voice_go(voice *v, int outputs) {
  if (!v->present) return;
  if (v->heard) make_tail(v, outputs);
  v->present = 0;
  v->model = NULL;
  v->state = NULL;
  v->ear = NULL;
  v->remaining = 0;
  memset(v->tap, 0, sizeof v->tap);
}

/* The dry sound that is still to come, fading as the wet ramp leaves it. */
static void dry_tail(voice *v, int outputs) {
  int n = v->fade_length < v->ear->delay ? v->fade_length : v->ear->delay;
  begin_tail(v);
  for (int i = 0; i < n; i++) {
    float in[2] = {0.0f, 0.0f};
    mix_dry(v, i, outputs, v->wet.value, in);
    for (int c = 0; c < outputs; c++) v->tail[c][i] += in[c] * v->level[c] * (1.0f - (float)(i + 1) / (float)n);
  }
}

void voice_listen(voice *v, ear *ear, int outputs) {
  if (v->ear && v->heard && v->wet.value < 1.0f) dry_tail(v, outputs);
  v->ear = ear;
}
