/* shaping.h: what happens to a latent between the mapping and the decoder.
 *
 * In order: values that are no numbers are replaced; the sliders' share is mixed in; the source,
 * where there is one, meets the performer; scale and bias; noise; drift; the clamp towards what the model knows; smoothing. The clamp comes
 * before the smoothing because the known region is convex: an average of places inside it
 * is inside it, and a wild frame is tamed before it can linger in the smoothing.
 */
#ifndef ISOBATH_SHAPING_H
#define ISOBATH_SHAPING_H
#include "player.h"

typedef struct {
  uint32_t seed, frame;             /* noise and drift are a function of these alone */
  int32_t started;                  /* the first latent is taken as it is, not smoothed in */
  float good[IB_DIMS];              /* last value that was a number, per dimension */
  float told[IB_DIMS];              /* the same of the source */
  float smooth[IB_DIMS];
  float wander[2][IB_DIMS];         /* two one-poles over noise, one after the other */
  float latent[IB_DIMS];            /* what goes to the decoder */
  float clamped;                    /* how much the clamp moved it, 0..1 */
  uint32_t scrubbed;
} shaper;

#pragma GCC visibility push(hidden)
void shaper_reset(shaper *s, const ib_model *model, int dims, uint32_t seed);
/* One latent frame; `seconds` is its length, `heard` the source's latent or NULL. Leaves the result
 * in s->latent. */
void shaper_step(shaper *s, const ib_shaping *shaping, const ib_source *source, const ib_model *model, int dims,
                 float seconds, const float *incoming, const float *heard);
void shaping_default(ib_shaping *shaping);
void source_default(ib_source *source);
#pragma GCC visibility pop
#endif
