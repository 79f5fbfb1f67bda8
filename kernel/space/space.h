/* space.h: where the voices stand in the world, and what the place does to them.
 *
 * Between the voices and the master (player.h, ib_player_between): each voice and each sound of a landmark
 * is placed by the walker's pose; then come boxes of filtering and reverberation, then the edge of what is
 * known. The master, the guard and the limiter follow, as ever.
 *
 * The pose is written like an incoming latent, whenever a voice is due; it is smoothed here, so that no
 * movement of the head, however fast, makes a step. However the calls are cut, the same samples come out.
 * All memory is the caller's; nothing allocates. In the browser this is a module of its own, which lies in
 * the memory of the first (kernel/build.py).
 *
 * Metres and turns as protocol/world.py has them: x east, y up, z south; azimuth 0 north, 0.25 east.
 */
#ifndef ISOBATH_SPACE_H
#define ISOBATH_SPACE_H
#include <stdint.h>

#define SPACE_VOICES 8       /* IB_VOICES */
#define SPACE_SOUNDS 16      /* sounds that can stand in a world */
#define SPACE_AT_ONCE 8      /* of those, so many are heard: the loudest where one stands */
#define SPACE_BOXES 16
#define SPACE_CELL 16        /* GUARD_CELL: at most so many samples a call */

typedef struct ib_space ib_space;

/* Floats throughout, in this order; ib_space_changed takes them over. */
typedef struct {
  float placed;              /* 0: it stands nowhere; its two speakers stand to the north */
  float x, y, z;             /* metres */
  float radius;              /* half as wide as it is: near it, it is heard from both sides */
  float reference;           /* metres within which it is not attenuated */
  float rolloff;             /* gain = reference / (reference + rolloff (distance - reference)) */
  float gain;                /* linear; of sounds alone */
} ib_space_place;

typedef struct {
  float x, y, z, width, height, depth; /* metres, a cuboid */
  float fade;                /* metres outside over which it is entered; 0: at one step */
  float wet;                 /* 0 none .. 1 reverberation alone */
  float decay;               /* seconds to -60 dB */
  float brightness;          /* Hz, above which the reverberation dies away sooner */
  float predelay;            /* seconds */
  float filter;              /* 0 none, 1 low, 2 high, 3 band */
  float frequency;           /* Hz */
  float resonance;           /* Q, 0.3 .. 8 */
} ib_space_box;

typedef struct {
  float placement;           /* 0 none, 1 turn, 2 head */
  float spread;              /* turns between north and either speaker, 0 .. 0.25 */
  float smoothing;           /* seconds that the pose is smoothed over */
  float half[3];             /* metres from the middle of the world to its ends; 0: that part of the pose is not known */
  float edge;                /* metres before the end of the world in which it is heard; 0: it is not */
  float known;               /* 0 or 1: so is the end of what the voices' models know */
  float hum;                 /* linear level of the tone at the very edge */
  float boxes;
  ib_space_place voices[SPACE_VOICES];
  ib_space_place sounds[SPACE_SOUNDS];
  ib_space_box box[SPACE_BOXES];
} ib_space_settings;

int ib_space_bytes(int sample_rate);
int ib_space_init(void *memory, int bytes, int channels, int sample_rate); /* channels of the player */
ib_space_settings *ib_space_set(ib_space *space);
void ib_space_changed(ib_space *space);
float *ib_space_pose(ib_space *space); /* x, y, z in metres; azimuth, elevation (-0.25 .. 0.25) in turns */
/* The sound of a place at the player's rate, [channels][frames], looped with its ends crossed over 50 ms; NULL:
 * none. What was there fades out over 10 ms, without its memory. From the reset on it is in step. */
int ib_space_sound(ib_space *space, int number, const float *audio, int channels, int frames);
/* What the model on a slot knows (ib_model_mean, _whitening, _known_radius) and where its latent is
 * (ib_player_latent); radius 0: nothing is known. */
void ib_space_known(ib_space *space, int slot, const float *mean, const float *whitening, const float *latent, int dims,
                    float radius);
/* As ib_player_between wants it: `apart` [SPACE_VOICES][2][SPACE_CELL] in, mix [2][SPACE_CELL] out; n 0: forget. */
void ib_space_run(void *space, float *apart, float *mix, int n);
/* How far into the edge, how wet, how filtered it is, and how many sounds are heard: four floats. */
const float *ib_space_meters(const ib_space *space);
#endif
