/* ear.h: a voice that listens. What comes in, collected hop by hop, brought to the loudness
 * that the model knows, and encoded; and kept until the model's sound has caught up with it.
 *
 * The ear hears hop f while hop f is played, and encodes it when the voice is due: what comes in
 * is heard a hop and the model's own delay later, and the dry sound waits as long.
 *
 * Loudness (paper 002, section 5): a running K-weighted energy, the mean over channels, that
 * forgets over 3 s, counts everything in its first second, rests in silence and does not follow
 * what is 20 LU softer than the music (tails, a room), except slowly, by 2 dB a second. The gain moves
 * by 40 dB a second at most.
 */
#ifndef ISOBATH_EAR_H
#define ISOBATH_EAR_H
#include "player.h"
#include "weighting.h"

#define EAR_MAGIC 0x20726165u
#define EAR_LONGEST (1 << 20)       /* samples of delay that a dry sound waits at most */

/* A level on its way. */
typedef struct {
  float value, target, step;
  int32_t left;
} ramp;

typedef struct {
  weighting weighting;
  ears energy;                      /* of the hop under way */
  float loud;                       /* energy of a sample, as followed */
  float seconds;                    /* that have been heard of it */
  float running;                    /* gain that follows the loudness; 0: not yet */
  float gain;                       /* that the last hop ended with */
  int32_t started;
} matching;

typedef struct {
  matching matching;
  uint32_t magic;
  int32_t from;                     /* slot listened to; -1: the own input */
  int32_t channels, hop, dims, sample_rate;
  int32_t delay, at;                /* length of the ring, and where the next sample goes */
  int32_t filled;                   /* samples of the hop under way */
  uint32_t broken;                  /* hops that were not made of numbers */
  ramp gain;
  float peak;
  const ib_model *model;
  ib_state *encoder;
  float *latent;                    /* [dims] */
  float *sound;                     /* [channels][hop], as the encoder hears it */
  float *ring[2];                   /* [delay] */
} ear;

#pragma GCC visibility push(hidden)
/* Move towards `wanted` over `length` samples, or be there at once. */
void ramp_to(ramp *r, float wanted, int length);
static inline float ramp_next(ramp *r) {
  if (r->left) r->value = --r->left ? r->value + r->step : r->target;
  return r->value;
}

int64_t ear_bytes(const ib_model *model);
/* An ear in fresh memory whose voice is `into` samples into its hop. */
ear *ear_make(void *memory, const ib_model *model, int from, int into);
void ear_reset(ear *e);
/* n samples come in. */
void ear_collect(ear *e, const float *left, const float *right, int n);
/* The hop is complete: what it means, [dims]. */
const float *ear_hear(ear *e, const ib_source *source);
/* What is heard dry, i samples from now (i < delay). */
static inline void ear_dry(const ear *e, int i, float out[2]) {
  int at = e->at + i;
  at = at < e->delay ? at : at - e->delay;
  out[0] = e->ring[0][at];
  out[1] = e->ring[1][at];
}
#pragma GCC visibility pop
#endif
