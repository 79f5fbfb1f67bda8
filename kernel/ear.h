/* ear.h: a voice that listens. What comes in, collected hop by hop, brought to the loudness
 * that the model knows, and encoded; and kept until the model's sound has caught up with it.
 *
 * The ear hears hop f while hop f is played, and encodes it when the voice is due: what comes in
 * is heard a hop and the model's own delay later, and the dry sound waits as long. Where the model
 * has another rate than the player, what comes in is brought to it, and the dry sound waits for both
 * resamplers too, to the sample: the one on the way in is begun between two samples, so that the whole is
 * a whole number.
 *
 * Loudness (paper 002, section 5): a running K-weighted energy, the mean over channels, that
 * forgets over 3 s, counts everything in its first second, rests in silence and does not follow
 * what is 20 LU softer than the music (tails, a room), except slowly, by 2 dB a second. The gain moves
 * by 40 dB a second at most.
 */
#ifndef ISOBATH_EAR_H
#define ISOBATH_EAR_H
#include "player.h"
#include "resampling.h"
#include "weighting.h"

#define EAR_MAGIC 0x20726165u
#define EAR_LONGEST (1 << 20)       /* samples of delay that a dry sound waits at most */

/* When an ear is opened, in samples of the player's. */
typedef struct {
  int32_t sample_rate;              /* the player's */
  int32_t late;                     /* what the voice plays is heard so much later */
  int32_t remaining;                /* until the voice is due */
  int64_t ahead;                    /* see voice.h */
} ear_time;

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
  int32_t player_rate;
  double wait;                      /* samples of the player's that the resampler on the way in keeps back */
  ib_resampler *bridge;             /* from the player's rate to the model's; NULL: they are the same */
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

int64_t ear_bytes(const ib_model *model, int sample_rate);
ear *ear_make(void *memory, const ib_model *model, int from, ear_time time);
void ear_reset(ear *e);
/* n samples come in, GUARD_CELL at most. */
void ear_collect(ear *e, const float *left, const float *right, int n);
/* The hop is complete: what it means goes to `latent`. */
void ear_hear(ear *e, const ib_source *source);
/* What is heard dry, i samples from now (i < delay). */
static inline void ear_dry(const ear *e, int i, float out[2]) {
  int at = e->at + i;
  at = at < e->delay ? at : at - e->delay;
  out[0] = e->ring[0][at];
  out[1] = e->ring[1][at];
}
#pragma GCC visibility pop
#endif
