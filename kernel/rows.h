/* rows.h: reading and writing the rows of registers, several channels at a time. */
#ifndef ISOBATH_ROWS_H
#define ISOBATH_ROWS_H
#include "plan.h"

/* Where the rows an operation reads in this call start, for one voice. */
static inline const float *input_rows(const ib_model *model, ib_state *state, const operation *o, int v) {
  int leaky = o->kind < ACTIVATE && o->act;
  return rows_of(model, state, o->in, leaky, v) - (int64_t)o->late * registers_of(model, state->coder)[o->in].channels;
}

/* The same of what it adds, or NULL. */
static inline const float *added_rows(const ib_model *model, ib_state *state, const operation *o, int v) {
  if (o->add < 0) return 0;
  return rows_of(model, state, o->add, 0, v) - (int64_t)o->add_late * registers_of(model, state->coder)[o->add].channels;
}

INLINE lanes get(const float *p, int64_t count) { return count >= LANES ? load(p) : load_some(p, (int)count); }

/* Values computed LANES at a time into whichever copies of the row are kept. */
INLINE void put(float *plain, float *activated, int64_t at, int64_t count, lanes value) {
  if (count >= LANES) {
    if (plain) store(plain + at, value);
    if (activated) store(activated + at, leaky(value));
  } else {
    if (plain) store_some(plain + at, value, (int)count);
    if (activated) store_some(activated + at, leaky(value), (int)count);
  }
}

INLINE ulanes lane_numbers(void) {
  ulanes n;
  for (int i = 0; i < LANES; i++) n[i] = (uint32_t)i;
  return n;
}

static inline float *scratch_of(ib_state *state) { return AT(float, state, state->scratch); }
static inline const voice *voice_of(const ib_state *state, int v) { return AT(const voice, state, state->voices) + v; }
#endif
