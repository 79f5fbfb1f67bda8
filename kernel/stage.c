/* stage.c: see stage.h. Not part of the browser's build: there the worklet is the callback. */
#ifndef __wasm__
#include "stage.h"
#include <limits.h>
#include <stddef.h>
#include <string.h>
#include <time.h>
#include "resample.h"
#include "scalars.h"
#ifdef __linux__
#include <linux/futex.h>
#include <sys/syscall.h>
#include <unistd.h>
#elif defined(_WIN32)
__declspec(dllimport) void __stdcall Sleep(unsigned long milliseconds);
#endif

#define GET(x) __atomic_load_n(&(x), __ATOMIC_ACQUIRE)
#define SET(x, value) __atomic_store_n(&(x), (value), __ATOMIC_RELEASE)
#define ADD(x, n) __atomic_fetch_add(&(x), (n), __ATOMIC_ACQ_REL)
#define SWITCH_SECONDS 0.01
#define OPEN_SECONDS 0.005
#define NOBODY (-1)
#define LOOK 16                   /* callbacks that are looked at together */

int64_t ib_stage_bytes(void) { return (int64_t)sizeof(ib_stage); }

int ib_stage_init(void *memory, int64_t bytes, int rate, int ahead, int block) {
  if (bytes < ib_stage_bytes()) return IB_TOO_SMALL;
  if (rate < 8000 || rate > 192000 || ahead < 0 || ahead > STAGE_RING / 4 || block < 1 || block > STAGE_RING / 4)
    return IB_BAD_ARGUMENT;
  ib_stage *s = memory;
  memset(s, 0, sizeof *s);
  s->version = STAGE_VERSION;
  s->rate = s->device_rate = rate;
  s->ahead = ahead;
  s->block = block;
  s->outputs = 2;
  s->active = s->wish = NOBODY;
  s->dry = 1;
  SET(s->magic, STAGE_MAGIC);
  return 0;
}

int ib_stage_check(const void *memory, int64_t bytes) {
  const ib_stage *s = memory;
  if (bytes < ib_stage_bytes()) return IB_TOO_SMALL;
  return GET(s->magic) == STAGE_MAGIC && s->version == STAGE_VERSION ? 0 : IB_BAD_VERSION;
}

uint64_t ib_stage_now(void) {
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

/* ------------------------------------------------------------------ waiting */

void ib_stage_wake(ib_stage *s) {
  ADD(s->tick, 1);
#ifdef __linux__
  syscall(SYS_futex, &s->tick, FUTEX_WAKE, INT_MAX, NULL, NULL, 0);
#endif
}

uint32_t ib_stage_wait(ib_stage *s, uint32_t seen, int microseconds) {
#ifdef __linux__
  struct timespec most = {microseconds / 1000000, (long)(microseconds % 1000000) * 1000};
  if (GET(s->tick) == seen) syscall(SYS_futex, &s->tick, FUTEX_WAIT, seen, &most, NULL, 0);
#else
  for (int waited = 0; GET(s->tick) == seen && waited < microseconds; waited += 500) {
#ifdef _WIN32
    Sleep(1);
#else
    struct timespec nap = {0, 500000};
    nanosleep(&nap, NULL);
#endif
  }
#endif
  return GET(s->tick);
}

/* ------------------------------------------------------------------ rings */

static int is_worker(int worker) { return worker >= 0 && worker < STAGE_WORKERS; }

int ib_stage_fill(const ib_stage *s, int worker) {
  if (!is_worker(worker)) return 0;
  const ib_stage_worker *w = &s->workers[worker];
  uint64_t read = GET(w->read), written = GET(w->written);
  return written - read > STAGE_RING ? 0 : (int)(written - read);
}

static int target(const ib_stage *s) { return GET(s->block) + s->ahead; }

int ib_stage_wanted(const ib_stage *s, int worker) {
  int active = GET(s->active);
  int asked = worker == active || worker == GET(s->wish) || (GET(s->alarm) && active != NOBODY);
  if (!is_worker(worker) || !asked) return 0;
  int lacking = target(s) - ib_stage_fill(s, worker);
  return lacking > 0 ? lacking : -1;
}

void ib_stage_clear(ib_stage *s, int worker) {
  if (is_worker(worker)) SET(s->workers[worker].written, GET(s->workers[worker].read));
}

int ib_stage_write(ib_stage *s, int worker, const float *sound, int frames) {
  if (!is_worker(worker) || frames < 0 || ib_stage_fill(s, worker) + frames > STAGE_RING) return 0;
  ib_stage_worker *w = &s->workers[worker];
  uint64_t at = w->written;
  float(*ring)[2] = s->rings[worker];
  for (int i = 0; i < frames; i++)
    for (int c = 0; c < 2; c++) ring[(at + (uint64_t)i) % STAGE_RING][c] = sound[c * frames + i];
  SET(w->written, at + (uint64_t)frames);
  return frames;
}

/* Of a ring that is written on: nothing that may have been overwritten meanwhile. */
static int copy_ring(const float (*ring)[2], uint64_t size, const uint64_t *count, uint64_t from, int frames,
                     float *sound) {
  int there = 0;
  uint64_t until = GET(*count);
  for (int i = 0; i < frames; i++) {
    uint64_t at = from + (uint64_t)i;
    int is = at < until && at + size > until;
    for (int c = 0; c < 2; c++) sound[c * frames + i] = is ? ring[at % size][c] : 0.0f;
    there += is;
  }
  return there;
}

int ib_stage_came(const ib_stage *s, uint64_t from, int frames, float *sound) {
  return copy_ring(s->capture, STAGE_CAPTURE, &s->captured, from, frames, sound);
}
int ib_stage_heard(const ib_stage *s, uint64_t from, int frames, float *sound) {
  return copy_ring(s->heard_ring, STAGE_HEARD, &s->heard, from, frames, sound);
}

/* ------------------------------------------------------------------ gestures */

void ib_stage_gesture(ib_stage *s, const double *values, int axes, int64_t revision, uint64_t stamp) {
  if (axes < 0 || axes > STAGE_AXES) return;
  ADD(s->gesture_sequence, 1);
  __atomic_thread_fence(__ATOMIC_SEQ_CST);
  memcpy(s->gesture, values, (size_t)axes * sizeof(double));
  s->axes = axes;
  s->gesture_revision = revision;
  s->gesture_stamp = stamp;
  __atomic_thread_fence(__ATOMIC_SEQ_CST);
  ADD(s->gesture_sequence, 1);
}

int ib_stage_held(const ib_stage *s, double *values, int64_t *revision, uint64_t *stamp) {
  for (int tries = 0; tries < 64; tries++) {
    uint32_t before = GET(s->gesture_sequence);
    if (before & 1) continue;
    int axes = s->axes;
    if (axes < 0 || axes > STAGE_AXES) return -1;
    memcpy(values, s->gesture, (size_t)axes * sizeof(double));
    *revision = s->gesture_revision;
    *stamp = s->gesture_stamp;
    __atomic_thread_fence(__ATOMIC_SEQ_CST);
    if (GET(s->gesture_sequence) == before) return axes;
  }
  return -1;
}

/* ------------------------------------------------------------------ the callback */

static void note(ib_stage *s, uint32_t kind) {
  uint64_t at = s->events % STAGE_EVENTS;
  s->event_clock[at] = ib_stage_now();
  s->event_kind[at] = kind;
  SET(s->events, s->events + 1);
}

static void take(ib_stage *s, int worker, float (*out)[2], int frames) {
  ib_stage_worker *w = &s->workers[worker];
  uint64_t at = w->read;
  for (int i = 0; i < frames; i++)
    for (int c = 0; c < 2; c++) out[i][c] = s->rings[worker][(at + (uint64_t)i) % STAGE_RING][c];
  SET(w->read, at + (uint64_t)frames);
}

/* What the one who was heard still has becomes the tail, that fades out under the next. */
static void keep_tail(ib_stage *s) {
  int length = (int)(SWITCH_SECONDS * s->rate), there = 0;
  if (is_worker(s->active) && !s->dry) {
    there = ib_stage_fill(s, s->active);
    if (there > length) there = length;
    take(s, s->active, s->tail, there);
  }
  float last[2];
  for (int c = 0; c < 2; c++) last[c] = there ? s->tail[there - 1][c] : s->dry ? 0.0f : s->last[c];
  for (int i = there; i < length; i++) {
    int past = i - there + 1;
    for (int c = 0; c < 2; c++) s->tail[i][c] = past < STAGE_FADE ? last[c] * (1.0f - (float)past / STAGE_FADE) : 0.0f;
  }
  s->tail_at = 0;
  s->tail_length = length;
}

static void go_over(ib_stage *s, int worker) {
  keep_tail(s);
  if (is_worker(s->active)) {
    ib_stage_worker *old = &s->workers[s->active];
    SET(old->read, GET(old->written));
  }
  SET(s->active, worker);
  SET(s->wish, worker);
  SET(s->alarm, 0);
  s->dry = s->reopen = s->open = s->opening = 0;
  s->refilled = GET(s->workers[worker].written);
}

/* Once a callback: who is heard, and whether the other one should get ready. */
static void choose(ib_stage *s, int frames) {
  int active = s->active, wish = GET(s->wish);
  if (is_worker(wish) && wish != active && ib_stage_fill(s, wish) >= frames) {
    ADD(s->switches, 1);
    go_over(s, wish);
    return;
  }
  if (!is_worker(active)) return;
  int fill = ib_stage_fill(s, active), other = STAGE_WORKERS - 1 - active, gone = !GET(s->workers[active].pid);
  if ((fill < frames || gone) && GET(s->alarm) && ib_stage_fill(s, other) >= frames) {
    ADD(s->takeovers, 1);
    note(s, STAGE_TAKEOVER);
    if (GET(s->workers[active].state)) SET(s->workers[active].state, STAGE_DOUBTED);
    go_over(s, other);
    return;
  }
  uint64_t written = GET(s->workers[active].written);
  if (fill < target(s) && written == s->refilled) SET(s->alarm, 1);
  else if (fill >= target(s) && !gone) SET(s->alarm, 0);
  s->refilled = written;
}

/* The last samples before nobody has any fade out; what is not there is silence. */
static void run_dry(ib_stage *s, float (*out)[2], int there, int frames) {
  int fade = there < STAGE_FADE ? there : STAGE_FADE, held = STAGE_FADE - fade;
  float last[2];
  for (int c = 0; c < 2; c++) last[c] = there ? out[there - 1][c] : s->last[c];
  for (int i = there - fade; i < frames; i++) {
    int past = i - (there - fade) + 1;
    float share = past < STAGE_FADE ? 1.0f - (float)past / STAGE_FADE : 0.0f;
    for (int c = 0; c < 2; c++)
      out[i][c] = (i < there ? out[i][c] : i - there < held ? last[c] : 0.0f) * share;
  }
  s->dry = s->reopen = 1;
}

static void fade_in(ib_stage *s, float (*out)[2], int frames) {
  for (int i = 0; i < frames && s->open < s->opening; i++) {
    float share = (float)++s->open / (float)s->opening;
    for (int c = 0; c < 2; c++) out[i][c] *= share;
  }
}

/* `frames` of the workers' sound, at their rate. Who was silent waits until `whole` frames are there. */
static void pull(ib_stage *s, float (*out)[2], int frames, int whole) {
  int there = is_worker(s->active) ? ib_stage_fill(s, s->active) : 0;
  if (s->dry && there < whole) there = 0;
  if (there > frames) there = frames;
  if (s->dry && there) {
    s->opening = s->reopen ? (int)(OPEN_SECONDS * s->rate) : 0;
    s->dry = s->reopen = s->open = 0;
  }
  if (there) take(s, s->active, out, there);
  fade_in(s, out, there);
  if (there < frames) {
    if (s->dry) memset(out[there], 0, (size_t)(frames - there) * sizeof *out);
    else {
      run_dry(s, out, there, frames);
      ADD(s->underruns, 1);
      note(s, STAGE_UNDERRUN);
    }
    if (is_worker(s->active)) ADD(s->missing, (uint64_t)(frames - there));
  }
  for (int i = 0; i < frames && s->tail_at < s->tail_length; i++, s->tail_at++) {
    float share = 1.0f - (float)(s->tail_at + 1) / (float)s->tail_length;
    for (int c = 0; c < 2; c++) out[i][c] += s->tail[s->tail_at][c] * share;
  }
  for (int c = 0; c < 2; c++) s->last[c] = out[frames - 1][c];
}

/* What came in, at the workers' rate. */
static void capture(ib_stage *s, const float (*in)[2], int frames) {
  uint64_t at = s->captured;
  for (int i = 0; i < frames; i++)
    for (int c = 0; c < 2; c++) {
      float x = in[i][c], size = x < 0.0f ? -x : x;
      s->capture[(at + (uint64_t)i) % STAGE_CAPTURE][c] = x;
      if (size > s->input_peak[c]) s->input_peak[c] = size;
    }
  SET(s->captured, at + (uint64_t)frames);
}

/* The last look: numbers only, none above the ceiling. */
static float looked_at(ib_stage *s, float x) {
  if (!is_number(x)) {
    s->scrubbed++;
    return 0.0f;
  }
  if (x <= STAGE_CEILING && x >= -STAGE_CEILING) return x;
  s->clipped++;
  return x > 0 ? STAGE_CEILING : -STAGE_CEILING;
}

static void finish(ib_stage *s, float (*x)[2], int frames) {
  uint64_t at = s->heard;
  for (int i = 0; i < frames; i++)
    for (int c = 0; c < 2; c++) {
      float v = x[i][c] = looked_at(s, x[i][c]), size = v < 0.0f ? -v : v;
      if (size > s->peak[c]) s->peak[c] = size;
      s->heard_ring[(at + (uint64_t)i) % STAGE_HEARD][c] = v;
    }
  SET(s->heard, at + (uint64_t)frames);
}

#define PART 256
#define FRAMES(rows) ((ib_frames){(rows)[0], 2, 1})

static void hear(ib_stage *s, const float *in, int frames) {
  float came[PART][2], made[PART][2];
  int inputs = s->inputs, right = inputs > 1 ? 1 : 0;
  for (int done = 0; done < frames;) {
    int n = frames - done < PART ? frames - done : PART;
    for (int i = 0; i < n; i++)
      for (int c = 0; c < 2; c++) {
        float x = in && inputs ? in[(size_t)(done + i) * (size_t)inputs + (c ? (size_t)right : 0)] : 0.0f;
        came[i][c] = is_number(x) ? x : 0.0f;
      }
    done += n;
    if (!s->from_device) {
      capture(s, came, n);
      continue;
    }
    for (int from = 0, got = 1; from < n || got > 0;) {
      int used = 0;
      got = ib_resampler_run(s->from_device, FRAMES(came + from), n - from, &used, FRAMES(made), PART);
      if (got > 0) capture(s, made, got);
      from += used;
      if (got <= 0 && !used) break;
    }
  }
}

static void deliver(ib_stage *s, const float (*x)[2], float *out, int frames) {
  int outputs = s->outputs;
  for (int i = 0; i < frames; i++) {
    float *to = out + (size_t)i * (size_t)outputs;
    if (outputs == 1) to[0] = 0.5f * (x[i][0] + x[i][1]);
    for (int c = 0; outputs > 1 && c < outputs; c++) to[c] = c < 2 ? x[i][c] : 0.0f;
  }
}

/* `frames` for the device out of `whole` of the workers. */
static void play(ib_stage *s, float *out, int frames, int whole) {
  float part[PART][2], made[PART][2];
  int given = 0;
  for (int done = 0; done < whole;) {
    int n = whole - done < PART ? whole - done : PART;
    pull(s, part, n, whole - done);
    finish(s, part, n);
    if (!s->to_device) deliver(s, (const float(*)[2])part, out + (size_t)done * (size_t)s->outputs, n);
    for (int from = 0, got = 1; s->to_device && (from < n || got > 0);) {
      int used = 0, most = frames - given < PART ? frames - given : PART;
      got = ib_resampler_run(s->to_device, FRAMES(part + from), n - from, &used, FRAMES(made), most);
      for (int i = 0; i < got; i++)
        for (int c = 0; c < 2; c++) made[i][c] = looked_at(s, made[i][c]);
      if (got > 0) deliver(s, (const float(*)[2])made, out + (size_t)given * (size_t)s->outputs, got);
      given += got > 0 ? got : 0;
      from += used;
      if (got <= 0 && !used) break;
    }
    done += n;
  }
  if (s->to_device && given < frames)
    memset(out + (size_t)given * (size_t)s->outputs, 0, (size_t)(frames - given) * (size_t)s->outputs * 4);
}

/* Some systems ask twice in a row for half a period each: what has to be there is what comes together. That
 * something came late once, and the next soon after, is no such habit. */
static void weigh(ib_stage *s, int frames, int lasts) {
  uint64_t since = ib_stage_now() - s->clock;
  int together = s->callbacks && since < (uint64_t)lasts / 4;
  s->burst = together ? s->burst + frames : frames;
  s->bursts += together;
  if (s->burst > s->longest) s->longest = s->burst;
  if (++s->looked < LOOK) {
    if (frames > s->block) SET(s->block, frames);
    return;
  }
  int most = s->bursts >= LOOK / 4 && s->bursts <= LOOK * 3 / 4 ? s->longest : frames;
  SET(s->block, most < STAGE_RING / 4 ? most : STAGE_RING / 4);
  s->looked = s->bursts = s->longest = 0;
}

void ib_stage_run(ib_stage *s, const float *in, float *out, int frames) {
  int whole = s->to_device ? ib_resampler_wanted(s->to_device, frames) : frames;
  hear(s, in, frames);
  weigh(s, s->to_device ? (int)((int64_t)frames * s->rate / s->device_rate) + 1 : frames,
        (int)((int64_t)frames * 1000000000 / s->device_rate));
  choose(s, whole);
  play(s, out, frames, whole);
  SET(s->clock, ib_stage_now());
  ADD(s->frames, (uint64_t)frames);
  ADD(s->callbacks, 1);
  ib_stage_wake(s);
}

static int64_t aligned(int64_t bytes) { return (bytes + IB_ALIGN - 1) / IB_ALIGN * IB_ALIGN; }

int64_t ib_stage_open_bytes(const ib_stage *s, int device_rate) {
  if (device_rate == s->rate) return 0;
  int64_t out = ib_resampler_bytes(s->rate, device_rate, 2), in = ib_resampler_bytes(device_rate, s->rate, 2);
  return out < 0 ? out : in < 0 ? in : aligned(out) + in;
}

int ib_stage_open(ib_stage *s, int device_rate, int inputs, int outputs, void *memory, int64_t bytes) {
  int64_t needed = ib_stage_open_bytes(s, device_rate), first;
  if (needed < 0) return (int)needed;
  if (bytes < needed) return IB_TOO_SMALL;
  if (inputs < 0 || outputs < 1) return IB_BAD_ARGUMENT;
  s->to_device = s->from_device = NULL;
  if (needed) {
    first = aligned(ib_resampler_bytes(s->rate, device_rate, 2));
    int code = ib_resampler_init(memory, first, s->rate, device_rate, 2);
    if (code >= 0) code = ib_resampler_init((char *)memory + first, needed - first, device_rate, s->rate, 2);
    if (code < 0) return code;
    s->to_device = memory;
    s->from_device = (char *)memory + first;
  }
  s->device_rate = device_rate;
  s->inputs = inputs;
  s->outputs = outputs;
  s->tail_at = s->tail_length = 0;
  s->dry = 1;
  s->reopen = s->callbacks > 0;
  s->last[0] = s->last[1] = 0.0f;
  if (is_worker(s->active) && s->callbacks) {   /* of the device before: it is too old to be heard */
    ib_stage_worker *w = &s->workers[s->active];
    SET(w->read, GET(w->written));
  }
  return 0;
}

int ib_stage_delay(const ib_stage *s) { return s->to_device ? ib_resampler_delay(s->to_device) : 0; }

/* PortAudio: paContinue is 0; of the flags, 1 and 2 are input under- and overflow, 4 and 8 the output's. */
int ib_stage_portaudio(const void *in, void *out, unsigned long frames, const void *time, unsigned long flags,
                       void *user) {
  (void)time;
  ib_stage *s = user;
  if (flags & 0xe) {
    ADD(s->xruns, 1);
    note(s, STAGE_XRUN);
  }
  ib_stage_run(s, in, out, (int)frames);
  return 0;
}

int ib_stage_canary(uint64_t *log, int size, const int32_t *stop, int period, int late) {
  int count = 0;
#ifndef _WIN32
  struct timespec due;
  clock_gettime(CLOCK_MONOTONIC, &due);
  while (!GET(*stop)) {
    due.tv_nsec += period * 1000L;
    while (due.tv_nsec >= 1000000000L) {
      due.tv_nsec -= 1000000000L;
      due.tv_sec++;
    }
    uint64_t wanted = (uint64_t)due.tv_sec * 1000000000u + (uint64_t)due.tv_nsec;
#ifdef __linux__
    clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &due, NULL);
#else
    uint64_t before = ib_stage_now();
    struct timespec nap = {0, wanted > before ? (long)(wanted - before) : 0};
    nanosleep(&nap, NULL);
#endif
    uint64_t now = ib_stage_now();
    if (now > wanted + (uint64_t)late * 1000u) {
      if (count < size) {
        log[2 * count] = now;
        log[2 * count + 1] = now - wanted;
      }
      count++;
      due.tv_sec = (time_t)(now / 1000000000u);
      due.tv_nsec = (long)(now % 1000000000u);
    }
  }
#else
  (void)log, (void)size, (void)stop, (void)period, (void)late;
#endif
  return count;
}

static ib_stage *the_one;         /* miniaudio's callback is told the device only */
void ib_stage_for_miniaudio(ib_stage *s) { the_one = s; }
void ib_stage_miniaudio(void *device, void *out, const void *in, uint32_t frames) {
  (void)device;
  if (the_one) ib_stage_run(the_one, in, out, (int)frames);
}

void ib_stage_alarm(ib_stage *s, int gone) {
  if (!is_worker(gone)) return;
  SET(s->workers[gone].state, 0);
  SET(s->workers[gone].pid, 0);
  if (GET(s->active) == gone) SET(s->alarm, 1);
  ib_stage_wake(s);
}
#endif
