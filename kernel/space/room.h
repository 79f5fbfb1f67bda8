/* room.h: filtering and reverberation of a place.
 *
 * The filter is a state-variable one in its trapezoidal form (Zavalishin, The Art of VA Filter Design, ch. 4),
 * of which low, band and high are heard in any mixture, so that boxes can be walked through without a step.
 * The reverberation is a feedback delay network: eight lines of prime lengths, an orthogonal matrix
 * (Hadamard) between them, a one-pole loss in each (Jot and Chaigne, "Digital delay networks for designing
 * artificial reverberators", 1991), two all-passes a side before them.
 */
#ifndef ISOBATH_ROOM_H
#define ISOBATH_ROOM_H
#include <stdint.h>

#define ROOM_LINES 8
#define ROOM_ALLPASSES 4     /* two a side */
#define ROOM_PREDELAY 0.25   /* seconds at most */
#define ROOM_CELL 16

/* What a place does to the sound; all of it can be mixed. */
typedef struct {
  float wet;                 /* 0..1 */
  float decay, brightness;   /* log seconds, log Hz */
  float predelay;            /* samples */
  float dry;                 /* share that no filter touches */
  float low, band, high;     /* shares of the filter */
  float frequency;           /* log Hz */
  float resonance;           /* Q */
} room_state;

typedef struct {
  int32_t from, length, at;
  float low;
} room_line;

typedef struct {
  int32_t sample_rate, floats;
  float *memory;             /* of all lines, follows the struct */
  room_line lines[ROOM_LINES], passes[ROOM_ALLPASSES], before[2];
  float gain[ROOM_LINES], keep, level; /* of each line; one-pole share; of the whole */
  float state[2][2];         /* of the filter */
  float open, open_step, sound, sound_step; /* dry and wet gain */
  float predelay;
  int32_t stale;             /* something old is in the lines */
} room;

#pragma GCC visibility push(hidden)
int room_floats(int sample_rate);
void room_init(room *r, float *memory, int sample_rate);
void room_forget(room *r);
/* Filter and reverberate n samples in place; `now` as head_aim has it, at the beginning of a cell (fresh 1). */
void room_run(room *r, const room_state *s, float *left, float *right, int n, int fresh, int now);
#pragma GCC visibility pop
#endif
