/* plan.h: what a blob becomes once it has been read and checked.
 *
 * A coder is a list of operations over registers. Operation i reads registers 0..i and
 * writes register i + 1; register 0 is what comes in. A register holds so many rows of
 * channels for every latent frame, time-major, and keeps as many rows of its past as the
 * operation that looks back furthest needs. Where somebody reads a register through the
 * leaky activation, a second, activated copy is kept, so that nobody activates twice.
 *
 * Nearly all the work is one thing, the matrix product of product.h: convolutions of
 * every kind, the two filter banks and the spectrum are rows times packed weights.
 */
#ifndef ISOBATH_PLAN_H
#define ISOBATH_PLAN_H
#include "isobath.h"
#include "product.h"

#define PLAN_OPERATIONS 512
#define PLAN_REGISTERS (PLAN_OPERATIONS + 1)
#define PLAN_MAGIC 0x4e414c50u
#define STATE_MAGIC 0x54415453u

enum {                              /* kinds; from ACTIVATE on they live in elements.c */
  CONV = 1, CONV_TRANSPOSE, AMPLITUDE, SYNTHESIS, ANALYSIS, TONES, SPECTRUM,
  ACTIVATE, MULTIPLY, NOISE, NORMAL, QUANTIZE, LOOKUP, SPHERE, ANGLES
};
enum { ACT_LEAKY = 1, ACT_TANH, ACT_SIGMOID, ACT_GATE, ACT_SNAKE, ACT_AFFINE };

typedef struct {
  int32_t kind, in, add, by;        /* registers; add, by -1: none */
  int32_t act;                      /* of a convolution: read the activated copy */
  int32_t late, add_late, by_late;  /* rows by which each is read late */
  int32_t alternate;                /* odd bands change sign from row to row */
  int32_t stride, dilation, groups, taps;
  int32_t noise, width, per_row;    /* amplitude; outputs of one channel; samples per row */
  int32_t products;                 /* number of products in a row at `product` */
  int64_t product;                  /* offset of product[] in the model */
  int64_t tables;                   /* offset of the operation's own numbers */
  int64_t memory;                   /* floats of own memory per voice (tones) */
  int64_t scratch;                  /* floats of scratch it needs, beyond `scratch_row` a row */
  int64_t scratch_row;
} operation;

typedef struct {
  int32_t channels, rows, history;
  int32_t plain, activated;         /* which copies are kept */
} reg;

typedef struct {
  int32_t present, operations;
  int32_t out, deviation;           /* registers; deviation -1: none */
  int64_t operation, reg;           /* offsets of operation[] and reg[] in the model */
} coder;

struct ib_model {
  uint32_t magic;
  ib_info info;
  float known_radius;
  int64_t bytes, mean, std, whitening;
  coder coders[2];
};

/* One register's memory: voices one after another, `capacity` rows each. The rows of the
 * present call start at `position`; when the end is reached the past moves to the front. */
typedef struct {
  int64_t plain, activated;         /* offsets in the state, -1: not kept */
  int32_t capacity, position;
} track;

typedef struct { uint32_t seed, frame; } voice;

struct ib_state {
  uint32_t magic;
  int32_t coder, batch, chunk;
  int64_t bytes, voices, tracks, memories, scratch; /* offsets; memories: int64 per operation */
};

#pragma GCC visibility push(hidden)
#define AT(type, base, offset) ((type *)((char *)(base) + (offset)))

static inline const operation *operations_of(const ib_model *m, int which) { return AT(const operation, m, m->coders[which].operation); }
static inline const reg *registers_of(const ib_model *m, int which) { return AT(const reg, m, m->coders[which].reg); }

/* Run all operations of a coder over `frames` frames already written to register 0. */
void run(const ib_model *model, ib_state *state, int frames);
/* Where the rows of this call start in a register, for one voice. */
float *rows_of(const ib_model *model, ib_state *state, int index, int activated, int voice_index);
int64_t voice_stride(const ib_model *model, const ib_state *state, int index);
/* Make room for the rows of this call / keep them as the past of the next. */
void begin_rows(const ib_model *model, ib_state *state, int frames);
void end_rows(const ib_model *model, ib_state *state, int frames);

void run_product(const ib_model *model, ib_state *state, int index, int frames);
void run_amplitude(const ib_model *model, ib_state *state, int index, int frames);
void run_synthesis(const ib_model *model, ib_state *state, int index, int frames);
void run_analysis(const ib_model *model, ib_state *state, int index, int frames);
void run_tones(const ib_model *model, ib_state *state, int index, int frames);
void run_spectrum(const ib_model *model, ib_state *state, int index, int frames);
void run_element(const ib_model *model, ib_state *state, int index, int frames);
#pragma GCC visibility pop
#endif
