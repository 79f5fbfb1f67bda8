/* voice.h: one model being played: its ear, shaping, decoder, level, and its coming and going.
 *
 * A voice decodes one hop when it is due and hands it out in pieces. When it comes it fades
 * in over 10 ms; when it goes, the next 10 ms of what it would have played are made at once
 * and fade out from memory, so that the model may be freed the moment the call returns.
 * A fed voice has no model here: its hops are written by the host.
 *
 * A model of another rate than the player's has its hops brought to the player's (resample.h). Frame k is
 * then due at sample ceil(k * hop * player / model), exactly, and everything the voice plays comes
 * `late` samples after that.
 */
#ifndef ISOBATH_VOICE_H
#define ISOBATH_VOICE_H
#include "ear.h"
#include "guard.h"
#include "resampling.h"
#include "shaping.h"

#define VOICE_FADE_SECONDS 0.01
#define VOICE_FADE_LONGEST 1920     /* samples: 10 ms at 192 kHz */
#define VOICE_BRIDGE 73728          /* bytes of the largest resampler there is: two channels, 192 to 8 kHz */

typedef struct {
  int32_t present;                  /* somebody is here */
  const ib_model *model;            /* NULL: nobody, or fed from outside */
  ib_state *state;
  ear *ear;                         /* NULL: listens to nobody */
  ib_source source;
  int32_t filled, begun;            /* the host has written the next hop; the first one */
  uint32_t underruns;
  ramp wet;
  float given[IB_DIMS];
  ib_info info;
  ib_shaping shaping;
  shaper shaper;
  uint32_t seed;
  float incoming[IB_DIMS];
  int32_t remaining;                /* samples left of the hop in `audio`, at the player's rate */
  int32_t fade, fade_length;        /* samples faded in so far, of so many; below 0 it has yet to begin */
  float before;                     /* how loud it is until then */
  int32_t heard;                    /* something has been played since it came */
  int32_t broken;                   /* the last hop was not made of numbers */
  float level[2], target[2], step[2];
  int32_t ramp, ramp_length;        /* samples until the levels arrive */
  float trim, trimmed;              /* gain of foresight, asked for and reached */
  float trim_back;                  /* share of the way back up, per sample */
  int32_t trim_held, trim_hold;     /* samples until it may go back up; so many to begin with */
  float last[2];                    /* last decoded sample per channel */
  int32_t tail_at;                  /* position in the tail; fade_length: it is over */
  float tail[2][VOICE_FADE_LONGEST];
  float audio[2 * IB_HOP];          /* [channels][hop] */
  float tap[2][GUARD_CELL];         /* the last samples before gain and pan, for those who listen */
  ib_ear_meters meters;
  int32_t sample_rate;              /* the player's */
  ib_resampler *bridge;             /* from the model's rate to the player's; NULL: they are the same */
  int32_t late;                     /* samples, because of the bridge */
  int32_t crossed;                  /* samples of the hop in `audio` that the bridge has taken */
  int64_t ahead;                    /* how far the next due sample lies after the frame's very moment, in
                                     * samples divided by the model's rate; less than one sample */
  float made[2][GUARD_CELL];        /* what the bridge gave last */
  char memory[VOICE_BRIDGE] __attribute__((aligned(IB_ALIGN))); /* of the bridge */
} voice;

#pragma GCC visibility push(hidden)
void voice_init(voice *v, int sample_rate);
void voice_come(voice *v, const ib_model *model, ib_state *state, const ib_info *info, uint32_t seed);
void voice_feed(voice *v, const ib_info *info);
/* Whether a voice can have this rate, hop and channels. */
int voice_fits(const ib_info *info, int sample_rate);
/* Samples of the player's that the next hop lasts. */
int voice_next(const voice *v);
void voice_go(voice *v, int outputs);
/* Listen with this ear (NULL: no longer); what an earlier one had yet to give dry fades out. */
void voice_listen(voice *v, ear *ear, int outputs);
/* What an ear that is opened now needs to know of the time. */
ear_time voice_time(const voice *v);
void voice_restart(voice *v, uint32_t seed);
/* What the source said last; NULL: the performer is alone. */
const float *voice_said(const voice *v);
/* Read gain and pan, and head for them over 5 ms (at once where nothing has been heard yet). */
void voice_levels(voice *v, int outputs);
/* The next hop at once, [channels][hop]; `heard` [2][hop] or NULL for silence. */
const float *voice_make(voice *v, const float *heard);
/* Add n samples (GUARD_CELL at most) to out[outputs][n], and leave them in the tap; makes hops as
 * they become due. */
void voice_add(voice *v, float *const out[2], int outputs, int n);
#pragma GCC visibility pop
#endif
