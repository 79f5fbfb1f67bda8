/* head.h: one source and two ears.
 *
 * turn: a direction is a pan of constant power between two speakers that stay where they are on the head.
 * head: a sphere (Woodworth's delay; the one-pole, one-zero shadow of Brown and Duda, "A Structural Model
 * for Binaural Sound Synthesis", 1998, with their 8.75 cm, alpha_min 0.1 and theta_min 150 degrees), ears
 * 100 degrees from the nose. In both, what lies behind is a little duller: a cue of our own, which also a
 * single loudspeaker keeps.
 */
#ifndef ISOBATH_HEAD_H
#define ISOBATH_HEAD_H
#include <stdint.h>

#define HEAD_RING 256        /* samples: more than the longest way round a head, at 192 kHz */
#define HEAD_CELL 16

typedef struct {
  float delay, delay_step;   /* samples */
  float zero[2], zero_step[2]; /* b0, b1 of the shadow */
  float x, y;                /* its past */
} head_ear;

typedef struct {
  float pan[2], pan_step[2];     /* to left and right as speakers hear it */
  float sphere, sphere_step;     /* gain towards the two ears */
  float dull, dull_step;         /* what is left of the highs */
  float low;                     /* under them */
  int32_t at;
  float ring[HEAD_RING];
  head_ear ear[2];
} head_channel;

/* Where something is, as the head has it: parts of a vector no longer than 1. */
typedef struct { float right, up, front; } head_direction;

/* Shares of the three ways of placing, which add up to 1. */
typedef struct { float none, turn, head; } head_shares;

typedef struct {
  float rate, pole;          /* Hz; of the shadow */
  float highs;               /* one-pole share under which `dull` leaves everything */
  float soon;                /* share of the way that gains go in a cell */
} head_shape;

#pragma GCC visibility push(hidden)
head_shape head_shape_of(int sample_rate);
void head_forget(head_channel *c);
/* Head for a direction in one cell; `side` is the channel's own (0 left, 1 right); `now`: at once. */
void head_aim(head_channel *c, const head_shape *s, int side, float gain, head_shares shares, head_direction to, int now);
/* Add n samples of a channel, as both ears hear them. */
void head_add(head_channel *c, const head_shape *s, const float *in, float *left, float *right, int n);
/* acos, to 2e-8 (Abramowitz and Stegun, 4.4.46). */
double head_acos(double x);
#pragma GCC visibility pop
#endif
