/* product.h: rows times packed weights, the one heavy thing a coder does.
 *
 * An output row is bias + sum over `segments` of a stretch of `inner` input values, each
 * times a row of weights, + something to add. A causal convolution is this with one
 * segment per tap; a transposed one of stride r and kernel 2r has two segments and r times
 * the outputs; a filter bank is a single long segment.
 *
 * Each output is one chain of multiply-adds in a fixed order, whatever number of rows is
 * worked on at a time, so block sizes and batches never change a sample.
 */
#ifndef ISOBATH_PRODUCT_H
#define ISOBATH_PRODUCT_H
#include "lanes.h"

#define BLOCK (4 * LANES)           /* outputs in a full block of packed weights */

enum { FLOAT_WEIGHTS, HALF_WEIGHT, WHOLE_WEIGHTS }; /* 32 bits, half precision, 16-bit whole numbers (whole.h) */

typedef struct {
  int32_t segments, inner, outputs;
  int32_t half;                     /* which of those; the last two are 16 bits wide */
  int64_t weights, bias;            /* offsets in the model */
} product;

typedef struct {
  const float *in;                  /* first row of the first voice, at its oldest segment */
  int64_t in_row, in_segment, in_voice;   /* strides in floats */
  int64_t in_unit;                  /* of which in_row and in_segment are multiples: one row of what comes in */
  void *scratch;                    /* whole_scratch() floats, for whole-number products alone */
  const float *add;                 /* or NULL; strides as the output's but for the voice */
  int64_t add_voice;
  float *plain, *activated;         /* either may be NULL */
  int64_t out_row, out_voice;
  int32_t rows, voices;             /* rows of each voice */
} rows;

#pragma GCC visibility push(hidden)
void multiply(const void *model, const product *p, const rows *r);
/* Bytes of packed weights for so many outputs of so deep a sum. */
int64_t packed_bytes(int64_t outputs, int64_t depth, int half);
/* Where weight (output, depth position) of a packed product lies, in elements. */
int64_t packed_index(int64_t outputs, int64_t depth, int64_t output, int64_t position);
#pragma GCC visibility pop
#endif
