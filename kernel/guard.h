/* guard.h: no sudden loudness. A limiter bounds peaks; ears are hurt by energy.
 *
 * The promise: the momentary loudness of what is heard (ITU-R BS.1770 K-weighting, 400 ms)
 * never rises by more than `rise` LU within a second, except that any sound may reach
 * GUARD_FREE_LUFS at once, so that a note may start from silence.
 *
 * How: loudness is an energy budget. At every moment, 400 ms times the allowed level, less
 * the energy heard in the last 400 ms, is what may still be spent. The guard lets at most a
 * tenth of a window's worth (40 ms) of the present input spend all that is left: a transient
 * passes, a lasting loud sound settles on the allowed level from below, and where the budget is ample
 * nothing is touched. The gain is not applied here: it is one more request to the limiter,
 * which makes it smooth, gives it the look-ahead, and takes the smaller of the two.
 */
#ifndef ISOBATH_GUARD_H
#define ISOBATH_GUARD_H
#include <stdint.h>

#define GUARD_CELL 32               /* samples between two decisions */
#define GUARD_CELLS 64              /* most cells in a block of 10 ms */
#define GUARD_WINDOW 40             /* blocks of 10 ms in the momentary loudness */
#define GUARD_SECOND 100
#define GUARD_FREE_LUFS (-18.0)     /* the alignment level; below it nothing is ever reduced */

typedef float ears __attribute__((vector_size(16))); /* input left, right; output left, right */

typedef struct {
  ears shelf[5], pass[5];           /* K-weighting: b0 b1 b2 a1 a2 of its two halves */
  ears memory[4];
  ears energy;                      /* of the cell under way */
  float rise;                       /* energy ratio allowed within a second; 0: off */
  float free;                       /* energy of a block at GUARD_FREE_LUFS */
  float release;                    /* of the input's level, per cell */
  int32_t cells;                    /* in a block */
  int32_t cell, block;              /* under way: cell of the block, block since the start (wrapping) */
  float coming[GUARD_CELLS];        /* energy of the input, per cell, the last block's worth */
  float level;                      /* energy of a block of input, held, released slowly */
  float heard;                      /* energy of the output in the block under way */
  float window[GUARD_WINDOW];       /* energy of the output, per block */
  float second[GUARD_SECOND + 1];   /* energy of a window, as it was at each block of the last second */
  float gain;                       /* what the guard asks for, <= 1 */
} guard;

#pragma GCC visibility push(hidden)
void guard_reset(guard *g, int sample_rate);
void guard_rise(guard *g, float db);
/* n samples of what came and of what was heard, all within one cell; end: the cell is full. */
void guard_listen(guard *g, const float *const coming[2], const float *const heard[2], int n, int end);
#pragma GCC visibility pop
#endif
