/* guard.h: no sudden loudness. A limiter bounds peaks; ears are hurt by energy.
 *
 * The promise: the momentary loudness of what is heard (ITU-R BS.1770 K-weighting, 400 ms)
 * never rises by more than `rise` LU within a second, except that any sound may reach
 * GUARD_FREE_LUFS at once, so that a note may start from silence.
 *
 * How: a bucket of loudness. Energy flows in at the allowed level and out as it is heard; the
 * bucket holds GUARD_BURST (200 ms) of it and whatever flows over is lost. A transient is paid
 * from the bucket and passes; a lasting loud sound empties it within some 10 ms and is then
 * held at the allowed level, steadily. In any 400 ms no more than 400 + 200 ms worth is heard,
 * so the level is set a third lower than the promise. Where the bucket suffices nothing is touched.
 *
 * What a cell will be heard with is only a guess while the gain moves: a limiter that works hard on a
 * huge bass makes it into something that ears notice more. So the bucket is charged with the guess
 * at once, and with the difference as soon as the cell has been heard.
 *
 * The gain is not applied here: it is one more request to the limiter, which makes it smooth,
 * gives it the look-ahead, and takes the smaller of the two.
 */
#ifndef ISOBATH_GUARD_H
#define ISOBATH_GUARD_H
#include "weighting.h"

#define GUARD_CELL 16               /* samples between two decisions */
#define GUARD_CELLS 128             /* most cells in a block of 10 ms */
#define GUARD_LATE 32               /* most cells that the limiter may keep back */
#define GUARD_WINDOW 40             /* blocks of 10 ms in the momentary loudness */
#define GUARD_SECOND 100
#define GUARD_BURST 20.0f           /* blocks that the bucket holds */
#define GUARD_FREE_LUFS (-15.0)     /* below this nothing is ever reduced */

typedef struct {
  weighting weighting, after;       /* of what comes, and of what is heard of it */
  ears energy, leaving;             /* of the cell under way */
  float meant[GUARD_LATE];          /* energy that the last cells were thought to be heard with */
  int32_t late, at;                 /* cells until they are heard; place in `meant` */
  float rise;                       /* energy ratio allowed within a second; 0: off */
  float free;                       /* energy of a block at GUARD_FREE_LUFS */
  float release;                    /* of the input's level, per cell */
  int32_t cells;                    /* in a block */
  int32_t cell, block;              /* under way: cell of the block, block since the start (wrapping) */
  float coming[GUARD_CELLS];        /* energy of the input, per cell, the last block's worth */
  float level;                      /* energy of a block of input, held, released slowly */
  float allowed;                    /* energy of a block that may be heard for long */
  float bucket;
  float heard;                      /* energy let through in the block under way */
  float window[GUARD_WINDOW];       /* the same of the last blocks */
  float second[GUARD_SECOND + 1];   /* least energy of a window ending in each block of the last second */
  float gain;                       /* what the guard asks for, <= 1 */
} guard;

#pragma GCC visibility push(hidden)
void guard_reset(guard *g, int sample_rate, int delay);
void guard_rise(guard *g, float db);
/* n samples of what comes, all within one cell, and of what the limiter, `delay` samples late, has made of
 * it; full: the cell ends here. `open` is the gain that the limiter gives what comes of itself. */
void guard_listen(guard *g, const float *const coming[2], const float *const heard[2], int n, int full, float open);
#pragma GCC visibility pop
#endif
