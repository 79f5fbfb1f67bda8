/* space.c: see space.h. */
#include "space.h"
#include "edge.h"
#include "head.h"
#include "room.h"
#include "../scalars.h"

#define SPACE_MAGIC 0x43505349u
#define SOURCES (SPACE_VOICES + SPACE_SOUNDS)
#define CROSS_SECONDS 0.05   /* over which a sound meets its own beginning */
#define FADE_SECONDS 0.01
#define FADE_LONGEST 1920    /* samples: 10 ms at 192 kHz */
#define SHARES_SECONDS 0.05  /* from one way of placing to another */
#define ROOM_SECONDS 0.03
#define EDGE_SECONDS 0.06
#define LOOK 16              /* cells between two looks at the latents */
#define FAR_OUT 1e6f         /* metres */
#define KNOWN_FROM 0.95f     /* known radii where the edge begins */
#define KNOWN_TO 1.2f
#define NOBODY_NEAR 1e-5f    /* gain under which a sound is not heard */

typedef struct {
  const float *audio;
  int32_t channels, frames, cross;
  int32_t fade;              /* samples faded in so far */
  int32_t tail_at;
  float tail[2][FADE_LONGEST];
} looped;

typedef struct {
  head_channel channel[2];
  int32_t quiet;             /* samples since something was heard */
  int32_t started;
} stood;

typedef struct {
  const float *mean, *whitening, *latent;
  int32_t dims;
  float radius;
} knowledge;

struct ib_space {
  uint32_t magic;
  int32_t outputs, sample_rate;
  int32_t at;                /* samples into the cell */
  int32_t fresh;             /* nothing has been heard since: 1 it came, into what sounds; 2 it was made to forget */
  int32_t look;
  uint32_t heard;            /* samples since then */
  ib_space_settings given, set;
  float pose[5];
  float wanted[5], half_way[5], now[5]; /* as smoothed: azimuth without its seam */
  head_shares shares;
  head_shape shape;
  stood sources[SOURCES];
  float near[SPACE_SOUNDS];  /* gain of each sound where one stands, 0 where others are louder */
  looped sounds[SPACE_SOUNDS];
  knowledge known[SPACE_VOICES];
  float beyond, out;         /* the share of the edge as last found, and as heard */
  edge edge;
  room_state wish, room_now;
  room room;
  float meters[4];
};

int ib_space_bytes(int sample_rate) {
  if (sample_rate < 8000 || sample_rate > 192000) return -4;
  return (int)sizeof(ib_space) + room_floats(sample_rate) * 4;
}

static void defaults(ib_space_settings *s) {
  memset(s, 0, sizeof *s);
  s->spread = 0.125f;
  s->smoothing = 0.02f;
  for (int i = 0; i < SOURCES; i++) {
    ib_space_place *p = i < SPACE_VOICES ? &s->voices[i] : &s->sounds[i - SPACE_VOICES];
    p->reference = p->rolloff = p->gain = 1.0f;
  }
}

static void forget(ib_space *s, int fresh) {
  s->fresh = fresh;
  for (int i = 0; i < 5; i++) s->wanted[i] = 0.0f;
  s->at = s->look = 0;
  s->heard = 0;
  s->beyond = s->out = 0.0f;
  for (int i = 0; i < SOURCES; i++) {
    for (int c = 0; c < 2; c++) head_forget(&s->sources[i].channel[c]);
    s->sources[i].quiet = s->sources[i].started = 0;
  }
  for (int i = 0; i < SPACE_SOUNDS; i++) s->sounds[i].tail_at = s->sounds[i].fade = FADE_LONGEST;
  room_forget(&s->room);
  edge_forget(&s->edge);
}

int ib_space_init(void *memory, int bytes, int channels, int sample_rate) {
  int needed = ib_space_bytes(sample_rate);
  if (needed < 0 || channels < 1 || channels > 2) return -4;
  if (bytes < needed) return -3;
  ib_space *s = memory;
  memset(s, 0, sizeof *s);
  s->magic = SPACE_MAGIC;
  s->outputs = channels;
  s->sample_rate = sample_rate;
  s->shape = head_shape_of(sample_rate);
  s->shares.none = 1.0f;
  s->wish.dry = s->room_now.dry = 1.0f;
  s->wish.resonance = s->room_now.resonance = 0.7f;
  s->wish.frequency = s->room_now.frequency = 6.9f;
  s->wish.brightness = s->room_now.brightness = 8.5f;
  room_init(&s->room, (float *)(s + 1), sample_rate);
  edge_init(&s->edge, sample_rate);
  defaults(&s->given);
  ib_space_changed(s);
  forget(s, 1);
  return 0;
}

ib_space_settings *ib_space_set(ib_space *s) { return &s->given; }
float *ib_space_pose(ib_space *s) { return s->pose; }
const float *ib_space_meters(const ib_space *s) { return s->meters; }

static float kept(float x, float low, float high, float otherwise) {
  return is_number(x) ? between(low, x, high) : otherwise;
}

static void keep_place(ib_space_place *p) {
  p->x = kept(p->x, -FAR_OUT, FAR_OUT, 0.0f);
  p->y = kept(p->y, -FAR_OUT, FAR_OUT, 0.0f);
  p->z = kept(p->z, -FAR_OUT, FAR_OUT, 0.0f);
  p->radius = kept(p->radius, 0.0f, FAR_OUT, 0.0f);
  p->reference = kept(p->reference, 0.1f, FAR_OUT, 1.0f);
  p->rolloff = kept(p->rolloff, 0.0f, 100.0f, 1.0f);
  p->gain = kept(p->gain, 0.0f, 16.0f, 1.0f);
}

static void keep_box(ib_space_box *b) {
  float *place = &b->x;
  for (int i = 0; i < 3; i++) place[i] = kept(place[i], -FAR_OUT, FAR_OUT, 0.0f);
  for (int i = 3; i < 6; i++) place[i] = kept(place[i], 0.0f, FAR_OUT, 0.0f);
  b->fade = kept(b->fade, 0.0f, FAR_OUT, 0.0f);
  b->wet = kept(b->wet, 0.0f, 1.0f, 0.0f);
  b->decay = kept(b->decay, 0.1f, 30.0f, 2.0f);
  b->brightness = kept(b->brightness, 200.0f, 20000.0f, 5000.0f);
  b->predelay = kept(b->predelay, 0.0f, (float)ROOM_PREDELAY, 0.0f);
  b->filter = kept(b->filter, 0.0f, 3.0f, 0.0f);
  b->frequency = kept(b->frequency, 20.0f, 20000.0f, 1000.0f);
  b->resonance = kept(b->resonance, 0.3f, 8.0f, 0.7f);
}

void ib_space_changed(ib_space *s) {
  ib_space_settings *to = &s->set;
  *to = s->given;
  to->placement = kept(to->placement, 0.0f, 2.0f, 0.0f);
  to->spread = kept(to->spread, 0.0f, 0.25f, 0.125f);
  to->smoothing = kept(to->smoothing, 0.0f, 1.0f, 0.02f);
  for (int i = 0; i < 3; i++) to->half[i] = kept(to->half[i], 0.0f, FAR_OUT, 0.0f);
  to->edge = kept(to->edge, 0.0f, FAR_OUT, 0.0f);
  to->hum = kept(to->hum, 0.0f, 0.1f, 0.0f);
  to->boxes = kept(to->boxes, 0.0f, SPACE_BOXES, 0.0f);
  for (int i = 0; i < SPACE_VOICES; i++) keep_place(&to->voices[i]);
  for (int i = 0; i < SPACE_SOUNDS; i++) keep_place(&to->sounds[i]);
  for (int i = 0; i < SPACE_BOXES; i++) keep_box(&to->box[i]);
}

/* A sample of a sound, so many since the reset; its end crosses over into its beginning. */
static inline void sample_of(const looped *l, uint32_t heard, float out[2]) {
  int32_t round = l->frames - l->cross, i = (int32_t)(heard % (uint32_t)round);
  const float *right = l->audio + (l->channels == 2 ? l->frames : 0);
  out[0] = l->audio[i];
  out[1] = right[i];
  if (i >= l->cross) return;
  float in = ((float)i + 0.5f) / (float)l->cross, a = 2.0f * in - in * in, b = 1.0f - in * in; /* near equal power */
  out[0] = a * out[0] + b * l->audio[round + i];
  out[1] = a * out[1] + b * right[round + i];
}

int ib_space_sound(ib_space *s, int number, const float *audio, int channels, int frames) {
  if (number < 0 || number >= SPACE_SOUNDS || (audio && (frames < 2 || channels < 1 || channels > 2))) return -4;
  looped *l = &s->sounds[number];
  int fade = (int)(FADE_SECONDS * s->sample_rate);
  if (l->audio && !s->fresh) {
    for (int i = 0; i < fade; i++) {
      float out[2], share = 1.0f - (float)(i + 1) / (float)fade;
      sample_of(l, s->heard + (uint32_t)i, out);
      for (int c = 0; c < 2; c++) l->tail[c][i] = share * out[c];
    }
    l->tail_at = 0;
  }
  int cross = (int)(CROSS_SECONDS * s->sample_rate);
  l->audio = audio;
  l->channels = channels;
  l->frames = frames;
  l->cross = cross < frames / 4 ? cross : frames / 4;
  l->fade = s->fresh ? FADE_LONGEST : 0;
  return 0;
}

void ib_space_known(ib_space *s, int slot, const float *mean, const float *whitening, const float *latent, int dims,
                    float radius) {
  if (slot < 0 || slot >= SPACE_VOICES) return;
  s->known[slot] = (knowledge){mean, whitening, latent, radius > 0.0f ? dims : 0, radius};
}

/* ------------------------------------------------------------------ where one is */

static void follow_pose(ib_space *s) {
  float to[5];
  for (int i = 0; i < 5; i++) to[i] = kept(s->pose[i], -FAR_OUT, FAR_OUT, s->wanted[i]);
  to[4] = between(-0.25f, to[4], 0.25f);
  float turn = to[3] - s->wanted[3];
  to[3] = s->wanted[3] + (turn - (float)(int32_t)(turn < 0.0f ? turn - 0.5f : turn + 0.5f)); /* the shorter way */
  if (s->wanted[3] > 64.0f || s->wanted[3] < -64.0f) { /* whole turns are no turn */
    float whole = (float)(int32_t)s->wanted[3];
    to[3] -= whole;
    s->half_way[3] -= whole;
    s->now[3] -= whole;
  }
  double share = 1.0;
  if (s->set.smoothing > 0.0f) share = 1.0 - scalar_exp(-2.0 * SPACE_CELL / ((double)s->set.smoothing * s->sample_rate));
  for (int i = 0; i < 5; i++) {
    s->wanted[i] = to[i];
    if (s->fresh) s->half_way[i] = s->now[i] = to[i];
    s->half_way[i] += (float)share * (to[i] - s->half_way[i]);
    s->now[i] += (float)share * (s->half_way[i] - s->now[i]);
  }
}

typedef struct { float right[3], front[3]; } axes;

static double turned(float turns) { /* radians within half a turn */
  double t = turns - (double)(int32_t)turns;
  return 2.0 * PI * (t > 0.5 ? t - 1.0 : t < -0.5 ? t + 1.0 : t);
}

static axes axes_of(const ib_space *s) {
  double a = turned(s->now[3]), e = turned(s->now[4]);
  float sa = (float)scalar_sin(a), ca = (float)scalar_cos(a), se = (float)scalar_sin(e), ce = (float)scalar_cos(e);
  return (axes){{ca, 0.0f, sa}, {sa * ce, se, -ca * ce}};
}

static float dot(const float a[3], const float b[3]) { return a[0] * b[0] + a[1] * b[1] + a[2] * b[2]; }

/* From the walker to a point, without the parts that nobody knows; its length. */
static float way_to(const ib_space *s, const float point[3], float way[3]) {
  float square = 0.0f;
  for (int i = 0; i < 3; i++) {
    way[i] = s->set.half[i] > 0.0f ? point[i] - s->now[i] : 0.0f;
    square += way[i] * way[i];
  }
  return (float)scalar_root((double)square);
}

static float loudness_at(const ib_space_place *p, float far) {
  float beyond = far > p->reference ? far - p->reference : 0.0f;
  return p->reference / (p->reference + p->rolloff * beyond);
}

static void aim_stood(ib_space *s, const axes *head, stood *t, const ib_space_place *p, float gain) {
  int now = !t->started;
  float middle[3] = {0.0f, 0.0f, 0.0f}, aside[3], along = 1.0f, across;
  if (p->placed > 0.0f) {
    const float point[3] = {p->x, p->y, p->z};
    float far = way_to(s, point, middle), least = far > 0.5f ? far : 0.5f;
    double wide = p->radius >= far && p->radius > 0.0f ? PI / 2 : p->radius > 0.0f ? PI / 2 * p->radius / far : 0.0;
    across = (float)scalar_sin(wide);
    along = (float)scalar_cos(wide) / least;
    memcpy(aside, head->right, sizeof aside);
  } else {
    double spread = 2.0 * PI * s->set.spread;
    middle[2] = -1.0f;
    along = (float)scalar_cos(spread);
    across = (float)scalar_sin(spread);
    aside[0] = 1.0f;
    aside[1] = aside[2] = 0.0f;
  }
  for (int side = 0; side < 2; side++) {
    float to[3], sign = side ? across : -across;
    for (int i = 0; i < 3; i++) to[i] = along * middle[i] + sign * aside[i];
    head_direction found = {dot(to, head->right), 0.0f, dot(to, head->front)};
    if (now && s->fresh == 1) head_aim(&t->channel[side], &s->shape, side, 1.0f, s->shares, found, 1);
    head_aim(&t->channel[side], &s->shape, side, gain, s->shares, found, now && s->fresh != 1);
  }
  t->started = 1;
}

/* The loudest of the sounds; the others fall silent until one is nearer. */
static void choose_sounds(ib_space *s) {
  float gains[SPACE_SOUNDS];
  for (int i = 0; i < SPACE_SOUNDS; i++) {
    const ib_space_place *p = &s->set.sounds[i];
    const float point[3] = {p->x, p->y, p->z};
    float way[3];
    int here = s->sounds[i].audio || s->sounds[i].tail_at < FADE_LONGEST;
    gains[i] = here ? p->gain * (p->placed > 0.0f ? loudness_at(p, way_to(s, point, way)) : 1.0f) : 0.0f;
  }
  s->meters[3] = 0.0f;
  for (int i = 0; i < SPACE_SOUNDS; i++) {
    int louder = 0;
    for (int k = 0; k < SPACE_SOUNDS; k++) louder += gains[k] > gains[i] || (gains[k] == gains[i] && k < i);
    s->near[i] = louder < SPACE_AT_ONCE && gains[i] > NOBODY_NEAR ? gains[i] : 0.0f;
    s->meters[3] += s->near[i] > 0.0f ? 1.0f : 0.0f;
  }
}

/* ------------------------------------------------------------------ what the place does */

static float inside(const ib_space *s, const ib_space_box *b) {
  const float middle[3] = {b->x, b->y, b->z}, size[3] = {b->width, b->height, b->depth};
  double square = 0.0;
  for (int i = 0; i < 3; i++) {
    float away = s->set.half[i] > 0.0f ? s->now[i] - middle[i] : 0.0f;
    away = (away < 0.0f ? -away : away) - 0.5f * size[i];
    if (away > 0.0f) square += (double)away * away;
  }
  if (square == 0.0) return 1.0f;
  float share = b->fade > 0.0f ? 1.0f - (float)scalar_root(square) / b->fade : 0.0f;
  return share > 0.0f ? share * share * (3.0f - 2.0f * share) : 0.0f;
}

/* All boxes that one is in, as one room; where nothing is said, it stays as it was. */
static void wish_room(ib_space *s) {
  float shares[SPACE_BOXES], sum = 0.0f, wet = 0.0f, filtered = 0.0f;
  int count = (int)s->set.boxes;
  for (int i = 0; i < count; i++) sum += shares[i] = inside(s, &s->set.box[i]);
  room_state to = s->wish;
  to.wet = to.low = to.band = to.high = 0.0f;
  float decay = 0.0f, brightness = 0.0f, predelay = 0.0f, frequency = 0.0f, resonance = 0.0f;
  for (int i = 0; i < count; i++) {
    const ib_space_box *b = &s->set.box[i];
    float share = sum > 1.0f ? shares[i] / sum : shares[i], w = share * b->wet;
    if (share < 1e-5f) continue;
    wet += w;
    decay += w * (float)scalar_log(b->decay);
    brightness += w * (float)scalar_log(b->brightness);
    predelay += w * b->predelay * (float)s->sample_rate;
    if (b->filter < 0.5f) continue;
    filtered += share;
    frequency += share * (float)scalar_log(b->frequency);
    resonance += share * b->resonance;
    *(b->filter < 1.5f ? &to.low : b->filter < 2.5f ? &to.high : &to.band) += share;
  }
  to.wet = wet = wet < 1e-5f ? 0.0f : wet;
  to.dry = filtered < 1.0f ? 1.0f - filtered : 0.0f;
  if (wet > 0.0f) to.decay = decay / wet, to.brightness = brightness / wet, to.predelay = predelay / wet;
  if (filtered > 0.0f) to.frequency = frequency / filtered, to.resonance = resonance / filtered;
  s->wish = to;
}

static void follow_room(ib_space *s) {
  const float *to = &s->wish.wet;
  float *now = &s->room_now.wet;
  int values = (int)(sizeof(room_state) / sizeof(float));
  float share = (float)(1.0 - scalar_exp(-SPACE_CELL / (ROOM_SECONDS * s->sample_rate)));
  /* What is not heard yet has nowhere to come from. */
  if (s->room_now.wet == 0.0f) s->room_now.decay = s->wish.decay, s->room_now.brightness = s->wish.brightness;
  if (s->room_now.wet == 0.0f) s->room_now.predelay = s->room.predelay = s->wish.predelay;
  if (s->room_now.dry == 1.0f) s->room_now.frequency = s->wish.frequency, s->room_now.resonance = s->wish.resonance;
  for (int i = 0; i < values; i++) {
    float way = to[i] - now[i], size = way < 0.0f ? -way : way;
    now[i] = s->fresh == 2 || size < 1e-5f ? to[i] : now[i] + share * way;
  }
}

/* Nearest end of the world: 0 further in than `edge` metres, 1 at the end. */
static float world_end(const ib_space *s) {
  float most = 0.0f;
  for (int i = 0; i < 3; i++) {
    float half = s->set.half[i], at = s->now[i] < 0.0f ? -s->now[i] : s->now[i];
    if (half <= 0.0f) continue;
    float wide = s->set.edge < half ? s->set.edge : half, share = 1.0f - (half - at) / wide;
    if (share > most) most = share;
  }
  return most < 1.0f ? most : 1.0f;
}

/* How far the latent of a voice is out of what its model knows. */
static float unknown(const knowledge *k) {
  double square = 0.0;
  for (int i = 0; i < k->dims; i++) {
    float sum = 0.0f;
    for (int d = 0; d < k->dims; d++) sum += k->whitening[i * k->dims + d] * (k->latent[d] - k->mean[d]);
    square += (double)sum * sum;
  }
  float share = ((float)scalar_root(square) / k->radius - KNOWN_FROM) / (KNOWN_TO - KNOWN_FROM);
  return is_number(share) ? between(0.0f, share, 1.0f) : 0.0f;
}

static void find_edge(ib_space *s) {
  if (s->look == 0) {
    float all = 1.0f;
    int asked = 0;
    for (int i = 0; i < SPACE_VOICES && s->set.known > 0.0f; i++)
      if (s->known[i].dims) {
        float share = unknown(&s->known[i]);
        all = share < all ? share : all;
        asked = 1;
      }
    s->beyond = asked ? all : 0.0f; /* where one voice still knows the way, it is not the end */
  }
  s->look = (s->look + 1) % LOOK;
  float end = s->set.edge > 0.0f ? world_end(s) : 0.0f, to = end > s->beyond ? end : s->beyond;
  to = to * to * (3.0f - 2.0f * to);
  float way = to - s->out, size = way < 0.0f ? -way : way;
  s->out = s->fresh == 2 || size < 1e-5f ? to : s->out + way * (float)(1.0 - scalar_exp(-SPACE_CELL / (EDGE_SECONDS * s->sample_rate)));
  edge_aim(&s->edge, s->out, s->set.hum, s->fresh == 2);
}

static void follow_shares(ib_space *s) {
  float to[3] = {s->set.placement < 0.5f, s->set.placement >= 0.5f && s->set.placement < 1.5f, s->set.placement >= 1.5f};
  float *now = &s->shares.none, most = (float)SPACE_CELL / ((float)SHARES_SECONDS * (float)s->sample_rate);
  for (int i = 0; i < 3; i++) now[i] = s->fresh == 2 ? to[i] : now[i] + between(-most, to[i] - now[i], most);
}

/* ------------------------------------------------------------------ the sound */

static void begin_cell(ib_space *s) {
  follow_pose(s);
  follow_shares(s);
  axes head = axes_of(s);
  choose_sounds(s);
  for (int i = 0; i < SOURCES; i++) {
    stood *t = &s->sources[i];
    int is_voice = i < SPACE_VOICES, number = i - SPACE_VOICES;
    const ib_space_place *p = is_voice ? &s->set.voices[i] : &s->set.sounds[number];
    const float point[3] = {p->x, p->y, p->z};
    float way[3];
    if (!is_voice && !s->sounds[number].audio && s->sounds[number].tail_at >= FADE_LONGEST) t->started = 0;
    else if (is_voice && t->quiet >= HEAD_RING) t->started = 0;
    else aim_stood(s, &head, t, p, is_voice ? (p->placed > 0.0f ? loudness_at(p, way_to(s, point, way)) : 1.0f) : s->near[number]);
  }
  wish_room(s);
  follow_room(s);
  find_edge(s);
  s->meters[0] = s->out;
  s->meters[1] = s->room_now.wet;
  s->meters[2] = 1.0f - s->room_now.dry;
}

/* n samples of a landmark's sound. */
static void play(ib_space *s, looped *l, float rows[2][SPACE_CELL], int n) {
  int fade = (int)(FADE_SECONDS * s->sample_rate);
  for (int i = 0; i < n; i++) {
    float out[2] = {0.0f, 0.0f};
    if (l->audio) sample_of(l, s->heard + (uint32_t)i, out);
    if (l->fade < fade) {
      float share = (float)++l->fade / (float)fade;
      out[0] *= share;
      out[1] *= share;
    }
    if (l->tail_at < fade) {
      out[0] += l->tail[0][l->tail_at];
      out[1] += l->tail[1][l->tail_at++];
    } else l->tail_at = FADE_LONGEST;
    rows[0][i] = out[0];
    rows[1][i] = out[1];
  }
}

static int is_silent(const float *row, int n) {
  for (int i = 0; i < n; i++)
    if (row[i] != 0.0f) return 0;
  return 1;
}

static void add(ib_space *s, stood *t, const ib_space_place *p, float gain, const float *left, const float *right,
                float *const mix[2], int n) {
  if (is_silent(left, n) && is_silent(right, n)) {
    if (t->quiet >= HEAD_RING) {
      if (t->quiet == HEAD_RING)
        for (int c = 0; c < 2; c++) head_forget(&t->channel[c]);
      t->quiet = HEAD_RING + 1;
      t->started = 0;
      return;
    }
    t->quiet += n;
    if (t->quiet > HEAD_RING) t->quiet = HEAD_RING;
  } else {
    t->quiet = 0;
    if (!t->started) { /* it begins in the middle of a cell, where it stands */
      axes head = axes_of(s);
      aim_stood(s, &head, t, p, gain);
    }
  }
  head_add(&t->channel[0], &s->shape, left, mix[0], mix[1], n);
  head_add(&t->channel[1], &s->shape, right, mix[0], mix[1], n);
}

/* n samples that lie in one cell. */
static void run(ib_space *s, const float *apart, float *out, int n) {
  float sums[2][SPACE_CELL] = {{0.0f}};
  float *const mix[2] = {sums[0], sums[1]};
  int fresh = s->at == 0;
  if (fresh) begin_cell(s);
  for (int i = 0; i < SPACE_VOICES; i++) {
    const float *left = apart + 2 * i * SPACE_CELL, *right = s->outputs == 2 ? left + SPACE_CELL : left;
    const ib_space_place *p = &s->set.voices[i];
    const float point[3] = {p->x, p->y, p->z};
    float way[3];
    float gain = s->sources[i].started || p->placed <= 0.0f ? 1.0f : loudness_at(p, way_to(s, point, way));
    add(s, &s->sources[i], p, gain, left, right, mix, n);
  }
  for (int i = 0; i < SPACE_SOUNDS; i++) {
    float rows[2][SPACE_CELL];
    looped *l = &s->sounds[i];
    if (!l->audio && l->tail_at >= FADE_LONGEST) continue;
    play(s, l, rows, n);
    add(s, &s->sources[SPACE_VOICES + i], &s->set.sounds[i], s->near[i], rows[0], rows[1], mix, n);
  }
  room_run(&s->room, &s->room_now, sums[0], sums[1], n, fresh, s->fresh == 2);
  edge_run(&s->edge, sums[0], sums[1], n);
  for (int i = 0; i < n; i++) {
    out[i] = s->outputs == 2 ? sums[0][i] : 0.5f * (sums[0][i] + sums[1][i]);
    out[SPACE_CELL + i] = sums[1][i];
  }
  s->heard += (uint32_t)n;
  s->at = (s->at + n) % SPACE_CELL;
  s->fresh = 0;
}

void ib_space_run(void *space, float *apart, float *out, int n) {
  ib_space *s = space;
  if (n <= 0 || n > SPACE_CELL) {
    forget(s, 2);
    return;
  }
  for (int done = 0; done < n;) { /* whoever came in the middle of a player's cell has cells of its own */
    int part = SPACE_CELL - s->at < n - done ? SPACE_CELL - s->at : n - done;
    run(s, apart + done, out + done, part);
    done += part;
  }
}
