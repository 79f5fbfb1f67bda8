/* head.c: see head.h. */
#include "head.h"
#include "../scalars.h"

#define RADIUS 0.0875        /* metres, of the sphere */
#define SOUND 343.0          /* metres a second */
#define SHADOW_LEAST 0.1
#define SHADOW_AT (150.0 / 180.0)
#define EAR_BACK 0.17364817766693 /* sine of ten degrees: ears sit behind the middle */
#define EAR_SIDE 0.98480775301221
#define LEVEL 0.66f          /* two speakers reach both ears: as loud as without */
#define HIGHS 2500.0         /* Hz, above which what lies behind is duller */
#define DULLEST 0.35f
#define SOON_SECONDS 0.004   /* gains get there in */
#define AHEAD 2.0f           /* samples that interpolation needs */
#define FASTEST 1.0f         /* samples that a delay can change by in a cell: a semitone */

head_shape head_shape_of(int sample_rate) {
  double beta = 2.0 * SOUND / RADIUS, twice = 2.0 * sample_rate;
  return (head_shape){(float)sample_rate, (float)((beta - twice) / (beta + twice)),
                      (float)(1.0 - scalar_exp(-2.0 * PI * HIGHS / sample_rate)),
                      (float)(1.0 - scalar_exp(-HEAD_CELL / (SOON_SECONDS * sample_rate)))};
}

void head_forget(head_channel *c) {
  memset(c, 0, sizeof *c);
  c->dull = 1.0f;
}

double head_acos(double x) {
  static const double a[8] = {1.5707963050, -0.2145988016, 0.0889789874, -0.0501743046,
                              0.0308918810, -0.0170881256, 0.0066700901, -0.0012624911};
  double size = x < 0 ? -x : x, sum = 0.0;
  if (size > 1.0) size = 1.0;
  for (int i = 7; i >= 0; i--) sum = sum * size + a[i];
  double found = scalar_root(1.0 - size) * sum;
  return x < 0 ? PI - found : found;
}

/* Delay and shadow of one ear, whose axis meets the direction at this cosine. */
static void aim_ear(head_ear *e, const head_shape *s, double cosine, int now) {
  double angle = head_acos(cosine), way = RADIUS / SOUND;
  double later = cosine >= 0.0 ? -cosine : angle - PI / 2;
  float delay = (float)((1.0 + later) * way * s->rate) + AHEAD;
  double turned = angle / SHADOW_AT; /* up to 216 degrees */
  double alpha = 1.0 + SHADOW_LEAST / 2 + (1.0 - SHADOW_LEAST / 2) * (turned > PI ? -scalar_cos(turned - PI) : scalar_cos(turned));
  double beta = 2.0 * SOUND / RADIUS, twice = 2.0 * s->rate;
  float zero[2] = {(float)((beta + alpha * twice) / (beta + twice)), (float)((beta - alpha * twice) / (beta + twice))};
  float far = delay - e->delay;
  e->delay_step = now ? 0.0f : between(-FASTEST, far, FASTEST) / HEAD_CELL;
  if (now) e->delay = delay;
  for (int i = 0; i < 2; i++) {
    e->zero_step[i] = now ? 0.0f : (zero[i] - e->zero[i]) / HEAD_CELL;
    if (now) e->zero[i] = zero[i];
  }
}

static void step_to(float *value, float *step, float to, float share, int now) {
  float way = to - *value;
  if (way > -1e-6f && way < 1e-6f) share = 1.0f;
  *step = now ? 0.0f : share * way / HEAD_CELL;
  if (now) *value = to;
}

void head_aim(head_channel *c, const head_shape *s, int side, float gain, head_shares shares, head_direction to, int now) {
  double angle = ((double)between(-1.0f, to.right, 1.0f) + 1.0) * PI / 4;
  float pan[2] = {(float)scalar_cos(angle), (float)scalar_sin(angle)};
  for (int i = 0; i < 2; i++)
    step_to(&c->pan[i], &c->pan_step[i], gain * (shares.turn * pan[i] + (i == side ? shares.none : 0.0f)), s->soon, now);
  step_to(&c->sphere, &c->sphere_step, gain * LEVEL * shares.head, s->soon, now);
  float behind = to.front < 0.0f ? -to.front : 0.0f;
  step_to(&c->dull, &c->dull_step, 1.0f - (1.0f - DULLEST) * (1.0f - shares.none) * behind, s->soon, now);
  for (int i = 0; i < 2; i++) {
    double across = i ? to.right : -to.right;
    aim_ear(&c->ear[i], s, EAR_SIDE * across - EAR_BACK * to.front, now);
  }
}

/* Third-order Lagrange, between the samples `delay` ago. */
static inline float late(const head_channel *c, float delay) {
  int whole = (int)delay;
  float d = delay - (float)whole + 1.0f; /* from the newest of four */
  const int at = c->at - whole + 1;
  float a = c->ring[at & (HEAD_RING - 1)], b = c->ring[(at - 1) & (HEAD_RING - 1)];
  float e = c->ring[(at - 2) & (HEAD_RING - 1)], f = c->ring[(at - 3) & (HEAD_RING - 1)];
  float d1 = d - 1.0f, d2 = d - 2.0f, d3 = d - 3.0f;
  return -d1 * d2 * d3 * (1.0f / 6.0f) * a + d * d2 * d3 * 0.5f * b - d * d1 * d3 * 0.5f * e + d * d1 * d2 * (1.0f / 6.0f) * f;
}

void head_add(head_channel *c, const head_shape *s, const float *in, float *left, float *right, int n) {
  float *const out[2] = {left, right};
  for (int i = 0; i < n; i++) {
    c->low += s->highs * (in[i] - c->low);
    float x = c->dull == 1.0f ? in[i] : c->low + c->dull * (in[i] - c->low);
    c->dull += c->dull_step;
    c->ring[c->at & (HEAD_RING - 1)] = x;
    for (int k = 0; k < 2; k++) {
      out[k][i] += x * c->pan[k];
      c->pan[k] += c->pan_step[k];
    }
    if (c->sphere != 0.0f || c->sphere_step != 0.0f)
      for (int k = 0; k < 2; k++) {
        head_ear *e = &c->ear[k];
        float heard = late(c, e->delay);
        e->y = e->zero[0] * heard + e->zero[1] * e->x - s->pole * e->y;
        e->x = heard;
        e->delay += e->delay_step;
        e->zero[0] += e->zero_step[0];
        e->zero[1] += e->zero_step[1];
        out[k][i] += e->y * c->sphere;
      }
    c->sphere += c->sphere_step;
    c->at = (c->at + 1) & (HEAD_RING - 1);
  }
}
