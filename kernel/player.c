/* player.c: see player.h. Voices are added up, raised by the master, guarded, limited, and
 * only then heard.
 *
 * Parts of the work end where a voice is due, so that whoever is listened to has been heard up
 * to that very sample, whichever slot it sits on.
 *
 * The finishing works in cells of GUARD_CELL samples counted from the start, so that no
 * decision depends on how the host cuts its calls. When the player is reset while it
 * sounds, the next 10 ms of the old sound are made at once, through the old limiter, and
 * the new sound is faded in over them: a mixture of two limited sounds whose shares add up
 * to one stays under the ceiling. The fade-in happens also where there was silence before, so a
 * take starts the same way every time.
 */
#include "player.h"
#include "guard.h"
#include "limiter.h"
#include "scalars.h"
#include "voice.h"

#define PLAYER_MAGIC 0x59414c50u
#define PANIC 64                    /* samples */
#define LOUDEST_MASTER 16.0f        /* +24 dB */
#define RAMP_SECONDS 0.005
#define LONG_WAIT IB_HOP            /* what due answers when nobody plays */

struct ib_player {
  uint32_t magic, seed;
  int32_t outputs, sample_rate;
  int32_t heard;                    /* something was rendered since the last reset */
  int32_t deaf;                     /* what is rendered now goes on without the host: nothing comes in */
  int32_t cell;                     /* samples into the cell under way */
  int32_t fade, fade_length;        /* samples since the reset, up to so many */
  int32_t panic;                    /* -1: no; else samples since it was asked for, up to PANIC */
  float master, master_target, master_step;
  int32_t master_ramp;
  guard guard;
  limiter limiter;
  float tail[2][VOICE_FADE_LONGEST];
  double squares[2];                /* since the meters were read */
  int64_t counted;
  float peak[2], lowest, guarded;
  uint32_t scrubbed;
  ib_meters meters;
  ib_between *between;
  void *context;
  float apart[IB_VOICES][2][GUARD_CELL];
  voice voices[IB_VOICES];
  float input[IB_VOICES][2][IB_HOP];
};

int64_t ib_player_bytes(int channels, int sample_rate) {
  if (channels < 1 || channels > 2 || sample_rate < 8000 || sample_rate > 192000) return IB_BAD_ARGUMENT;
  return (int64_t)sizeof(ib_player);
}

static ONCE double decibels(double gain) { return to_db(gain); }

static void clear_meters(ib_player *p) {
  p->squares[0] = p->squares[1] = 0.0;
  p->peak[0] = p->peak[1] = 0.0f;
  p->counted = 0;
  p->lowest = p->guarded = 1.0f;
}

int ib_player_init(void *memory, int64_t bytes, int channels, int sample_rate) {
  int64_t needed = ib_player_bytes(channels, sample_rate);
  if (needed < 0) return (int)needed;
  if (bytes < needed) return IB_TOO_SMALL;
  ib_player *p = memory;
  memset(p, 0, sizeof *p);
  p->magic = PLAYER_MAGIC;
  p->outputs = channels;
  p->sample_rate = sample_rate;
  p->fade_length = (int32_t)(VOICE_FADE_SECONDS * sample_rate);
  p->master = 1.0f;
  for (int i = 0; i < IB_VOICES; i++) voice_init(&p->voices[i], sample_rate);
  ib_player_master(p, 1.0f, -1.0f, 8.0f);
  ib_player_reset(p, 1);
  return 0;
}

static voice *slot_of(ib_player *p, int slot) { return &p->voices[slot < 0 || slot >= IB_VOICES ? 0 : slot]; }

int ib_player_voice(ib_player *p, int slot, const ib_model *model, ib_state *state) {
  if (slot < 0 || slot >= IB_VOICES) return IB_BAD_ARGUMENT;
  ib_info info;
  if (model) {
    ib_model_info(model, &info);
    if (!state || !info.has_decoder) return IB_NO_CODER;
    if (!voice_fits(&info, p->sample_rate) || info.dims < 1 || info.dims > IB_DIMS) return IB_BAD_ARGUMENT;
  }
  voice_go(&p->voices[slot], p->outputs);
  if (model) voice_come(&p->voices[slot], model, state, &info, p->seed + (uint32_t)slot);
  return 0;
}

int ib_player_feed(ib_player *p, int slot, int channels, int hop, int sample_rate) {
  ib_info info = {.sample_rate = sample_rate ? sample_rate : p->sample_rate, .channels = channels, .hop = hop};
  if (slot < 0 || slot >= IB_VOICES || !voice_fits(&info, p->sample_rate)) return IB_BAD_ARGUMENT;
  voice_go(&p->voices[slot], p->outputs);
  voice_feed(&p->voices[slot], &info);
  return 0;
}

float *ib_player_fed(ib_player *p, int slot) { return slot_of(p, slot)->audio; }
void ib_player_filled(ib_player *p, int slot) { slot_of(p, slot)->filled = 1; }
const float *ib_player_hop(const ib_player *p, int slot) { return slot_of((ib_player *)p, slot)->audio; }

const float *ib_player_make(ib_player *p, int slot, const float *heard) {
  voice *v = slot_of(p, slot);
  return v->model && !v->bridge ? voice_make(v, heard) : NULL;
}

int ib_player_late(const ib_player *p, int slot) { return slot_of((ib_player *)p, slot)->late; }
int64_t ib_ear_bytes(const ib_model *model, int sample_rate) { return ear_bytes(model, sample_rate); }

int ib_player_listen(ib_player *p, int slot, void *memory, int64_t bytes, int from) {
  if (slot < 0 || slot >= IB_VOICES || from < -1 || from >= IB_VOICES) return IB_BAD_ARGUMENT;
  voice *v = &p->voices[slot];
  ear *made = NULL;
  if (memory) {
    int64_t needed = v->model ? ear_bytes(v->model, p->sample_rate) : IB_BAD_ARGUMENT;
    if (needed < 0) return (int)needed;
    if ((uintptr_t)memory % IB_ALIGN) return IB_BAD_ARGUMENT;
    if (bytes < needed) return IB_TOO_SMALL;
    made = ear_make(memory, v->model, from, voice_time(v));
    if (!made) return IB_BAD_ARGUMENT;
  }
  voice_listen(v, made, p->outputs);
  return 0;
}

ib_source *ib_player_source(ib_player *p, int slot) { return &slot_of(p, slot)->source; }
float *ib_player_input(ib_player *p, int slot) { return p->input[slot < 0 || slot >= IB_VOICES ? 0 : slot][0]; }
float *ib_player_given(ib_player *p, int slot) { return slot_of(p, slot)->given; }
const float *ib_player_said(const ib_player *p, int slot) { return voice_said(slot_of((ib_player *)p, slot)); }

ib_ear_meters *ib_player_ear_meters(ib_player *p, int slot) {
  voice *v = slot_of(p, slot);
  ib_ear_meters *m = &v->meters;
  const matching *heard = v->ear ? &v->ear->matching : NULL;
  m->underruns = v->underruns;
  m->peak = v->ear ? v->ear->peak : 0.0f;
  m->lufs = heard && heard->seconds > 0.0f ? (float)(decibels(heard->loud) * 0.5 - 0.691) : 0.0f;
  m->match_db = heard && heard->started && heard->gain > 0.0f ? (float)decibels(heard->gain) : 0.0f;
  if (v->ear) v->ear->peak = 0.0f;
  return m;
}

ib_shaping *ib_player_shaping(ib_player *p, int slot) { return &slot_of(p, slot)->shaping; }
float *ib_player_incoming(ib_player *p, int slot) { return slot_of(p, slot)->incoming; }
float *ib_player_trim(ib_player *p, int slot) { return &slot_of(p, slot)->trim; }
const float *ib_player_latent(const ib_player *p, int slot) { return slot_of((ib_player *)p, slot)->shaper.latent; }

int ib_player_due(const ib_player *p, uint32_t *voices) {
  int soonest = LONG_WAIT;
  uint32_t mask = 0;
  for (int i = 0; i < IB_VOICES; i++) {
    const voice *v = &p->voices[i];
    if (!v->present) continue;
    if (v->remaining == 0) mask |= 1u << i;
    if (v->remaining < soonest) soonest = v->remaining;
  }
  if (voices) *voices = mask;
  return soonest;
}

int ib_player_stretch(const ib_player *p) {
  int soonest = LONG_WAIT;
  for (int i = 0; i < IB_VOICES; i++) {
    const voice *v = &p->voices[i];
    int wait = v->remaining ? v->remaining : voice_next(v);
    if (v->present && wait < soonest) soonest = wait;
  }
  return soonest;
}

static void raise(ib_player *p, float *const x[2], int n) {
  for (int i = 0; i < n; i++) {
    if (p->master_ramp && --p->master_ramp == 0) p->master = p->master_target;
    else if (p->master_ramp) p->master += p->master_step;
    for (int c = 0; c < 2; c++) x[c][i] *= p->master;
  }
}

/* Shares of new and old sound after a reset, and the fade of a panic. */
static void cross(ib_player *p, float *const x[2], int n) {
  for (int i = 0; i < n; i++) {
    float share = 1.0f, open = 1.0f;
    int at = p->fade;
    if (at < p->fade_length) share = (float)++p->fade / (float)p->fade_length;
    if (p->panic >= 0) {
      if (p->panic < PANIC) p->panic++;
      open = 1.0f - (float)p->panic / PANIC;
    }
    for (int c = 0; c < 2; c++) {
      if (share < 1.0f) x[c][i] = x[c][i] * share + p->tail[c][at] * (1.0f - share);
      x[c][i] *= open;
    }
  }
}

static void measure(ib_player *p, float *const x[2], int n) {
  for (int c = 0; c < p->outputs; c++)
    for (int i = 0; i < n; i++) {
      float size = x[c][i] < 0.0f ? -x[c][i] : x[c][i];
      p->peak[c] = size > p->peak[c] ? size : p->peak[c];
      p->squares[c] += (double)x[c][i] * x[c][i];
    }
  p->counted += n;
}

/* Everyone who listens is given the n samples just made, or that came in from `at` on. */
static void listen(ib_player *p, int at, int n) {
  static const float silence[GUARD_CELL];
  for (int i = 0; i < IB_VOICES; i++) {
    ear *e = p->voices[i].ear;
    if (!e) continue;
    const float *rows[2] = {silence, silence};
    for (int c = 0; c < 2; c++) {
      if (e->from >= 0) rows[c] = p->voices[e->from].tap[c];
      else if (!p->deaf) rows[c] = p->input[i][c] + at;
    }
    ear_collect(e, rows[0], rows[1], n);
  }
}

/* Up to the end of the cell: n samples of voices made, guarded, limited, into out. */
static void render_part(ib_player *p, float *const out[2], int at, int n) {
  float came[2][GUARD_CELL] = {{0}}, heard[2][GUARD_CELL];
  float *const mix[2] = {came[0], came[1]}, *const sound[2] = {heard[0], heard[1]};
  if (p->between) memset(p->apart, 0, sizeof p->apart);
  for (int i = 0; i < IB_VOICES; i++) {
    float *const own[2] = {p->apart[i][0], p->apart[i][1]};
    voice_add(&p->voices[i], p->between ? own : mix, p->outputs, n);
  }
  if (p->between) p->between(p->context, p->apart[0][0], came[0], n);
  listen(p, at, n);
  raise(p, mix, n);
  p->scrubbed += (uint32_t)limiter_scrub(&p->limiter, mix, n);
  memcpy(heard, came, sizeof heard);
  p->guarded = p->guard.gain < p->guarded ? p->guard.gain : p->guarded;
  limiter_run(&p->limiter, sound, n, p->guard.gain, &p->lowest);
  float left[2][GUARD_CELL];
  memcpy(left, heard, sizeof left);
  const float *const leaving[2] = {left[0], left[1]};
  cross(p, sound, n);
  p->cell = (p->cell + n) % GUARD_CELL;
  guard_listen(&p->guard, (const float *const *)mix, leaving, n, p->cell == 0, (float)p->limiter.open);
  measure(p, sound, n);
  for (int c = 0; c < p->outputs; c++) memcpy(out[c], heard[c], (size_t)n * 4);
}

static void render(ib_player *p, float *const out[2], int frames) {
  for (int i = 0; i < IB_VOICES; i++)
    if (p->voices[i].present) voice_levels(&p->voices[i], p->outputs);
  p->heard = 1;
  for (int done = 0; done < frames;) {
    int n = GUARD_CELL - p->cell, due = ib_player_stretch(p);
    if (n > due) n = due;
    if (n > frames - done) n = frames - done;
    float *const part[2] = {out[0] + done, out[1] + done};
    render_part(p, part, done, n);
    done += n;
  }
}

int ib_player_render(ib_player *p, float *out, int frames) {
  if (!p || p->magic != PLAYER_MAGIC || frames < 0) return IB_BAD_ARGUMENT;
  if (frames == 0) return 0;
  for (int i = 0; i < IB_VOICES; i++)
    if (frames > IB_HOP && p->voices[i].ear && p->voices[i].ear->from < 0) return IB_BAD_ARGUMENT;
  float *const rows[2] = {out, out + (p->outputs == 2 ? frames : 0)};
  render(p, rows, frames);
  return 0;
}

void ib_player_between(ib_player *p, ib_between *between, void *context) {
  p->between = between;
  p->context = context;
}

void ib_player_master(ib_player *p, float gain, float ceiling_db, float guard_db) {
  float target = is_number(gain) ? between(0.0f, gain, LOUDEST_MASTER) : 0.0f;
  limiter_ceiling(&p->limiter, is_number(ceiling_db) ? between(-60.0f, ceiling_db, -1.0f) : -1.0f);
  guard_rise(&p->guard, is_number(guard_db) && guard_db >= 0.0f ? between(0.0f, guard_db, 60.0f) : 8.0f);
  if (target == p->master_target) return;
  p->master_target = target;
  p->master_ramp = p->heard ? (int32_t)(RAMP_SECONDS * p->sample_rate) : 0;
  if (p->master_ramp) p->master_step = (target - p->master) / (float)p->master_ramp;
  else p->master = target;
}

void ib_player_panic(ib_player *p) {
  if (p->panic < 0) p->panic = 0;
}

/* The next 10 ms as they would have been, to be faded out under the new sound. */
static void keep_tail(ib_player *p) {
  float tail[2][VOICE_FADE_LONGEST];
  float *const rows[2] = {tail[0], tail[1]};
  p->deaf = 1;
  if (p->heard) render(p, rows, p->fade_length);
  p->deaf = 0;
  for (int c = 0; c < 2; c++)
    for (int i = 0; i < p->fade_length; i++) p->tail[c][i] = p->heard && c < p->outputs ? tail[c][i] : 0.0f;
}

void ib_player_reset(ib_player *p, uint32_t seed) {
  keep_tail(p);
  p->seed = seed;
  for (int i = 0; i < IB_VOICES; i++) voice_restart(&p->voices[i], seed + (uint32_t)i);
  limiter_reset(&p->limiter, p->sample_rate);
  guard_reset(&p->guard, p->sample_rate, p->limiter.delay);
  p->master = p->master_target;
  p->panic = -1;
  p->heard = p->cell = p->fade = p->master_ramp = 0;
  clear_meters(p);
  if (p->between) p->between(p->context, NULL, NULL, 0);
}

/* What the limiter takes is what goes beyond the guard's share. */
static void reductions(ib_player *p, ib_meters *m) {
  float whole = (float)decibels(p->lowest), guard = (float)decibels(p->guarded);
  m->guard_db = guard < whole ? whole : guard;
  m->limiter_db = whole - m->guard_db;
}

ib_meters *ib_player_meters(ib_player *p) {
  ib_meters *m = &p->meters;
  const shaper *s = &p->voices[0].shaper;
  m->scrubbed = p->scrubbed;
  for (int i = 0; i < IB_VOICES; i++) m->scrubbed += p->voices[i].shaper.scrubbed;
  for (int c = 0; c < 2; c++) {
    int from = c < p->outputs ? c : 0;
    m->peak[c] = p->peak[from];
    m->rms[c] = p->counted ? (float)scalar_root(p->squares[from] / (double)p->counted) : 0.0f;
  }
  reductions(p, m);
  m->clamped = s->clamped;
  memcpy(m->latent, s->latent, sizeof m->latent);
  clear_meters(p);
  return m;
}

int ib_player_delay(const ib_player *p) { return p->limiter.delay; }
