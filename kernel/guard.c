/* guard.c: see guard.h. */
#include "guard.h"

#define SPEND 1.0f                  /* blocks in which the bucket may be emptied */
#define LEAST 0.5f                  /* of the allowed level is left even when the bucket is in debt */
#define DEBT 2.0f                   /* buckets that may be owed */
#define MARGIN_DB 0.9               /* for blocks against samples, and gains that move while a cell sounds */
#define FREE_MARGIN_DB 0.4
#define RELEASE_SECONDS 0.03
#define LOWEST 0.001f               /* -60 dB */

void guard_rise(guard *g, float db) { g->rise = db > 0.0f ? (float)from_db(2 * (db - MARGIN_DB)) : 0.0f; }

/* Energy of a block that may be heard for long: the free level, or the quietest moment of the
 * last second and `rise` above it, less what the bucket may add to a window. */
static float allowed(const guard *g) {
  float quietest = g->second[0];
  for (int i = 1; i <= GUARD_SECOND; i++) quietest = g->second[i] < quietest ? g->second[i] : quietest;
  float risen = quietest * g->rise / GUARD_WINDOW;
  return (risen > g->free ? risen : g->free) * (GUARD_WINDOW / (GUARD_WINDOW + GUARD_BURST));
}

void guard_reset(guard *g, int sample_rate, int delay) {
  float rise = g->rise;
  memset(g, 0, sizeof *g);
  g->rise = rise;
  weighting_init(&g->weighting, sample_rate);
  weighting_init(&g->after, sample_rate);
  g->late = (delay + GUARD_CELL - 1) / GUARD_CELL;
  if (g->late > GUARD_LATE - 1) g->late = GUARD_LATE - 1;
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

/* `meant`: what this cell will probably be heard with; `heard`: what has just left the limiter. */
static void spend(guard *g, float meant, float heard) {
  float most = g->allowed * GUARD_BURST;
  float guessed = g->meant[(g->at + GUARD_LATE - g->late) % GUARD_LATE];
  g->meant[g->at] = meant;
  g->at = (g->at + 1) % GUARD_LATE;
  g->heard += heard;
  g->bucket += g->allowed / (float)g->cells - meant - (heard - guessed);
  g->bucket = between(-DEBT * most, g->bucket, most);
}

static void close_block(guard *g) {
  float sum = 0.0f;
  g->window[g->block % GUARD_WINDOW] = g->heard;
  g->heard = 0.0f;
  for (int i = 0; i < GUARD_WINDOW; i++) sum += g->window[i];
  /* A window that begins within a block holds at least the others: what it holds at its quietest. */
  sum -= g->window[(g->block + 1) % GUARD_WINDOW];
  g->second[g->block % (GUARD_SECOND + 1)] = sum;
  g->block = (g->block + 1) % (GUARD_WINDOW * (GUARD_SECOND + 1));
  g->allowed = allowed(g);
}

static void close_cell(guard *g, float open) {
  float energy = g->energy[0] + g->energy[1], heard = g->leaving[0] + g->leaving[1];
  g->energy = g->leaving = (ears){0};
  g->coming[g->cell] = energy;
  follow(g);
  decide(g);
  float gain = open < g->gain ? open : g->gain;
  spend(g, energy * gain * gain, heard);
  if (++g->cell == g->cells) {
    g->cell = 0;
    close_block(g);
    weighting_rest(&g->weighting);
    weighting_rest(&g->after);
  }
}

void guard_listen(guard *g, const float *const coming[2], const float *const heard[2], int n, int full, float open) {
  for (int i = 0; i < n; i++) {
    ears y = weighting_hear(&g->weighting, coming[0][i], coming[1][i]);
    ears z = weighting_hear(&g->after, heard[0][i], heard[1][i]);
    g->energy += y * y;
    g->leaving += z * z;
  }
  if (full) close_cell(g, open);
}
