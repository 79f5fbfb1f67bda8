/* player.h: latents in, safe sound out. The last link of
 * gesture -> mapping -> [shaping -> decoder -> mixer -> guard -> limiter] -> ear.
 *
 * The same code runs in the AudioWorklet and natively, so a take sounds the same in both.
 * The host asks how many samples remain until a voice needs its next latent, writes that
 * latent, and renders up to there. All memory is the caller's; nothing allocates.
 */
#ifndef ISOBATH_PLAYER_H
#define ISOBATH_PLAYER_H
#include "isobath.h"

#define IB_VOICES 8

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
  float gain;               /* linear, ramped over a block */
  float pan;                /* -1 left .. 1 right */
} ib_shaping;

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
/* Put a model and its decoder state (batch 1) on a slot, or NULL to take it off. */
int ib_player_voice(ib_player *player, int slot, const ib_model *model, ib_state *state);
ib_shaping *ib_player_shaping(ib_player *player, int slot);
float *ib_player_incoming(ib_player *player, int slot);        /* [dims], write before a due frame */
const float *ib_player_latent(const ib_player *player, int slot); /* last shaped latent */
/* Samples until some voice needs a latent; 0: write the incoming latents named by *voices (bit mask) now. */
int ib_player_due(const ib_player *player, uint32_t *voices);
/* Render frames samples (<= due unless due is 0, then <= hop) into out [channels][frames]. */
int ib_player_render(ib_player *player, float *out, int frames);
/* Master: gain (linear), ceiling (dBTP, <= -1), guard (0 off, else max momentary rise in dB). */
void ib_player_master(ib_player *player, float gain, float ceiling_db, float guard_db);
void ib_player_panic(ib_player *player);                         /* fade to silence within 64 samples, stay there */
void ib_player_reset(ib_player *player, uint32_t seed);          /* fresh past for every voice, guard and limiter; panic off */
ib_meters *ib_player_meters(ib_player *player);
int ib_player_delay(const ib_player *player);                    /* samples the limiter looks ahead */
#endif
