/* voice.h: one model being played: shaping, decoder, level, and its coming and going.
 *
 * A voice decodes one hop when it is due and hands it out in pieces. When it comes it fades
 * in over 10 ms; when it goes, the next 10 ms of what it would have played are made at once
 * and fade out from memory, so that the model may be freed the moment the call returns.
 */
#ifndef ISOBATH_VOICE_H
#define ISOBATH_VOICE_H
#include "shaping.h"

#define VOICE_FADE_SECONDS 0.01
#define VOICE_FADE_LONGEST 1920     /* samples: 10 ms at 192 kHz */

typedef struct {
  const ib_model *model;            /* NULL: nobody */
  ib_state *state;
  ib_info info;
  ib_shaping shaping;
  shaper shaper;
  uint32_t seed;
  float incoming[IB_DIMS];
  int32_t remaining;                /* samples left of the hop in `audio` */
  int32_t fade, fade_length;        /* samples faded in so far, of so many */
  int32_t heard;                    /* something has been played since it came */
  int32_t broken;                   /* the last hop was not made of numbers */
  float level[2], target[2], step[2];
  int32_t ramp, ramp_length;        /* samples until the levels arrive */
  float last[2];                    /* last decoded sample per channel */
  int32_t tail_at;                  /* position in the tail; fade_length: it is over */
  float tail[2][VOICE_FADE_LONGEST];
  float audio[2 * IB_HOP];          /* [channels][hop] */
} voice;

#pragma GCC visibility push(hidden)
void voice_init(voice *v, int sample_rate);
void voice_come(voice *v, const ib_model *model, ib_state *state, const ib_info *info, uint32_t seed);
void voice_go(voice *v, int outputs);
void voice_restart(voice *v, uint32_t seed);
/* Read gain and pan, and head for them over 5 ms (at once where nothing has been heard yet). */
void voice_levels(voice *v, int outputs);
/* Add n samples to out[outputs][n]; makes hops as they become due. */
void voice_add(voice *v, float *const out[2], int outputs, int n);
#pragma GCC visibility pop
#endif
