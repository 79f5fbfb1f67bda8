/* player.h: latents in, safe sound out. The last link of
 * gesture -> mapping -> [shaping -> decoder -> mixer -> guard -> limiter] -> ear.
 *
 * The same code runs in the AudioWorklet and natively, so a take sounds the same in both.
 * The host asks how many samples remain until a voice needs its next latent, writes that
 * latent, and renders up to there. All memory is the caller's; nothing allocates.
 *
 * The host's loop, wherever it runs:
 *
 *     init; voice(slot, model, state) for each; shaping; master; reset(seed)
 *     until enough:
 *       if due(&voices) == 0: write incoming[slot] for each bit of voices
 *       write input[slot] of those that listen to it
 *       render(out, at most stretch())
 *
 * Models may have any rate from 8 to 192 kHz; what they make and hear is brought to the player's
 * (resample.h). Everything here is counted in samples of the player's, but for hops of fed voices.
 *
 * Rendering past a due frame is no error: the voice then uses the latent it has.
 */
#ifndef ISOBATH_PLAYER_H
#define ISOBATH_PLAYER_H
#include "isobath.h"

#define IB_VOICES 8
#define IB_HOP 4096          /* longest hop a voice can have */

/* Controls of one voice, newest wins; written by the host between renders. */
typedef struct {
  float hold[IB_DIMS];      /* absolute latent asked for by sliders */
  float held[IB_DIMS];      /* 0..1 per dimension: 1 = `hold`, 0 = the incoming latent */
  float scale[IB_DIMS], bias[IB_DIMS];  /* z * scale + bias */
  float noise[IB_DIMS];     /* standard deviations of fresh noise each frame */
  float drift;              /* standard deviations of a slow wander */
  float drift_seconds;      /* its time constant */
  float smoothing_seconds;  /* one-pole time constant over the shaped latent */
  float clamp;              /* 0..1: how firmly latents are pulled inside the known region */
  float gain;               /* linear, ramped over 5 ms */
  float pan;                /* -1 left .. 1 right; equal power, 1 at the centre */
} ib_shaping;               /* floats throughout, in this order; set to sensible values at init */

/* Where a voice's latents come from besides the performer, and how the two meet; newest wins.
 * With s the source's latent, p the performer's (held or incoming), a the amount, m and dev the
 * model's mean and deviation, a dimension is, before scale and bias: follow s; absolute
 * s + a (p - s); bias s + a (p - m); scale m + (s - m) (1 + a (p - m) / dev). */
typedef struct {
  float manner[IB_DIMS];        /* 0 follow, 1 absolute, 2 bias, 3 scale */
  float amount[IB_DIMS];
  float from;                   /* 0 nobody: the performer alone; 1 the ear; 2 latents given by the host */
  float gain;                   /* of what comes in, linear, ramped over 5 ms */
  float match_gain;             /* further, for the encoder alone, linear */
  float match_lufs;             /* < 0: what the encoder hears is brought there while it runs; 0: it is not */
  float wet;                    /* 0 what came in, delayed until it meets the model's sound .. 1 the model; ramped */
} ib_source;

typedef struct {
  float peak;                   /* of what came in since last read, after gain, linear */
  float lufs;                   /* its loudness as followed, mean over channels; 0 while nothing is known */
  float match_db;               /* what the encoder's input was last brought up by */
  uint32_t underruns;           /* hops that a fed voice was not given in time, since the start */
} ib_ear_meters;

typedef struct {
  float peak[2], rms[2];        /* of the output since last read, linear */
  float limiter_db, guard_db;   /* reduction, 0 or negative */
  float clamped;                /* 0..1, how much the clamp moved the last latent */
  uint32_t scrubbed;            /* NaN or infinite values replaced since the start */
  float latent[IB_DIMS];        /* last shaped latent of voice 0..: see ib_player_latent */
} ib_meters;

typedef struct ib_player ib_player;

int64_t ib_player_bytes(int channels, int sample_rate);
int ib_player_init(void *memory, int64_t bytes, int channels, int sample_rate);
/* Put a model and its decoder state (batch 1, seeded by the caller) on a slot, or NULL to
 * take it off. The new one fades in over 10 ms with its mean as incoming latent, and is due
 * at once; the old one's next 10 ms are made in this call and fade out, so its memory may be
 * freed when the call returns. Shaping of the slot is kept. A model of another rate is due at
 * ceil(k * hop * player's / model's) and heard ib_player_late samples later. */
int ib_player_voice(ib_player *player, int slot, const ib_model *model, ib_state *state);
ib_shaping *ib_player_shaping(ib_player *player, int slot);
int ib_player_late(const ib_player *player, int slot);         /* samples; 0 where the rates are the same */
float *ib_player_incoming(ib_player *player, int slot);        /* [dims], write before a due frame; holds until rewritten */
const float *ib_player_latent(const ib_player *player, int slot); /* last shaped latent */
/* Foresight: the gain (0..1) of a place known to be louder than it should be, written with the incoming
 * latent, 1 unless it is. It falls within 5 ms, stays for 60 ms, because the decoder remembers, and
 * comes back slowly. Set to 1 whenever another model comes. */
float *ib_player_trim(ib_player *player, int slot);
/* Samples until some voice needs a latent (IB_HOP if nobody plays); 0: write the incoming latents
 * named by *voices (bit mask) now. */
int ib_player_due(const ib_player *player, uint32_t *voices);
/* Samples until the next due frame, counting a voice that is due now with its whole hop. */
int ib_player_stretch(const ib_player *player);
/* Render frames samples into out [channels][frames]. However they are cut into calls, the same come out. */
int ib_player_render(ib_player *player, float *out, int frames);

/* Listening. The ear collects a hop of what comes in and encodes it when the voice is due next.
 * Its memory (IB_ALIGN aligned, ib_ear_bytes of it) is the caller's and may be freed when the
 * voice has gone, or listens with other memory or none. */
int64_t ib_ear_bytes(const ib_model *model, int sample_rate);  /* the player's */
/* Let the voice on a slot listen: `from` -1 to its own input, else to the voice on that slot, one hop
 * late. memory NULL: no longer; what was dry fades out. Ends whenever another model comes. */
int ib_player_listen(ib_player *player, int slot, void *memory, int64_t bytes, int from);
ib_source *ib_player_source(ib_player *player, int slot);      /* set to: the performer alone, wet */
/* [2][IB_HOP]: what comes in on a slot, channel c from c * IB_HOP on; the first `frames` of each are
 * heard by the next render, which then may be IB_HOP long at most. Write them anew each time. */
float *ib_player_input(ib_player *player, int slot);
float *ib_player_given(ib_player *player, int slot);           /* [dims], the source's latent where `from` is 2 */
/* What a voice's source said last, [dims], before the performer; NULL: it has none, or nothing was set. */
const float *ib_player_said(const ib_player *player, int slot);
ib_ear_meters *ib_player_ear_meters(ib_player *player, int slot); /* reading clears peak */

/* A voice without a model here: whenever it is due, write its next hop to ib_player_fed
 * [channels][hop], at its own rate (0: the player's), and say so with ib_player_filled. Otherwise it falls silent within 64 samples,
 * and fades in again with the next hop it is given. */
int ib_player_feed(ib_player *player, int slot, int channels, int hop, int sample_rate);
float *ib_player_fed(ib_player *player, int slot);
void ib_player_filled(ib_player *player, int slot);
/* The hop under way as the model made it, [channels][hop], before dry share, gain and pan. */
const float *ib_player_hop(const ib_player *player, int slot);
/* Make a voice's next hop at once, for whoever feeds it to another player: `heard` [2][hop] is what came
 * in during the hop before (NULL: silence), the latents are those written. Shaped and decoded as in a
 * render, but not mixed; the same as ib_player_hop. NULL where no model of the player's rate is. Not to be mixed with renders. */
const float *ib_player_make(ib_player *player, int slot, const float *heard);

/* Whoever stands between the voices and the master (space/space.h): given what each voice adds, after gain
 * and pan, apart [IB_VOICES][2][16], it writes mix [2][16]; n samples of each row, 16 at most. n 0: a reset,
 * everything before it is past. NULL: the voices are added up, as if it were not there. */
typedef void ib_between(void *context, float *apart, float *mix, int n);
void ib_player_between(ib_player *player, ib_between *between, void *context);

/* Master: gain (linear), ceiling (dBTP, <= -1), guard (0 off, else max momentary rise in dB). */
void ib_player_master(ib_player *player, float gain, float ceiling_db, float guard_db);
void ib_player_panic(ib_player *player);                         /* fade to silence within 64 samples, stay there */
/* Fresh past for every voice (slot i seeded with seed + i), guard and limiter; panic off;
 * every voice due at once. What was sounding fades out over 10 ms while the new sound fades in;
 * from then on the samples depend on the seed and what follows alone. */
void ib_player_reset(ib_player *player, uint32_t seed);
ib_meters *ib_player_meters(ib_player *player);                  /* reading clears peak, rms and reductions */
int ib_player_delay(const ib_player *player);                    /* samples the limiter looks ahead */
#endif
