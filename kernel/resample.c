/* resample.c: see resample.h.
 *
 * The filter is kept at `phases` places between two input samples, and one more on the left and two on
 * the right, so that four neighbours give any place between by a cubic (Lagrange), 140 dB below the
 * sound. Places are whole numbers of 2^-56 samples, and steps are rounded down: an output never lies
 * later than it should, and within an hour not a millionth of a sample earlier.
 */
#include "resampling.h"
#include "lanes.h"
#include "scalars.h"

#define RESAMPLER_MAGIC 0x706d7372u
#define HALF 32                      /* samples of the lower rate */
#define PHASES 64
#define FEWEST_PHASES 4
#define WIDEST 16                    /* a row is a multiple of the longest vector, in every build */
#define CUT 0.92                     /* of the lower rate's half */
#define BETA 10.0                    /* of the Kaiser window: 100 dB */
#define SLACK 256                    /* frames that a window takes in before it must slide */
#define ONE (1ull << 56)
#define MOST_DRIFT 0.005f
#define GLIDE_SECONDS 0.05

static int64_t aligned(int64_t bytes) { return (bytes + IB_ALIGN - 1) / IB_ALIGN * IB_ALIGN; }

ONCE int resampler_measure(ib_resampler *r, int from_hz, int to_hz, int channels) {
  if (from_hz < IB_RESAMPLE_LOWEST || from_hz > IB_RESAMPLE_HIGHEST || to_hz < IB_RESAMPLE_LOWEST ||
      to_hz > IB_RESAMPLE_HIGHEST || channels < 1 || channels > IB_RESAMPLE_CHANNELS)
    return IB_BAD_ARGUMENT;
  int lower = from_hz < to_hz ? from_hz : to_hz;
  memset(r, 0, sizeof *r);
  r->magic = RESAMPLER_MAGIC;
  r->from_hz = from_hz;
  r->to_hz = to_hz;
  r->channels = channels;
  r->half = (int32_t)(((int64_t)HALF * from_hz + lower - 1) / lower);
  r->taps = (2 * r->half + WIDEST - 1) / WIDEST * WIDEST;
  r->phases = (int32_t)((int64_t)PHASES * lower / from_hz);
  if (r->phases < FEWEST_PHASES) r->phases = FEWEST_PHASES;
  r->delay = (int32_t)(((int64_t)r->half * to_hz + from_hz - 1) / from_hz);
  r->capacity = 2 * r->taps + SLACK;
  return 0;
}

static int64_t table_at(void) { return aligned(sizeof(ib_resampler)); }
static int64_t windows_at(const ib_resampler *r) { return table_at() + aligned(4 * (int64_t)(r->phases + 3) * r->taps); }
static float *table_of(const ib_resampler *r) { return (float *)((char *)r + table_at()); }
static float *window_of(const ib_resampler *r, int channel) {
  return (float *)((char *)r + windows_at(r)) + (int64_t)channel * r->capacity;
}

int64_t ib_resampler_bytes(int from_hz, int to_hz, int channels) {
  ib_resampler r;
  int refused = resampler_measure(&r, from_hz, to_hz, channels);
  return refused ? refused : windows_at(&r) + aligned(4 * (int64_t)channels * r.capacity);
}

/* I0, by its power series. */
static double bessel(double x) {
  double sum = 1.0, term = 1.0;
  for (int k = 1; term > 1e-12 * sum; k++) {
    term *= x * x / (4.0 * k * k);
    sum += term;
  }
  return sum;
}

/* sin(pi x). */
static double sine(double x) {
  int64_t turns = (int64_t)(x < 0 ? x - 0.5 : x + 0.5);
  double y = scalar_sin(PI * (x - (double)turns));
  return turns % 2 ? -y : y;
}

/* The filter at t samples of the lower rate from its middle; the window spans -span .. span. */
static double filter_at(double t, double span) {
  double inside = 1.0 - t / span * (t / span);
  double sinc = t == 0.0 ? 1.0 : sine(CUT * t) / (PI * CUT * t);
  return sinc * bessel(BETA * scalar_root(inside));
}

/* One row: the weights of the taps where the output lies `phase` (0..1) after the window's middle. */
static void make_row(const ib_resampler *r, double phase, float *row) {
  double scale = r->from_hz > r->to_hz ? (double)r->to_hz / r->from_hz : 1.0, sum = 0.0;
  int unused = r->taps - 2 * r->half;
  for (int k = 0; k < r->taps; k++) {
    double weight = k < unused ? 0.0 : filter_at((k - unused + 1 - r->half - phase) * scale, r->half * scale);
    row[k] = (float)weight;
    sum += weight;
  }
  for (int k = 0; k < r->taps; k++) row[k] = (float)((double)row[k] / sum);
}

int ib_resampler_init(void *memory, int64_t bytes, int from_hz, int to_hz, int channels) {
  int64_t needed = ib_resampler_bytes(from_hz, to_hz, channels);
  if (needed < 0) return (int)needed;
  if (!memory || (uintptr_t)memory % IB_ALIGN) return IB_BAD_ARGUMENT;
  if (bytes < needed) return IB_TOO_SMALL;
  ib_resampler *r = memory;
  resampler_measure(r, from_hz, to_hz, channels);
  /* fixed point division, bit by bit: no library is needed */
  uint64_t whole = (uint64_t)(from_hz / to_hz), rest = (uint64_t)(from_hz % to_hz);
  for (int bit = 0; bit < 56; bit++) {
    rest *= 2;
    whole = 2 * whole + (rest >= (uint64_t)to_hz);
    if (rest >= (uint64_t)to_hz) rest -= (uint64_t)to_hz;
  }
  r->nominal = whole;
  r->glide = (uint64_t)((double)whole * (MOST_DRIFT / (GLIDE_SECONDS * to_hz))) + 1;
  for (int row = 0; row < r->phases + 3; row++)
    make_row(r, (double)(row - 1) / r->phases, table_of(r) + (int64_t)row * r->taps);
  ib_resampler_reset(r);
  return 0;
}

void resampler_begin(ib_resampler *r, double at) {
  int64_t before = (int64_t)at - 1;
  double rest = at - (double)before;
  int64_t more = (int64_t)rest;
  r->filled = r->taps + SLACK < r->capacity ? r->taps + SLACK : r->capacity;
  r->whole = r->filled + before + more + r->half + 1 - r->taps;
  r->fraction = (uint64_t)((rest - (double)more) * (double)ONE);
  r->step = r->target = r->nominal;
  if (r->whole < 0) r->whole = 0;    /* further back than anybody may ask */
  for (int c = 0; c < r->channels; c++) memset(window_of(r, c), 0, 4 * (size_t)r->capacity);
}

void ib_resampler_reset(ib_resampler *r) { resampler_begin(r, -(double)r->delay * r->from_hz / r->to_hz); }
int ib_resampler_delay(const ib_resampler *r) { return r->delay; }

void ib_resampler_drift(ib_resampler *r, float share) {
  if (!is_number(share)) share = 0.0f;
  double drift = between(-MOST_DRIFT, share, MOST_DRIFT) * (double)r->nominal;
  r->target = r->nominal + (uint64_t)(int64_t)drift;
}

/* Where the window of the next output lies. */
typedef struct {
  int64_t whole;
  uint64_t fraction, step;
} place;

static place place_of(const ib_resampler *r) { return (place){r->whole, r->fraction, r->step}; }

static ONCE void advance(const ib_resampler *r, place *p) {
  if (p->step < r->target) p->step += r->target - p->step < r->glide ? r->target - p->step : r->glide;
  else if (p->step > r->target) p->step -= p->step - r->target < r->glide ? p->step - r->target : r->glide;
  p->fraction += p->step;
  p->whole += (int64_t)(p->fraction >> 56);
  p->fraction &= ONE - 1;
}

int ib_resampler_wanted(const ib_resampler *r, int frames) {
  place p = place_of(r);
  for (int i = 1; i < frames; i++) advance(r, &p);
  int64_t missing = p.whole + r->taps - r->filled;
  return frames > 0 && missing > 0 ? (int)missing : 0;
}

int ib_resampler_ready(const ib_resampler *r, int frames) {
  place p = place_of(r);
  int64_t there = (int64_t)r->filled + (frames > 0 ? frames : 0);
  int count = 0;
  for (; p.whole + r->taps <= there; count++) advance(r, &p);
  return count;
}

INLINE float sum_of(lanes x) {
  float sum = 0.0f;
  for (int i = 0; i < LANES; i++) sum += x[i];
  return sum;
}

/* The next output of one or two channels. */
INLINE void one_output(const ib_resampler *r, const float *left, const float *right, float out[2]) {
  double place = (double)r->fraction / (double)ONE * r->phases;
  int row = (int)place < r->phases ? (int)place : r->phases - 1; /* a fraction may round up to 1 */
  float x = (float)(place - row);
  const float *a = table_of(r) + (int64_t)row * r->taps, *b = a + r->taps, *c = b + r->taps, *d = c + r->taps;
  float back = x + 1.0f, near = x - 1.0f, far = x - 2.0f;
  float wa = x * near * far * (-1.0f / 6), wb = back * near * far * 0.5f;
  float wc = back * x * far * -0.5f, wd = back * x * near * (1.0f / 6);
  lanes sums[2] = {all(0.0f), all(0.0f)};
  for (int k = 0; k < r->taps; k += LANES) {
    lanes weight = multiply_add(multiply_add(load(a + k) * wa, load(b + k), all(wb)) +
                                load(d + k) * wd, load(c + k), all(wc));
    sums[0] = multiply_add(sums[0], weight, load(left + k));
    sums[1] = multiply_add(sums[1], weight, load(right + k));
  }
  out[0] = sum_of(sums[0]);
  out[1] = sum_of(sums[1]);
}

static void give(const ib_resampler *r, ib_frames out, int at) {
  for (int c = 0; c < r->channels; c += 2) {
    int other = c + 1 < r->channels ? c + 1 : c;
    float made[2];
    one_output(r, window_of(r, c) + r->whole, window_of(r, other) + r->whole, made);
    out.at[at * out.frame_step + other * out.channel_step] = made[1];
    out.at[at * out.frame_step + c * out.channel_step] = made[0];
  }
}

/* Drop what no output reads any more. */
static ONCE void slide(ib_resampler *r) {
  int64_t over = r->whole < r->filled ? r->whole : r->filled;
  for (int c = 0; c < r->channels; c++) {
    float *window = window_of(r, c);
    memmove(window, window + over, 4 * (size_t)(r->filled - over));
  }
  r->filled -= (int32_t)over;
  r->whole -= over;
}

static int take_in(ib_resampler *r, ib_frames in, int from, int frames) {
  if (frames > 0 && r->filled == r->capacity) slide(r);
  int n = r->capacity - r->filled;
  n = n < frames ? n : frames;
  for (int c = 0; c < r->channels; c++) {
    float *window = window_of(r, c) + r->filled;
    const float *at = in.at + from * in.frame_step + c * in.channel_step;
    for (int i = 0; i < n; i++) window[i] = at[i * in.frame_step];
  }
  r->filled += n;
  return n;
}

int ib_resampler_run(ib_resampler *r, ib_frames in, int in_frames, int *used, ib_frames out, int out_frames) {
  if (used) *used = 0;
  if (!r || r->magic != RESAMPLER_MAGIC || in_frames < 0 || out_frames < 0) return IB_BAD_ARGUMENT;
  int taken = 0, made = 0;
  for (;;) {
    for (; made < out_frames && r->whole + r->taps <= r->filled; made++) {
      give(r, out, made);
      place p = place_of(r);
      advance(r, &p);
      r->whole = p.whole;
      r->fraction = p.fraction;
      r->step = p.step;
    }
    int n = take_in(r, in, taken, in_frames - taken);
    taken += n;
    if (n == 0) break;
  }
  if (used) *used = taken;
  return made;
}
