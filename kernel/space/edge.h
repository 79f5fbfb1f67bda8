/* edge.h: the end of what is known, as it is heard: quieter, darker, and a low tone from far away. */
#ifndef ISOBATH_EDGE_H
#define ISOBATH_EDGE_H

#define EDGE_CELL 16

typedef struct {
  float rate;
  float share, gain, gain_step, pole, mix, mix_step;
  float low[2][2];
  float tone, tone_step;
  float turn[2][2];          /* two slow oscillators: cosine and sine */
  float pace[2][2];
} edge;

#pragma GCC visibility push(hidden)
void edge_init(edge *e, int sample_rate);
void edge_forget(edge *e);
/* Head for a share (0 inside .. 1 at the end) in one cell; `hum`: level of the tone there. */
void edge_aim(edge *e, float share, float hum, int now);
void edge_run(edge *e, float *left, float *right, int n);
#pragma GCC visibility pop
#endif
