/* limiter.c: see limiter.h. */
#include "limiter.h"
#include "scalars.h"

#define WRAP (LIMITER_RING - 1)
#define CENTRE 16                    /* the detector reads the stretch that begins this many samples ago */
#define LOOK_SECONDS 0.0015
#define RELEASE_SECONDS 0.08
#define MARGIN_DB 0.6               /* what four points per sample may miss */
#define LOUDEST 1000.0f             /* inputs are cut here; no decoder means more */
#define ONE 1073741824              /* gains are summed in 2^-30 */

typedef float four __attribute__((vector_size(16)));

/* sinc(k - 16 + p/4) for tap k and quarter p, under a Kaiser window (beta 3) of 32 samples, each quarter of unit sum. */
static const float quarters[LIMITER_TAPS][4] __attribute__((aligned(16))) = {
  {0.0f, -0.0031448164f, -0.0048299753f, -0.0036902616f},
  {0.0f, 0.004287577f, 0.006522746f, 0.0049404645f},
  {0.0f, -0.0056530455f, -0.0085422508f, -0.006429951f},
  {0.0f, 0.0072764328f, 0.01094142f, 0.0081985033f},
  {0.0f, -0.009203112f, -0.013789109f, -0.010298369f},
  {0.0f, 0.011493833f, 0.017178408f, 0.012800881f},
  {0.0f, -0.014233198f, -0.021240276f, -0.01580742f},
  {0.0f, 0.017544f, 0.02616685f, 0.019468389f},
  {0.0f, -0.021612676f, -0.032253438f, -0.024017901f},
  {0.0f, 0.026737402f, 0.039979274f, 0.029841766f},
  {0.0f, -0.033426356f, -0.050176323f, -0.037623144f},
  {0.0f, 0.042620019f, 0.064423055f, 0.048693712f},
  {0.0f, -0.056269065f, -0.08611306f, -0.066033006f},
  {0.0f, 0.079172851f, 0.12408796f, 0.097932342f},
  {0.0f, -0.12712088f, -0.21080128f, -0.17924493f},
  {0.0f, 0.3001649f, 0.638446f, 0.90263506f},
  {1.0f, 0.90263506f, 0.638446f, 0.3001649f},
  {0.0f, -0.17924493f, -0.21080128f, -0.12712088f},
  {0.0f, 0.097932342f, 0.12408796f, 0.079172851f},
  {0.0f, -0.066033006f, -0.08611306f, -0.056269065f},
  {0.0f, 0.048693712f, 0.064423055f, 0.042620019f},
  {0.0f, -0.037623144f, -0.050176323f, -0.033426356f},
  {0.0f, 0.029841766f, 0.039979274f, 0.026737402f},
  {0.0f, -0.024017901f, -0.032253438f, -0.021612676f},
  {0.0f, 0.019468389f, 0.02616685f, 0.017544f},
  {0.0f, -0.01580742f, -0.021240276f, -0.014233198f},
  {0.0f, 0.012800881f, 0.017178408f, 0.011493833f},
  {0.0f, -0.010298369f, -0.013789109f, -0.009203112f},
  {0.0f, 0.0081985033f, 0.01094142f, 0.0072764328f},
  {0.0f, -0.006429951f, -0.0085422508f, -0.0056530455f},
  {0.0f, 0.0049404645f, 0.006522746f, 0.004287577f},
  {0.0f, -0.0036902616f, -0.0048299753f, -0.0031448164f},
};

void limiter_reset(limiter *l, int sample_rate) {
  float ceiling = l->ceiling;
  memset(l, 0, sizeof *l);
  l->ceiling = ceiling;
  l->look = (int32_t)(LOOK_SECONDS * sample_rate + 0.5);
  l->delay = l->look - 1 + CENTRE;
  l->release = (float)(1.0 - scalar_exp(-1.0 / (RELEASE_SECONDS * sample_rate)));
  l->open = 1.0;
  l->sum = (int64_t)l->look * ONE;
  for (int i = 0; i < LIMITER_RING; i++) l->gains[i] = ONE;
}

void limiter_ceiling(limiter *l, float ceiling_db) { l->ceiling = (float)from_db(ceiling_db - MARGIN_DB); }

/* A value that is no number becomes the last one that was, fading. */
static float scrub(float x, float *last_good, int *scrubbed) {
  if (!is_number(x)) {
    (*scrubbed)++;
    x = *last_good * 0.9f;
  }
  return *last_good = between(-LOUDEST, x, LOUDEST);
}

/* Largest magnitude of one channel within the sample that began CENTRE samples ago. */
static float peak(float *past, uint32_t at, float x) {
  past[at] = past[at + LIMITER_TAPS] = x;
  const float *newest = past + at + LIMITER_TAPS;
  four sum = {0, 0, 0, 0}, more = {0, 0, 0, 0};
  for (int k = 0; k < LIMITER_TAPS; k += 2) {
    sum += *(const four *)quarters[k] * newest[-k];
    more += *(const four *)quarters[k + 1] * newest[-k - 1];
  }
  sum += more;
  float largest = 0.0f;
  for (int p = 0; p < 4; p++) {
    float y = sum[p] < 0.0f ? -sum[p] : sum[p];
    largest = y > largest ? y : largest;
  }
  return largest;
}

/* Smallest of the last look + 1 requests: those that a newer, smaller one hides are dropped. */
static float smallest(limiter *l, float request) {
  while (l->last != l->first && l->queue[(l->last - 1) & WRAP] >= request) l->last--;
  l->queue[l->last & WRAP] = request;
  l->queued_at[l->last & WRAP] = l->now;
  l->last++;
  if (l->now - l->queued_at[l->first & WRAP] > (uint32_t)l->look) l->first++;
  return l->queue[l->first & WRAP];
}

/* Peaks are released slowly; the guard has its own pace. */
static float averaged(limiter *l, float request, float wish) {
  l->open = request < l->open ? request : l->open + (request - l->open) * l->release;
  if (request >= 1.0f && l->open > 0.999999) l->open = 1.0;
  double least = wish < l->open ? wish : l->open;
  int32_t gain = (int32_t)(least * ONE); /* rounds down: never above the request */
  l->sum += gain - l->gains[(l->now - (uint32_t)l->look) & WRAP];
  l->gains[l->now & WRAP] = gain;
  return (float)((double)l->sum / ((double)l->look * ONE));
}

int limiter_scrub(limiter *l, float *const x[2], int n) {
  int scrubbed = 0;
  for (int c = 0; c < 2; c++)
    for (int i = 0; i < n; i++) x[c][i] = scrub(x[c][i], &l->last_good[c], &scrubbed);
  return scrubbed;
}

void limiter_run(limiter *l, float *const x[2], int n, float wish, float *lowest) {
  for (int i = 0; i < n; i++) {
    uint32_t at = l->now & (LIMITER_TAPS - 1), out = (l->now - (uint32_t)l->delay) & WRAP;
    float p = peak(l->past[0], at, x[0][i]), q = peak(l->past[1], at, x[1][i]);
    float loudest = p > q ? p : q, request = loudest > l->ceiling ? l->ceiling / loudest : 1.0f;
    float gain = averaged(l, smallest(l, request), wish);
    for (int c = 0; c < 2; c++) {
      l->audio[c][l->now & WRAP] = x[c][i];
      x[c][i] = l->audio[c][out] * gain;
    }
    *lowest = gain < *lowest ? gain : *lowest;
    l->now++;
  }
}
