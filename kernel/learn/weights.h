/* weights.h: a convolution's weights as they are multiplied, and back.
 *
 * They are learnt as a direction and, for each row, a length (weight normalisation, Salimans & Kingma 2016),
 * in floats, [rows][inner][taps]; they are multiplied in bfloat16, [rows][taps][inner]. One pass either way.
 */
#ifndef ISOBATH_WEIGHTS_H
#define ISOBATH_WEIGHTS_H
#include <stdint.h>

typedef struct {
  const float *direction;    /* [rows][inner][taps] */
  const float *length;       /* [rows], or null: weights as they stand */
  int64_t inner, taps;
} ib_weights;

/* Rows from `row` on to out, [rows][taps][inner] in bfloat16, and what their directions measure to norms. */
void ib_weights_play(const ib_weights *w, int64_t row, int64_t rows, uint16_t *out, float *norms);

/* Gradients of direction and length from that of the weights as they are multiplied. */
void ib_weights_learn(const ib_weights *w, int64_t row, int64_t rows, const uint16_t *slope, const float *norms,
                      float *to_direction, float *to_length);
#endif
