/* resample.h: another sample rate, while it sounds, with a short and constant delay.
 *
 * A polyphase filter: every sample that comes out is a product of the last samples that came in with
 * a windowed sinc (Kaiser), looked up for the exact moment between two of them. The filter is 64
 * samples long at the lower of the two rates, so it delays by 32 of those: 0.73 ms between 44.1 and
 * 48 kHz, 2 ms at 16 kHz. It is flat to 0.81 of the lower rate's half (18 kHz at 44.1), 6 dB down at
 * 0.92 of it, and 100 dB down from 1.03 of it on. That is the trade-off: half as long a filter would
 * be half as late and lose the octave's last third, not its last fifth; where nobody waits for the
 * sound, a longer one is better (soxr, which isobath.sound uses for files).
 *
 * All memory is the caller's, one block of bytes without pointers (it may be copied). Nothing allocates,
 * locks or waits after ib_resampler_init, so it may run in an audio callback. However the sound is cut
 * into calls, the same samples come out. Values that are no numbers spread over a filter's length and
 * are then forgotten: scrub before, or after.
 *
 * A device callback, which must give exactly n frames:
 *
 *     int want = ib_resampler_wanted(r, n);             // frames that it takes, one more or less each time
 *     ...read that many from the ring, silence for what is missing...
 *     ib_resampler_run(r, in, want, &used, out, n);     // used == want, and n came out
 *
 * Whoever is given n frames, and wants all that can be made of them:
 *
 *     int ready = ib_resampler_ready(r, n);
 *     ib_resampler_run(r, in, n, &used, out, ready);    // used == n, and `ready` came out
 *
 * Where two clocks drift apart: measure how full the ring between them is, averaged over some seconds,
 * and call ib_resampler_drift with a small share of what is too much (above 0 it empties faster). The
 * speed glides there within some 50 ms; nothing clicks.
 */
#ifndef ISOBATH_RESAMPLE_H
#define ISOBATH_RESAMPLE_H
#include "isobath.h"

#define IB_RESAMPLE_LOWEST 8000      /* Hz */
#define IB_RESAMPLE_HIGHEST 192000
#define IB_RESAMPLE_CHANNELS 32      /* at most */

typedef struct ib_resampler ib_resampler;

/* Frames of sound anywhere: sample i of channel c is at[i * frame_step + c * channel_step].
 * Interleaved: {at, channels, 1}; planar: {at, 1, frames}. */
typedef struct {
  float *at;
  int64_t frame_step, channel_step;
} ib_frames;

/* Bytes that ib_resampler_init needs, or an error. Equal rates are allowed: for drift. */
int64_t ib_resampler_bytes(int from_hz, int to_hz, int channels);
/* `memory` is IB_ALIGN aligned. Takes some 0.3 ms, for the filter is made here. */
int ib_resampler_init(void *memory, int64_t bytes, int from_hz, int to_hz, int channels);
/* Forget what came in; drift goes back to 0. */
void ib_resampler_reset(ib_resampler *r);
/* Output frames by which the sound comes late, always a whole number: input frame 0 is heard there. */
int ib_resampler_delay(const ib_resampler *r);
/* Take what comes in faster by this share, -0.005 .. 0.005 (negative: slower). */
void ib_resampler_drift(ib_resampler *r, float share);
/* Frames that must come in so that `frames` can come out. */
int ib_resampler_wanted(const ib_resampler *r, int frames);
/* Frames that can come out once `frames` more have come in. */
int ib_resampler_ready(const ib_resampler *r, int frames);
/* Take in at most in_frames (*used says how many; NULL: nobody asks), give out at most out_frames;
 * returns how many came out, or an error. What was not used must be given again. Stops when enough
 * has come out and its memory is full, or everything was taken and no more can be made. */
int ib_resampler_run(ib_resampler *r, ib_frames in, int in_frames, int *used, ib_frames out, int out_frames);
#endif
