/* limiter.c: see limiter.h. */
#include "limiter.h"
#include "scalars.h"

#define WRAP (LIMITER_RING - 1)
#define CENTRE 8                    /* the detector reads the stretch that begins this many samples ago */
#define LOOK_SECONDS 0.0015
#define RELEASE_SECONDS 0.08
#define MARGIN_DB 0.5               /* what four points per sample may miss */
#define LOUDEST 1000.0f             /* inputs are cut here; no decoder means more */
#define ONE 1073741824              /* gains are summed in 2^-30 */

typedef float four __attribute__((vector_size(16)));

/* sinc(k - 8 + p/4) for tap k and quarter p, under a Kaiser window (beta 7) of 16 samples, each quarter of unit sum. */
static const float quarters[LIMITER_TAPS][4] __attribute__((aligned(16))) = {
  {0.0f, -0.00032873029f, -0.00078879479f, -0.00086967757f},
  {0.0f, 0.0018147854f, 0.0035205994f, 0.0033300596f},
  {0.0f, -0.0056170964f, -0.01007493f, -0.0089186762f},
  {0.0f, 0.013530408f, 0.023249686f, 0.019825134f},
  {0.0f, -0.028303493f, -0.047485099f, -0.039699739f},
  {0.0f, 0.055213029f, 0.092118101f, 0.077057762f},
  {0.0f, -0.10996719f, -0.18920645f, -0.16631217f},
  {0.0f, 0.29169151f, 0.62866689f, 0.89755409f},
  {1.0f, 0.89755409f, 0.62866689f, 0.29169151f},
  {0.0f, -0.16631217f, -0.18920645f, -0.10996719f},
  {0.0f, 0.077057762f, 0.092118101f, 0.055213029f},
  {0.0f, -0.039699739f, -0.047485099f, -0.028303493f},
  {0.0f, 0.019825134f, 0.023249686f, 0.013530408f},
  {0.0f, -0.0089186762f, -0.01007493f, -0.0056170964f},
  {0.0f, 0.0033300596f, 0.0035205994f, 0.0018147854f},
  {0.0f, -0.00086967757f, -0.00078879479f, -0.00032873029f},
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
