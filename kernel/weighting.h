/* weighting.h: K-weighting, how loud a sample is to people (ITU-R BS.1770).
 *
 * A shelf for the head and a high pass, from the analogue prototypes that give BS.1770's
 * figures at 48 kHz, by the bilinear transform. Left and right in two lanes at once.
 */
#ifndef ISOBATH_WEIGHTING_H
#define ISOBATH_WEIGHTING_H
#include "scalars.h"

typedef float ears __attribute__((vector_size(16))); /* left, right, and two lanes unused */

typedef struct {
  ears shelf[5], pass[5];           /* b0 b1 b2 a1 a2 of its two halves */
  ears memory[4];
} weighting;

#pragma GCC visibility push(hidden)
void weighting_init(weighting *w, int sample_rate);
#pragma GCC visibility pop

static inline ears weighting_biquad(ears x, const ears c[5], ears memory[2]) {
  ears y = c[0] * x + memory[0];
  memory[0] = c[1] * x - c[3] * y + memory[1];
  memory[1] = c[2] * x - c[4] * y;
  return y;
}

static inline ears weighting_hear(weighting *w, float left, float right) {
  ears x = {left, right, 0.0f, 0.0f};
  return weighting_biquad(weighting_biquad(x, w->shelf, w->memory), w->pass, w->memory + 2);
}

/* What has died away becomes nothing: filters that chew on denormal numbers are slow. */
static inline void weighting_rest(weighting *w) {
  for (int i = 0; i < 4; i++)
    for (int lane = 0; lane < 2; lane++)
      if (w->memory[i][lane] * w->memory[i][lane] < 1e-24f) w->memory[i][lane] = 0.0f;
}
#endif
