/* driver.c: the kernel under sanitizers, on a good blob and on thousands of damaged ones.
 *
 *   driver BLOB MUTATIONS SEED
 *
 * Models that a player takes are also performed: two voices that listen, to what comes in and to each
 * other, beside one that is fed.
 *
 * Worlds of any numbers, also such that are none, are walked through.
 *
 * Prints how many damaged blobs were still accepted. Every accepted one is played and heard
 * for a few frames, since a damaged model may sound like anything but must not break out of
 * its memory. All memory is allocated exactly as large as asked for, so that the address
 * sanitizer sees a single byte too far.
 */
#include "player.h"
#include "resample.h"
#include "space/space.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static uint64_t dice;
static uint32_t roll(void) {
  dice = dice * 6364136223846793005u + 1442695040888963407u;
  return (uint32_t)(dice >> 33);
}

static void *room(int64_t bytes) {
  void *memory = 0;
  if (posix_memalign(&memory, IB_ALIGN, (size_t)(bytes ? bytes : 1))) exit(2);
  memset(memory, 0xa5, (size_t)bytes);
  return memory;
}

static float *noise(size_t count) {
  float *values = room((int64_t)count * 4);
  for (size_t i = 0; i < count; i++) values[i] = (float)(int32_t)(roll() - (1u << 30)) / (float)(1u << 30);
  return values;
}

static int play(const ib_model *model, const ib_info *info, int coder, int batch, int frames) {
  int64_t bytes = ib_state_bytes(model, coder, batch, frames);
  if (bytes < 0 || bytes > 1 << 26) return 0;
  ib_state *state = room(bytes);
  if (ib_state_init(model, coder, batch, frames, state, bytes)) return 1;
  if (ib_state_reset(model, state, -1, roll())) return 1;
  size_t wide = (size_t)batch * (size_t)info->dims, loud = (size_t)batch * (size_t)(info->channels * info->hop);
  int most = frames + 2, failed = 0;
  for (int count = 0; count <= most && !failed; count += 1 + (int)(roll() % 3)) {
    float *in = noise((coder == IB_DECODER ? wide : loud) * (size_t)count);
    float *out = room((int64_t)((coder == IB_DECODER ? loud : wide) * (size_t)count * 4));
    failed = coder == IB_DECODER ? ib_decode(model, state, in, count, out) : ib_encode(model, state, in, count, out, 0);
    free(in);
    free(out);
  }
  if (ib_state_reset(model, state, batch - 1, 1)) failed = 1;
  free(state);
  return failed;
}

/* A player with the model twice and a fed voice, its memories no larger than asked for. */
static int perform(const ib_model *model, const ib_info *info) {
  static const int rates[] = {0, 0, 8000, 48000, 44100, 192000};
  int rate = rates[roll() % 6];
  if (!rate) rate = info->sample_rate;
  int64_t size = ib_player_bytes(2, rate), state_bytes = ib_state_bytes(model, IB_DECODER, 1, 1);
  int64_t ear_bytes = info->has_encoder ? ib_ear_bytes(model, rate) : 0;
  if (size < 0 || state_bytes < 0 || state_bytes > 1 << 24 || ear_bytes > 1 << 25) return 0;
  if (ear_bytes < 0) ear_bytes = 0;  /* a delay or a hop that no ear takes */
  ib_player *player = room(size);
  ib_state *states[2] = { room(state_bytes), room(state_bytes) };
  void *memories[2] = { room(ear_bytes), room(ear_bytes) };
  int failed = ib_player_init(player, size, 2, rate);
  for (int i = 0; i < 2 && !failed; i++) {
    if (ib_state_init(model, IB_DECODER, 1, 1, states[i], state_bytes)) { failed = 1; break; }
    if (ib_player_voice(player, i, model, states[i])) goto out;   /* a hop or a rate that no player takes */
    if (ear_bytes > 0 && ib_player_listen(player, i, memories[i], ear_bytes, i ? 0 : -1)) failed = 1;
    ib_source *source = ib_player_source(player, i);
    source->from = (float)(roll() % 3);
    source->wet = 0.5f;
    source->match_lufs = i ? 0.0f : -20.0f;
    for (int d = 0; d < IB_DIMS; d++) source->manner[d] = (float)(roll() % 5);
  }
  if (!failed) failed = ib_player_feed(player, 2, 2, 100, roll() % 2 ? 11025 : 0);
  if (!failed) ib_player_reset(player, roll());
  for (int turn = 0; turn < 12 && !failed; turn++) {
    uint32_t voices = 0;
    int wait = ib_player_due(player, &voices), most = ib_player_stretch(player);
    if (wait == 0 && voices & 4 && roll() % 2) ib_player_filled(player, 2);
    int count = 1 + (int)(roll() % (uint32_t)most);
    float *in = noise((size_t)count), *sound = room((int64_t)count * 8);
    for (int i = 0; i < count; i++) ib_player_input(player, 0)[i] = in[i];
    failed = ib_player_render(player, sound, count);
    free(in);
    free(sound);
    if (turn == 6) ib_player_reset(player, 1);
    if (turn == 8 && ib_player_listen(player, 0, 0, 0, -1)) failed = 1;
    if (turn == 9) ib_player_voice(player, 1, 0, 0);
  }
out:
  for (int i = 0; i < 2; i++) { free(states[i]); free(memories[i]); }
  free(player);
  return failed;
}

/* A resampler between two rates, fed in pieces of any size; 1 if its promises do not hold. */
static int convert(int from, int to, int channels) {
  int64_t bytes = ib_resampler_bytes(from, to, channels);
  if (bytes < 0) return 1;
  ib_resampler *r = room(bytes);
  int failed = ib_resampler_init(r, bytes - 1, from, to, channels) != IB_TOO_SMALL || ib_resampler_init(r, bytes, from, to, channels);
  for (int turn = 0; turn < 60 && !failed; turn++) {
    int out = (int)(roll() % 700), in = ib_resampler_wanted(r, out), used = 0, more = (int)(roll() % 300);
    float *given = noise((size_t)((in + more) * channels)), *made = room((int64_t)out * channels * 4);
    failed = ib_resampler_ready(r, in) < out;
    int count = ib_resampler_run(r, (ib_frames){given, channels, 1}, in, &used, (ib_frames){made, 1, out}, out);
    failed |= count != out || used != in;
    ib_resampler_run(r, (ib_frames){given, 1, in + more}, more, &used, (ib_frames){0, 0, 0}, 0);
    failed |= used > more;
    ib_resampler_drift(r, (float)((int)(roll() % 3) - 1) * 0.01f);
    if (turn == 40) ib_resampler_reset(r);
    free(given);
    free(made);
  }
  free(r);
  return failed;
}

static void convert_all(void) {
  static const int rates[] = {8000, 11025, 16000, 44100, 48000, 192000};
  for (int i = 0; i < 36; i++)
    if (convert(rates[i / 6], rates[i % 6], 1 + i % 3)) { puts("a resampler broke its word"); exit(1); }
}

static float anything(void) {
  static const float odd[] = {0.0f, 1.0f, -1.0f, 0.5f, 2.0f, 60.0f, 1e30f, -1e30f};
  uint32_t bits = roll() << 1 ^ roll();
  float value;
  memcpy(&value, &bits, 4);
  return roll() % 4 ? odd[roll() % 8] : value;
}

/* A world of any settings, walked through for a moment; 1: what came out is no number. */
static int wander(int rate, int channels) {
  int bytes = ib_space_bytes(rate), failed = ib_space_bytes(7999) >= 0;
  ib_space *space = room(bytes);
  failed |= ib_space_init(space, bytes - 1, channels, rate) >= 0 || ib_space_init(space, bytes, channels, rate);
  float *sounds[SPACE_SOUNDS] = {0}, mix[2 * SPACE_CELL];
  for (int turn = 0; turn < 400; turn++) {
    float *settings = (float *)ib_space_set(space), *pose = ib_space_pose(space);
    for (size_t i = 0; i < sizeof(ib_space_settings) / 4; i++)
      if (roll() % 8 == 0) settings[i] = anything();
    ib_space_changed(space);
    for (int i = 0; i < 5; i++) pose[i] = anything();
    int number = (int)(roll() % SPACE_SOUNDS), frames = 2 + (int)(roll() % 3000);
    float *sound = roll() % 3 ? noise((size_t)frames * 2) : 0;
    failed |= ib_space_sound(space, number, sound, 1 + (int)(roll() % 2), sound ? frames : 0);
    free(sounds[number]);
    sounds[number] = sound;
    if (roll() % 9 == 0) ib_space_run(space, 0, 0, 0);
    for (int k = 0; k < 40; k++) {
      float *apart = noise(SPACE_VOICES * 2 * SPACE_CELL);
      int n = 1 + (int)(roll() % SPACE_CELL);
      ib_space_run(space, apart, mix, n);
      for (int i = 0; i < n; i++) failed |= mix[i] - mix[i] != 0.0f;
      free(apart);
    }
  }
  for (int i = 0; i < SPACE_SOUNDS; i++) free(sounds[i]);
  free(space);
  return failed;
}

static void wander_all(void) {
  static const int rates[] = {8000, 48000, 192000};
  for (int i = 0; i < 6; i++)
    if (wander(rates[i / 2], 1 + i % 2)) { puts("a world broke its word"); exit(1); }
}

/* 0: refused, 1: accepted and played, exits on anything inconsistent. */
static int attempt(const uint8_t *blob, int64_t size) {
  int64_t bytes = ib_model_bytes(blob, size);
  if (bytes < 0) return 0;
  if (bytes > 1 << 26) return 0;
  void *memory = room(bytes);
  if (ib_model_init(memory, bytes - 1, blob, size) != IB_TOO_SMALL) { puts("too small a memory was accepted"); exit(1); }
  if (ib_model_init(memory, bytes, blob, size)) { puts("counted, but not built"); exit(1); }
  ib_info info;
  ib_model_info(memory, &info);
  for (int coder = IB_ENCODER; coder <= IB_DECODER; coder++)
    if ((coder ? info.has_decoder : info.has_encoder) && play(memory, &info, coder, 1 + (int)(roll() % 3), 1 + (int)(roll() % 5))) {
      puts("built, but not played");
      exit(1);
    }
  if (info.has_decoder && perform(memory, &info)) { puts("built, but not performed"); exit(1); }
  free(memory);
  return 1;
}

int main(int count, char **words) {
  if (count != 4) return 2;
  FILE *file = fopen(words[1], "rb");
  if (!file) return 2;
  fseek(file, 0, SEEK_END);
  int64_t size = ftell(file);
  rewind(file);
  uint8_t *good = malloc((size_t)size), *bad = malloc((size_t)size);
  if (!good || !bad || fread(good, 1, (size_t)size, file) != (size_t)size) return 2;
  fclose(file);
  convert_all();
  dice = strtoull(words[3], 0, 10);
  wander_all();
  if (!attempt(good, size)) { puts("the good blob was refused"); return 1; }
  int accepted = 0, mutations = atoi(words[2]);
  uint32_t tables = 128;
  memcpy(&tables, good + 4 * 16, 4);   /* everything up to the decoder's list is structure */
  tables += 2048;
  if (tables > size) tables = (uint32_t)size;
  static const uint32_t nasty[] = { 0, 1, 2, 3, 7, 16, 255, 0x7fffffff, 0x80000000u, 0xffffffffu, 65536, 65535, 0x10000000 };
  for (int i = 0; i < mutations; i++) {
    memcpy(bad, good, (size_t)size);
    for (int k = 1 + (int)(roll() % 3); k > 0; k--) {
      uint32_t at = (roll() % 8 ? roll() % tables : roll() % (uint32_t)size) & ~3u;
      uint32_t word;
      if (at + 4 > (uint32_t)size) continue;
      memcpy(&word, bad + at, 4);
      switch (roll() % 4) {
        case 0: word ^= 1u << roll() % 32; break;
        case 1: word = nasty[roll() % (sizeof nasty / 4)]; break;
        case 2: word += roll() % 9 - 4; break;
        default: word = roll() % 64; break;
      }
      memcpy(bad + at, &word, 4);
    }
    int64_t cut = roll() % 16 ? size : (int64_t)(roll() % (uint32_t)size);
    uint8_t *exact = malloc((size_t)cut + 1);
    memcpy(exact, bad, (size_t)cut);
    accepted += attempt(exact, cut);
    free(exact);
  }
  free(good);
  free(bad);
  printf("%d\n", accepted);
  return 0;
}
