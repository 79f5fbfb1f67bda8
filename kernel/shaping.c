/* shaping.c: see shaping.h. */
#include "shaping.h"
#include "scalars.h"

#define FAR 64.0f                   /* standard deviations: nothing beyond means anything */
#define KNEE 1.0f                   /* known radii inside which nothing is moved */
#define REACH 1.25f                 /* known radii that a firm clamp never exceeds */
#define WANDER_BOUND 3.0f           /* standard deviations that drift never exceeds */

void shaping_default(ib_shaping *shaping) {
  memset(shaping, 0, sizeof *shaping);
  for (int d = 0; d < IB_DIMS; d++) shaping->scale[d] = 1.0f;
  shaping->drift_seconds = 4.0f;
  shaping->smoothing_seconds = 0.02f;
  shaping->clamp = 1.0f;
  shaping->gain = 1.0f;
}

void source_default(ib_source *source) {
  memset(source, 0, sizeof *source);
  for (int d = 0; d < IB_DIMS; d++) source->amount[d] = 1.0f;
  source->gain = source->match_gain = source->wet = 1.0f;
}

void shaper_reset(shaper *s, const ib_model *model, int dims, uint32_t seed) {
  const float *mean = ib_model_mean(model);
  uint32_t scrubbed = s->scrubbed;  /* counts since the start, whatever comes and goes */
  memset(s, 0, sizeof *s);
  s->scrubbed = scrubbed;
  s->seed = seed ^ 0x5bd1e995u;     /* not the decoder's own noise */
  for (int d = 0; d < dims; d++) s->good[d] = s->told[d] = s->latent[d] = is_number(mean[d]) ? mean[d] : 0.0f;
}

/* Noise of unit variance: four uniforms, summed. Never beyond 3.47. */
static float noise(uint32_t seed, uint32_t frame, uint32_t dimension, uint32_t stream) {
  float sum = 0.0f;
  for (uint32_t i = 0; i < 4; i++) {
    uint32_t x = frame * 0x9E3779B1u + (stream * 1024u + dimension * 4u + i) * 0x85EBCA77u + seed;
    x ^= x >> 16;
    x *= 0x7feb352du;
    x ^= x >> 15;
    x *= 0x846ca68bu;
    x ^= x >> 16;
    sum += (float)(int32_t)x * (1.0f / 2147483648.0f);
  }
  return sum * 0.8660254f;          /* a uniform in -1..1 has variance 1/3 */
}

/* Share of the way that a one-pole of this time constant goes in one frame. */
static float share(float seconds, float constant) {
  if (!(constant > 0.0f)) return 1.0f;
  return (float)(1.0 - scalar_exp(-(double)seconds / constant));
}

static float number(float x, float otherwise) { return is_number(x) ? x : otherwise; }

/* The wander of one dimension: noise through two equal one-poles, brought to unit variance,
 * bent so that it stays bounded. It starts at 0 and runs whether or not it is heard. */
static float wander(shaper *s, int d, float k, float gain) {
  float *first = s->wander[0], *second = s->wander[1];
  first[d] += k * (noise(s->seed, s->frame, (uint32_t)d, 1) - first[d]);
  second[d] += k * (first[d] - second[d]);
  float w = second[d] * gain;
  float bent = w * (1.0f / WANDER_BOUND);
  return w / (float)scalar_root(1.0 + (double)bent * bent);
}

/* How the performer's p meets the source's s in one dimension; see ib_source. */
static float meet(const ib_source *source, int d, float s, float p, float mean, float unit) {
  float amount = between(-FAR, number(source->amount[d], 1.0f), FAR), manner = number(source->manner[d], 0.0f);
  if (manner < 0.5f) return s;
  if (manner < 1.5f) return amount == 1.0f ? p : s + amount * (p - s);
  if (manner < 2.5f) return s + amount * (p - mean);
  return unit > 0.0f ? mean + (s - mean) * (1.0f + amount * (p - mean) / unit) : s;
}

/* Pull z towards the mean so that its Mahalanobis distance keeps a soft knee. */
static float clamp(float *z, const ib_model *model, int dims, float amount) {
  const float *mean = ib_model_mean(model), *whitening = ib_model_whitening(model);
  float known = ib_model_known_radius(model);
  if (!(amount > 0.0f) || !is_number(known) || !(known > 0.0f)) return 0.0f;
  float square = 0.0f;
  for (int i = 0; i < dims; i++) {
    float sum = 0.0f;
    for (int d = 0; d < dims; d++) sum += whitening[i * dims + d] * (z[d] - mean[d]);
    square += sum * sum;
  }
  float radius = (float)scalar_root((double)square);
  if (!is_number(radius) || radius <= KNEE * known) return 0.0f;
  float room = (REACH - KNEE) * known, over = radius - KNEE * known;
  float wanted = KNEE * known + room * over / (room + over);
  float moved = (amount > 1.0f ? 1.0f : amount) * (1.0f - wanted / radius);
  for (int d = 0; d < dims; d++) z[d] = mean[d] + (z[d] - mean[d]) * (1.0f - moved);
  return moved;
}

void shaper_step(shaper *s, const ib_shaping *shaping, const ib_source *source, const ib_model *model, int dims,
                 float seconds, const float *incoming, const float *heard) {
  const float *mean = ib_model_mean(model), *std = ib_model_std(model);
  float z[IB_DIMS];
  float k = share(seconds, between(0.02f, number(shaping->drift_seconds, 4.0f), 3600.0f));
  float pole = 1.0f - k;            /* variance of noise through both: (1-a)(1+a²)/(1+a)³ */
  float spread = (float)scalar_root((double)(k * (1.0f + pole * pole)) / ((1.0 + pole) * (1.0 + pole) * (1.0 + pole)));
  float drift = number(shaping->drift, 0.0f);
  for (int d = 0; d < dims; d++) {
    float unit = number(std[d], 1.0f), middle = number(mean[d], 0.0f);
    if (!is_number(incoming[d])) s->scrubbed++;
    float held = between(0.0f, number(shaping->held[d], 0.0f), 1.0f);
    float in = number(incoming[d], s->good[d]), hold = number(shaping->hold[d], middle);
    float x = held >= 1.0f ? hold : held > 0.0f ? held * hold + (1.0f - held) * in : in;
    if (is_number(incoming[d])) s->good[d] = between(middle - FAR * unit, in, middle + FAR * unit);
    if (heard) {
      if (is_number(heard[d])) s->told[d] = between(middle - FAR * unit, heard[d], middle + FAR * unit);
      else s->scrubbed++;
      x = meet(source, d, s->told[d], number(x, s->good[d]), middle, unit);
    }
    x = x * number(shaping->scale[d], 1.0f) + number(shaping->bias[d], 0.0f);
    float fresh = number(shaping->noise[d], 0.0f);
    if (fresh != 0.0f) x += fresh * unit * noise(s->seed, s->frame, (uint32_t)d, 0);
    float slow = wander(s, d, k, 1.0f / spread);
    if (drift != 0.0f) x += drift * unit * slow;
    z[d] = between(middle - FAR * unit, number(x, s->good[d]), middle + FAR * unit);
  }
  s->frame++;
  s->clamped = clamp(z, model, dims, number(shaping->clamp, 1.0f));
  float step = s->started ? share(seconds, number(shaping->smoothing_seconds, 0.0f)) : 1.0f;
  s->started = 1;
  for (int d = 0; d < dims; d++) {
    s->smooth[d] = step >= 1.0f ? z[d] : s->smooth[d] + step * (z[d] - s->smooth[d]);
    s->latent[d] = s->smooth[d];
  }
}
