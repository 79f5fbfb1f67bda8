/* whole.h: the matrix product in whole numbers of 16 bits, twice as many of which are multiplied
 * at once. For models that ask for it (H_SWIFT), on machines where it gains (WHOLE_PRODUCTS).
 *
 * A row of inputs is x = q * its own scale with |q| <= WHOLE_INPUT; the weights of an output
 * likewise, the scale chosen so that no sum over WHOLE_RUN inputs can leave 32 bits. Sums of a
 * run are exact; from run to run they are carried in floats, in a fixed order. The scale of a
 * row depends on nothing but the row, so block sizes and batches never change a sample here
 * either. What is rounded off lies some 75 dB below each layer's output.
 */
#ifndef ISOBATH_WHOLE_H
#define ISOBATH_WHOLE_H
#include "blob.h"
#include "product.h"

#define WHOLE_RUN 128               /* inputs summed exactly; the last run of a segment is shorter */
#define WHOLE_INPUT 8191
#define WHOLE_SUM 262000            /* most the weights of a run may add up to, signs dropped */
#define WHOLE_WEIGHT 32767
#define WHOLE_SMALLEST 32           /* products narrower or shallower than this stay in floats */

#pragma GCC visibility push(hidden)
static inline int whole_fits(int64_t inner, int64_t outputs) {
  return WHOLE_PRODUCTS && inner % 2 == 0 && inner >= WHOLE_SMALLEST && outputs >= WHOLE_SMALLEST;
}
/* Bytes of weights and, behind them, a scale for every output. */
int64_t whole_bytes(int64_t outputs, int64_t depth);
/* Write the weights of one output: of segment s and input i, element base + s*segment + i*inner. */
typedef struct { const tensor *tensor; int64_t base, segment, inner; } weights_of;
void whole_pack(char *packed, const product *p, int64_t output, const weights_of *weights);
/* Floats of scratch for a product over so many rows of each voice; units as in `rows`. */
int64_t whole_scratch(const product *p, int64_t row, int64_t segment, int64_t rows, int64_t voices);
void multiply_whole(const void *model, const product *p, const rows *r);
#pragma GCC visibility pop
#endif
