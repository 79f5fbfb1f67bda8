/* edge.c: see edge.h. */
#include "edge.h"
#include "../scalars.h"

#define QUIETER 14.0         /* dB at the very end */
#define OPEN_HZ 16000.0
#define CLOSED_HZ 350.0
#define TONES {98.0, 146.8}  /* Hz: a fifth, low enough to be far and high enough for small speakers */

void edge_init(edge *e, int sample_rate) {
  static const double tones[2] = TONES;
  memset(e, 0, sizeof *e);
  e->rate = (float)sample_rate;
  for (int i = 0; i < 2; i++) {
    e->pace[i][0] = (float)scalar_cos(2 * PI * tones[i] / sample_rate);
    e->pace[i][1] = (float)scalar_sin(2 * PI * tones[i] / sample_rate);
  }
  edge_forget(e);
}

void edge_forget(edge *e) {
  e->share = e->mix = e->mix_step = e->gain_step = e->tone = e->tone_step = 0.0f;
  e->gain = 1.0f;
  memset(e->low, 0, sizeof e->low);
  for (int i = 0; i < 2; i++) e->turn[i][0] = 1.0f, e->turn[i][1] = 0.0f;
}

static void step(float *value, float *by, float to, int now) {
  *by = now ? 0.0f : (to - *value) / EDGE_CELL;
  if (now) *value = to;
}

void edge_aim(edge *e, float share, float hum, int now) {
  e->share = share;
  double cutoff = OPEN_HZ * scalar_exp(share * scalar_log(CLOSED_HZ / OPEN_HZ));
  if (cutoff > 0.45 * e->rate) cutoff = 0.45 * e->rate;
  e->pole = (float)(1.0 - scalar_exp(-2.0 * PI * cutoff / e->rate));
  step(&e->gain, &e->gain_step, share > 0.0f ? (float)from_db(-QUIETER * share) : 1.0f, now);
  step(&e->mix, &e->mix_step, share < 0.25f ? 4.0f * share : 1.0f, now);
  step(&e->tone, &e->tone_step, hum * share * share, now);
  for (int i = 0; i < 2; i++) {     /* keep the oscillators as long as they began */
    float size = e->turn[i][0] * e->turn[i][0] + e->turn[i][1] * e->turn[i][1], back = 1.5f - 0.5f * size;
    e->turn[i][0] *= back;
    e->turn[i][1] *= back;
  }
  if (share == 0.0f && e->mix < 1e-6f && e->tone < 1e-9f) {
    e->mix = e->mix_step = e->tone = e->tone_step = e->gain_step = 0.0f;
    e->gain = 1.0f;
    memset(e->low, 0, sizeof e->low);
  }
}

void edge_run(edge *e, float *left, float *right, int n) {
  float *const x[2] = {left, right};
  if (e->share == 0.0f && e->mix == 0.0f && e->mix_step == 0.0f) return;
  for (int i = 0; i < n; i++) {
    for (int k = 0; k < 2; k++) {
      float c = e->turn[k][0], s = e->turn[k][1];
      e->turn[k][0] = c * e->pace[k][0] - s * e->pace[k][1];
      e->turn[k][1] = s * e->pace[k][0] + c * e->pace[k][1];
    }
    float tone = e->tone * (0.6f * e->turn[0][1] + 0.4f * e->turn[1][1]);
    for (int c = 0; c < 2; c++) {
      e->low[c][0] += e->pole * (x[c][i] - e->low[c][0]) + 1e-20f;
      e->low[c][1] += e->pole * (e->low[c][0] - e->low[c][1]);
      x[c][i] = e->gain * (x[c][i] + e->mix * (e->low[c][1] - x[c][i])) + tone;
    }
    e->gain += e->gain_step;
    e->mix += e->mix_step;
    e->tone += e->tone_step;
  }
}
