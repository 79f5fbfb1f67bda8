/* stage.h: what the processes of a stage share, and the audio callback.
 *
 * One block of memory, mapped by all: workers write the sound ahead of time, each into a ring of its
 * own; the device's callback reads, in a process where nothing else happens. It takes no lock,
 * asks the system for nothing but to wake the workers, and is plain C: no interpreter can stop it.
 *
 * Who is heard: `active`. The callback itself goes over to the other worker, when that is wished and it
 * has enough, or when the active one has run dry; no third process has to notice. What the old one still
 * had fades out under the new one, which begins with a fade of its own (player.h: reset). Where nobody has
 * enough, what there is fades out within STAGE_FADE samples, and whoever is back fades in.
 *
 * `alarm` asks the other worker to begin before anybody is missing: the active one has let a period pass
 * without bringing its ring to block + ahead, or its process has ended.
 *
 * Values that one process writes and others read are atomic; all counts of frames only grow.
 */
#ifndef ISOBATH_STAGE_H
#define ISOBATH_STAGE_H
#include <stdint.h>

#define STAGE_MAGIC 0x47415453u
#define STAGE_VERSION 1
#define STAGE_WORKERS 2
#define STAGE_RING 16384          /* frames a worker can be ahead */
#define STAGE_CAPTURE 262144       /* frames of what came in */
#define STAGE_HEARD 131072        /* frames of what was heard, for recording and streaming */
#define STAGE_AXES 128
#define STAGE_EVENTS 512
#define STAGE_UNDERRUN 1
#define STAGE_XRUN 2
#define STAGE_TAKEOVER 3
#define STAGE_LATENTS 1024        /* 8 voices of 128 */
#define STAGE_DOUBTED 1
#define STAGE_FADE 64
#define STAGE_LONGEST_FADE 2048   /* 10 ms at 192 kHz, rounded up */
#define STAGE_CEILING 0.99f       /* the players limit to -1 dBTP; this is for memory that has gone wrong */

typedef struct {
  int32_t pid, state;             /* 0 nobody, 1 getting ready or in doubt, 2 ready */
  uint64_t written, read;         /* frames; the worker writes the first, the callback the second */
  uint64_t beat;                  /* times round its loop */
  uint64_t position;              /* of the next frame it writes, since its player was reset */
  int64_t revision;               /* of the piece it plays */
  float peak[2], rms[2], limiter_db, guard_db, clamped, load;
  uint32_t scrubbed, voices;
  uint32_t latent_sequence, input_missing;
  float latents[STAGE_LATENTS];   /* what each voice's decoder was last given, 128 a voice */
} ib_stage_worker;

typedef struct {
  uint32_t magic, version;
  int32_t rate, ahead;            /* of the workers, Hz; frames a worker is ahead of the next block, at least */
  int32_t device_rate, block;     /* Hz; frames that the device takes from the workers at a time */
  int32_t inputs, outputs;        /* channels of the device */
  int32_t active, wish;           /* workers; -1 nobody */
  uint32_t alarm, tick;           /* tick: waited for */
  uint64_t callbacks, frames;     /* by the device, since the stage began */
  uint64_t underruns, missing;    /* times that nobody had enough; frames of silence because of it */
  uint64_t switches, takeovers;   /* wished; because the active one was late or gone */
  uint64_t xruns;                 /* told by the device */
  uint64_t scrubbed, clipped;     /* samples */
  uint64_t captured, heard;       /* frames in the two rings below, ever */
  float peak[2];                  /* of what went to the device; whoever shows it sets it to 0 */
  float input_peak[2];
  uint64_t clock;                 /* monotonic nanoseconds at the last callback */
  uint32_t gesture_sequence;      /* odd while it is written */
  int32_t axes;
  int64_t gesture_revision;       /* of the axes it means */
  uint64_t gesture_stamp;         /* monotonic nanoseconds, as its writer says */
  double gesture[STAGE_AXES];
  uint64_t events;                /* that went wrong, ever; the last STAGE_EVENTS of them: */
  uint64_t event_clock[STAGE_EVENTS];
  uint32_t event_kind[STAGE_EVENTS];
  ib_stage_worker workers[STAGE_WORKERS];
  /* of the callback alone */
  float last[2];                  /* what was heard last */
  int32_t dry, reopen;            /* nothing is there to be heard; what comes next fades in */
  int32_t open, opening;          /* fading in: so many samples of so many */
  int32_t tail_at, tail_length;   /* of the one who was heard before */
  uint64_t refilled;              /* `written` of the active one at the last callback */
  int32_t burst, longest, bursts, looked;   /* callbacks that come together: see stage.c */
  void *to_device, *from_device;  /* resamplers in the host's own memory, where the rates differ */
  float tail[STAGE_LONGEST_FADE][2];
  float rings[STAGE_WORKERS][STAGE_RING][2];
  float capture[STAGE_CAPTURE][2];
  float heard_ring[STAGE_HEARD][2];
} ib_stage;

#ifndef __wasm__
int64_t ib_stage_bytes(void);
/* `rate` of the workers; they keep at least the device's block and `ahead` frames in their rings. */
int ib_stage_init(void *memory, int64_t bytes, int rate, int ahead, int block);
int ib_stage_check(const void *memory, int64_t bytes);      /* 0, or an ib_error: it is another version's */

/* The callback's work: `in` [frames][inputs] may be NULL, `out` [frames][outputs]; interleaved. */
void ib_stage_run(ib_stage *stage, const float *in, float *out, int frames);
/* The same, as PortAudio calls it (user: the stage) and as miniaudio does (ib_stage_for_miniaudio first). */
int ib_stage_portaudio(const void *in, void *out, unsigned long frames, const void *time, unsigned long flags,
                       void *user);
void ib_stage_for_miniaudio(ib_stage *stage);
void ib_stage_miniaudio(void *device, void *out, const void *in, uint32_t frames);
/* A device begins: nothing old is heard, and it fades in. `memory` (IB_ALIGN aligned) of
 * ib_stage_open_bytes is the caller's and stays as long as the device; 0 bytes where the rates are the same. */
int64_t ib_stage_open_bytes(const ib_stage *stage, int device_rate);
int ib_stage_open(ib_stage *stage, int device_rate, int inputs, int outputs, void *memory, int64_t bytes);
int ib_stage_delay(const ib_stage *stage);                   /* frames of the device that resampling takes */

/* For workers. Frames that `worker` lacks; -1: it has enough; 0: it is not asked for any, and when it is
 * asked again it begins anew. */
int ib_stage_wanted(const ib_stage *stage, int worker);
int ib_stage_fill(const ib_stage *stage, int worker);        /* frames written and not yet heard */
void ib_stage_clear(ib_stage *stage, int worker);            /* forget what nobody has heard; not while active */
/* Frames written of planar [2][frames] sound: all, or 0 where they do not fit. */
int ib_stage_write(ib_stage *stage, int worker, const float *sound, int frames);
/* Wait for the next tick after `seen`, at most so long; returns the tick. */
uint32_t ib_stage_wait(ib_stage *stage, uint32_t seen, int microseconds);
void ib_stage_wake(ib_stage *stage);
void ib_stage_alarm(ib_stage *stage, int gone);              /* worker `gone` has ended */
/* Frames [from, from + frames) of what came in, planar [2][frames]; returns how many of them were there. */
int ib_stage_came(const ib_stage *stage, uint64_t from, int frames, float *sound);
/* Of what was heard, likewise: how many were there. */
int ib_stage_heard(const ib_stage *stage, uint64_t from, int frames, float *sound);

/* The newest gesture; values that are no numbers are the caller's to replace. */
void ib_stage_gesture(ib_stage *stage, const double *values, int axes, int64_t revision, uint64_t stamp);
/* Copies it; returns how many axes, or -1 while it is being written. */
int ib_stage_held(const ib_stage *stage, double *values, int64_t *revision, uint64_t *stamp);
uint64_t ib_stage_now(void);                                 /* monotonic nanoseconds */
/* For measuring: wake every `period` microseconds until *stop, and write down when that was more than
 * `late` microseconds late: pairs of the moment and the lateness in nanoseconds, `size` pairs at most.
 * Returns how often it was. Whatever is late here is late because the machine stood still. */
int ib_stage_canary(uint64_t *log, int size, const int32_t *stop, int period, int late);
#endif
#endif
