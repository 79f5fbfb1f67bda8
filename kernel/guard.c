/* guard.c: see guard.h. */
#include "guard.h"
#include "scalars.h"

#define SPEND 1.0f                  /* blocks in which the bucket may be emptied */
#define LEAST 0.5f                  /* of the allowed level is left even when the bucket is in debt */
#define MARGIN_DB 0.8               /* for blocks against samples, and the limiter's smoothing */
#define FREE_MARGIN_DB 0.4
#define RELEASE_SECONDS 0.03
#define LOWEST 0.001f               /* -60 dB */

/* The two halves of K-weighting, from the analogue prototypes that give BS.1770's figures at
 * 48 kHz, by the bilinear transform. */
static void weighting(guard *g, int sample_rate) {
  double k = scalar_tan(PI * 1681.974450955533 / sample_rate), q = 0.7071752369554196;
  double high = from_db(3.999843853973347), band = scalar_exp(scalar_log(high) * 0.4996667741545416);
  double a0 = 1 + k / q + k * k;
  double shelf[5] = {(high + band * k / q + k * k) / a0, 2 * (k * k - high) / a0,
                     (high - band * k / q + k * k) / a0, 2 * (k * k - 1) / a0, (1 - k / q + k * k) / a0};
  k = scalar_tan(PI * 38.13547087602444 / sample_rate);
  q = 0.5003270373238773;
  a0 = 1 + k / q + k * k;
  double pass[5] = {1, -2, 1, 2 * (k * k - 1) / a0, (1 - k / q + k * k) / a0};
  for (int i = 0; i < 5; i++) {
    g->shelf[i] = (float)shelf[i] - (ears){0};
    g->pass[i] = (float)pass[i] - (ears){0};
  }
}

void guard_rise(guard *g, float db) { g->rise = db > 0.0f ? (float)from_db(2 * (db - MARGIN_DB)) : 0.0f; }

static ears biquad(ears x, const ears c[5], ears memory[2]) {
  ears y = c[0] * x + memory[0];
  memory[0] = c[1] * x - c[3] * y + memory[1];
  memory[1] = c[2] * x - c[4] * y;
  return y;
}

/* Energy of a block that may be heard for long: the free level, or the quietest moment of the
 * last second and `rise` above it, less what the bucket may add to a window. */
static float allowed(const guard *g) {
  float quietest = g->second[0];
  for (int i = 1; i <= GUARD_SECOND; i++) quietest = g->second[i] < quietest ? g->second[i] : quietest;
  float risen = quietest * g->rise / GUARD_WINDOW;
  return (risen > g->free ? risen : g->free) * (GUARD_WINDOW / (GUARD_WINDOW + GUARD_BURST));
}

void guard_reset(guard *g, int sample_rate) {
  float rise = g->rise;
  memset(g, 0, sizeof *g);
  g->rise = rise;
  weighting(g, sample_rate);
  g->cells = (int32_t)between(5.0f, 0.01f * (float)sample_rate / GUARD_CELL + 0.5f, GUARD_CELLS);
  g->free = (float)(from_db(2 * (GUARD_FREE_LUFS + 0.691 - FREE_MARGIN_DB)) * g->cells * GUARD_CELL);
  g->release = (float)scalar_exp(-(double)GUARD_CELL / (RELEASE_SECONDS * sample_rate));
  g->gain = 1.0f;
  g->allowed = allowed(g);
  g->bucket = g->allowed * GUARD_BURST;
}

/* The level of what comes, energy of a block: over 10 ms, or 3 dB less over 2 ms, so that it
 * neither follows the waveform nor sleeps through an onset. Held, then released. */
static void follow(guard *g) {
  float whole = 0.0f, recent = 0.0f;
  int few = g->cells / 5 + 1;
  for (int i = 0; i < g->cells; i++) whole += g->coming[i];
  for (int i = 0; i < few; i++) recent += g->coming[(g->cell + g->cells - i) % g->cells];
  recent *= 0.5f * (float)g->cells / (float)few;
  float level = whole > recent ? whole : recent;
  g->level = level > g->level * g->release ? level : g->level * g->release;
}

/* The gain that spends no faster than the bucket bears. */
static void decide(guard *g) {
  float rate = g->allowed + g->bucket / SPEND;
  if (rate < LEAST * g->allowed) rate = LEAST * g->allowed;
  g->gain = 1.0f;
  if (g->rise == 0.0f || g->level <= rate) return;
  float gain = (float)scalar_root((double)rate / g->level);
  g->gain = gain > LOWEST ? gain : LOWEST;
}

static void spend(guard *g, float energy) {
  float most = g->allowed * GUARD_BURST;
  g->heard += energy;
  g->bucket += g->allowed / (float)g->cells - energy;
  g->bucket = between(-most, g->bucket, most);
}

static void close_block(guard *g) {
  float sum = 0.0f;
  g->window[g->block % GUARD_WINDOW] = g->heard;
  g->heard = 0.0f;
  for (int i = 0; i < GUARD_WINDOW; i++) sum += g->window[i];
  g->second[g->block % (GUARD_SECOND + 1)] = sum;
  g->block = (g->block + 1) % (GUARD_WINDOW * (GUARD_SECOND + 1));
  g->allowed = allowed(g);
}

/* What has died away becomes nothing: filters that chew on denormal numbers are slow. */
static void rest(guard *g) {
  for (int i = 0; i < 4; i++)
    for (int lane = 0; lane < 2; lane++)
      if (g->memory[i][lane] * g->memory[i][lane] < 1e-24f) g->memory[i][lane] = 0.0f;
}

static void close_cell(guard *g, float open) {
  float energy = g->energy[0] + g->energy[1];
  g->energy = (ears){0};
  g->coming[g->cell] = energy;
  follow(g);
  decide(g);
  float gain = open < g->gain ? open : g->gain;
  spend(g, energy * gain * gain);
  if (++g->cell == g->cells) {
    g->cell = 0;
    close_block(g);
    rest(g);
  }
}

void guard_listen(guard *g, const float *const coming[2], int n, int full, float open) {
  for (int i = 0; i < n; i++) {
    ears x = {coming[0][i], coming[1][i], 0.0f, 0.0f};
    ears y = biquad(biquad(x, g->shelf, g->memory), g->pass, g->memory + 2);
    g->energy += y * y;
  }
  if (full) close_cell(g, open);
}
