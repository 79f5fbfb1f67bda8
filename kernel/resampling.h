/* resampling.h: what the kernel's own voices and ears know of a resampler (resample.h) besides. */
#ifndef ISOBATH_RESAMPLING_H
#define ISOBATH_RESAMPLING_H
#include "resample.h"

/* Called from several places, or seldom: the page fetches it once. */
#define ONCE __attribute__((noinline))

struct ib_resampler {
  uint32_t magic;
  int32_t from_hz, to_hz, channels;
  int32_t half, taps, phases;        /* the filter: its second half, its length, steps between two samples */
  int32_t delay;                     /* output frames */
  int32_t capacity, filled;          /* frames of a window, and how many are there */
  int64_t whole;                     /* first frame of the window that the next output reads */
  uint64_t fraction;                 /* between two frames, in 2^-56 */
  uint64_t step, target, nominal;    /* input frames for each output, in 2^-56 */
  uint64_t glide;                    /* most that step moves with each output */
  /* then float table[phases + 3][taps], window[channels][capacity] */
};

#pragma GCC visibility push(hidden)
/* The sizes that follow from two rates, into *r and no further; an error where there is no such resampler. */
int resampler_measure(ib_resampler *r, int from_hz, int to_hz, int channels);
/* Forget everything, and let the first output be what came in at `at`, input frames from the next one
 * on (0 or less), at most two filters ago. */
void resampler_begin(ib_resampler *r, double at);
#pragma GCC visibility pop
#endif
