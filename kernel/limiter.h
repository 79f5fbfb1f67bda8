/* limiter.h: the last thing before the ear. A stereo-linked true-peak limiter.
 *
 * Peaks between samples are found by interpolating to four times the rate. Each asks for
 * the gain that would bring it under the ceiling; the smallest request within the look-ahead
 * holds, is released slowly, and is averaged over the look-ahead, so that the gain arrives
 * exactly when the peak does and never moves faster. The guard's wish (guard.h) joins before the
 * average: the smaller counts, so the two never reduce the same thing twice. Sums are whole
 * numbers: however the signal is cut into calls, the same samples come out. (Giannoulis et
 * al., JAES 2012, for the anatomy; ITU-R BS.1770 Annex 2 for the true peak.)
 */
#ifndef ISOBATH_LIMITER_H
#define ISOBATH_LIMITER_H
#include <stdint.h>

#define LIMITER_RING 512            /* more than look-ahead and detector together at 192 kHz */
#define LIMITER_TAPS 32

typedef struct {
  int32_t look, delay;              /* samples */
  float ceiling, release;           /* linear; share of the way back per sample */
  double open;                      /* gain after release */
  int64_t sum;                      /* of the last `look` gains, in 2^-30 */
  uint32_t now;                     /* samples so far, wrapping */
  uint32_t first, last;             /* queue of rising requests */
  float last_good[2];
  float past[2][2 * LIMITER_TAPS];  /* last inputs, twice, so that a window never wraps */
  float audio[2][LIMITER_RING];
  float queue[LIMITER_RING];
  uint32_t queued_at[LIMITER_RING];
  int32_t gains[LIMITER_RING];
} limiter;

#pragma GCC visibility push(hidden)
void limiter_reset(limiter *l, int sample_rate);
void limiter_ceiling(limiter *l, float ceiling_db);
/* Replace what is no number by the last sample, fading; returns how many there were. */
int limiter_scrub(limiter *l, float *const x[2], int n);
/* n scrubbed samples of two channels in place; `wish` is the gain that the guard would allow
 * (<= 1). *lowest is lowered to the smallest gain given. */
void limiter_run(limiter *l, float *const x[2], int n, float wish, float *lowest);
#pragma GCC visibility pop
#endif
