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
 *       render(out, at most stretch())
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
 * freed when the call returns. Shaping of the slot is kept. The model must have the player's rate. */
int ib_player_voice(ib_player *player, int slot, const ib_model *model, ib_state *state);
ib_shaping *ib_player_shaping(ib_player *player, int slot);
float *ib_player_incoming(ib_player *player, int slot);        /* [dims], write before a due frame; holds until rewritten */
const float *ib_player_latent(const ib_player *player, int slot); /* last shaped latent */
/* Samples until some voice needs a latent (IB_HOP if nobody plays); 0: write the incoming latents
 * named by *voices (bit mask) now. */
int ib_player_due(const ib_player *player, uint32_t *voices);
/* Samples until the next due frame, counting a voice that is due now with its whole hop. */
int ib_player_stretch(const ib_player *player);
/* Render frames samples into out [channels][frames]. However they are cut into calls, the same come out. */
int ib_player_render(ib_player *player, float *out, int frames);
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
