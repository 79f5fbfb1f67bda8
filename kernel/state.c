/* state.c: the memory of a coder, one block of bytes without pointers.
 *
 * Long calls are worked through in chunks of a few frames, so scratch stays small and in
 * the cache; since any partition gives the same samples, nobody can hear where.
 */
#include "plan.h"
#include "whole.h"

#define CHUNK_SAMPLES 8192
#define CHUNK_FRAMES 16
#define MOST_BYTES ((int64_t)1 << 31)

static int64_t aligned(int64_t bytes) { return (bytes + IB_ALIGN - 1) / IB_ALIGN * IB_ALIGN; }

static track *tracks_of(ib_state *state) { return AT(track, state, state->tracks); }

static int32_t chunk_of(const ib_model *model, int frames) {
  int32_t most = CHUNK_SAMPLES / model->info.hop;
  if (most > CHUNK_FRAMES) most = CHUNK_FRAMES;
  if (most < 1) most = 1;
  return frames < most ? frames : most;
}

/* Floats of scratch an operation needs in a call. */
static int64_t scratch_floats(const ib_model *model, const operation *o, const reg *in, int batch, int32_t chunk) {
  int64_t floats = o->scratch + o->scratch_row * chunk * (o->kind == SYNTHESIS ? in->rows : 1);
  const product *p = AT(const product, model, o->product);
  if ((o->kind != CONV && o->kind != CONV_TRANSPOSE) || p->half != WHOLE_WEIGHTS) return floats;
  int64_t stride = o->kind == CONV ? o->stride : 1;
  return whole_scratch(p, stride, o->dilation, chunk * in->rows / stride, batch);
}

/* Lay the state out; with `state` NULL only count. */
static int64_t lay_out(const ib_model *model, int which, int batch, int32_t chunk, ib_state *state) {
  const coder *c = &model->coders[which];
  const reg *registers = registers_of(model, which);
  const operation *operations = operations_of(model, which);
  ib_state head = { STATE_MAGIC, which, batch, chunk, 0, 0, 0, 0, 0 };
  int64_t used = aligned(sizeof head);
  head.voices = used;
  used = aligned(used + (int64_t)sizeof(voice) * batch);
  head.tracks = used;
  used = aligned(used + (int64_t)sizeof(track) * (c->operations + 1));
  head.memories = used;
  used = aligned(used + 8 * (int64_t)c->operations);
  for (int32_t i = 0; i <= c->operations; i++) {
    const reg *r = &registers[i];
    int64_t capacity = 2 * (int64_t)r->history + (int64_t)r->rows * chunk;
    int64_t bytes = aligned(capacity * r->channels * batch * 4);
    track t = { -1, -1, (int32_t)capacity, r->history };
    if (r->plain || !r->activated) { t.plain = used; used += bytes; }
    if (r->activated) { t.activated = used; used += bytes; }
    if (used > MOST_BYTES) return IB_BAD_ARGUMENT;
    if (state) AT(track, state, head.tracks)[i] = t;
  }
  int64_t scratch = 0;
  for (int32_t i = 0; i < c->operations; i++) {
    const operation *o = &operations[i];
    if (state) AT(int64_t, state, head.memories)[i] = used;
    used = aligned(used + o->memory * batch * 4);
    int64_t floats = scratch_floats(model, o, &registers[o->in], batch, chunk);
    if (floats > scratch) scratch = floats;
    if (used > MOST_BYTES) return IB_BAD_ARGUMENT;
  }
  head.scratch = used;
  used = aligned(used + scratch * 4);
  if (used > MOST_BYTES) return IB_BAD_ARGUMENT;
  head.bytes = used;
  if (state) *state = head;
  return used;
}

static int bad_argument(const ib_model *model, int which, int batch, int frames) {
  if (!model || model->magic != PLAN_MAGIC || (which != IB_ENCODER && which != IB_DECODER)) return IB_BAD_ARGUMENT;
  if (batch < 1 || batch > 1024 || frames < 1) return IB_BAD_ARGUMENT;
  return model->coders[which].present ? 0 : IB_NO_CODER;
}

int64_t ib_state_bytes(const ib_model *model, int which, int batch, int frames) {
  int error = bad_argument(model, which, batch, frames);
  return error ? error : lay_out(model, which, batch, chunk_of(model, frames), 0);
}

/* Play silence once, to be forgotten: the first block a musician hears should find weights, code
 * and memory where every later one does. */
static void rehearse(const ib_model *model, ib_state *state) {
  begin_rows(model, state, state->chunk);
  run(model, state, state->chunk);
  end_rows(model, state, state->chunk);
}

int ib_state_init(const ib_model *model, int which, int batch, int frames, void *memory, int64_t bytes) {
  int64_t needed = ib_state_bytes(model, which, batch, frames);
  if (needed < 0) return (int)needed;
  if (!memory || (uintptr_t)memory % IB_ALIGN) return IB_BAD_ARGUMENT;
  if (bytes < needed) return IB_TOO_SMALL;
  memset(memory, 0, (size_t)needed);
  lay_out(model, which, batch, chunk_of(model, frames), memory);
  rehearse(model, memory);
  memset(memory, 0, (size_t)needed);
  lay_out(model, which, batch, chunk_of(model, frames), memory);
  return 0;
}

int ib_state_reset(const ib_model *model, ib_state *state, int which_voice, uint32_t seed) {
  if (!model || !state || model->magic != PLAN_MAGIC || state->magic != STATE_MAGIC) return IB_BAD_ARGUMENT;
  if (which_voice < -1 || which_voice >= state->batch) return IB_BAD_ARGUMENT;
  const coder *c = &model->coders[state->coder];
  const operation *operations = operations_of(model, state->coder);
  for (int v = 0; v < state->batch; v++) {
    if (which_voice >= 0 && v != which_voice) continue;
    AT(voice, state, state->voices)[v] = (voice){ seed, 0 };
    for (int32_t i = 0; i <= c->operations; i++) {
      const track *t = tracks_of(state) + i;
      size_t bytes = (size_t)voice_stride(model, state, i) * 4;
      if (t->plain >= 0) memset(AT(char, state, t->plain) + bytes * (size_t)v, 0, bytes);
      if (t->activated >= 0) memset(AT(char, state, t->activated) + bytes * (size_t)v, 0, bytes);
    }
    for (int32_t i = 0; i < c->operations; i++) {
      size_t bytes = (size_t)operations[i].memory * 4;
      memset(AT(char, state, AT(int64_t, state, state->memories)[i]) + bytes * (size_t)v, 0, bytes);
    }
  }
  return 0;
}

int64_t voice_stride(const ib_model *model, const ib_state *state, int index) {
  return (int64_t)AT(const track, state, state->tracks)[index].capacity * registers_of(model, state->coder)[index].channels;
}

float *rows_of(const ib_model *model, ib_state *state, int index, int activated, int voice_index) {
  const track *t = tracks_of(state) + index;
  int64_t offset = activated ? t->activated : t->plain;
  if (offset < 0) return 0;
  int64_t channels = registers_of(model, state->coder)[index].channels;
  return AT(float, state, offset) + voice_index * voice_stride(model, state, index) + t->position * channels;
}

static void to_front(const ib_model *model, ib_state *state, int index, int64_t offset, int32_t position, int32_t history) {
  int64_t channels = registers_of(model, state->coder)[index].channels, stride = voice_stride(model, state, index);
  for (int v = 0; offset >= 0 && history && v < state->batch; v++) {
    float *base = AT(float, state, offset) + v * stride;
    memmove(base, base + (position - history) * channels, (size_t)(history * channels) * 4);
  }
}

void begin_rows(const ib_model *model, ib_state *state, int frames) {
  const coder *c = &model->coders[state->coder];
  for (int32_t i = 0; i <= c->operations; i++) {
    const reg *r = registers_of(model, state->coder) + i;
    track *t = tracks_of(state) + i;
    if (t->position + r->rows * frames <= t->capacity) continue;
    to_front(model, state, i, t->plain, t->position, r->history);
    to_front(model, state, i, t->activated, t->position, r->history);
    t->position = r->history;
  }
}

void end_rows(const ib_model *model, ib_state *state, int frames) {
  const coder *c = &model->coders[state->coder];
  for (int32_t i = 0; i <= c->operations; i++) {
    const reg *r = registers_of(model, state->coder) + i;
    if (r->history) tracks_of(state)[i].position += r->rows * frames;
  }
  for (int v = 0; v < state->batch; v++) AT(voice, state, state->voices)[v].frame += (uint32_t)frames;
}
