/* coder.c: the calls of isobath.h that make and read sound. */
#include "plan.h"

void run(const ib_model *model, ib_state *state, int frames) {
  const operation *operations = operations_of(model, state->coder);
  for (int32_t i = 0; i < model->coders[state->coder].operations; i++)
    switch (operations[i].kind) {
      case CONV: case CONV_TRANSPOSE: run_product(model, state, i, frames); break;
      case AMPLITUDE: run_amplitude(model, state, i, frames); break;
      case SYNTHESIS: run_synthesis(model, state, i, frames); break;
      case ANALYSIS: run_analysis(model, state, i, frames); break;
      case TONES: run_tones(model, state, i, frames); break;
      case SPECTRUM: run_spectrum(model, state, i, frames); break;
      default: run_element(model, state, i, frames);
    }
}

static int not_ready(const ib_model *model, const ib_state *state, int which, const void *in, const void *out, int frames) {
  if (!model || !state || !in || !out || frames < 0) return IB_BAD_ARGUMENT;
  if (model->magic != PLAN_MAGIC || state->magic != STATE_MAGIC || state->coder != which) return IB_BAD_ARGUMENT;
  return 0;
}

/* Rows of `channels` values, with the activated copy beside it where one is kept. */
static void write_input(const ib_model *model, ib_state *state, int v, const float *from, int64_t row, int64_t channel, int64_t rows) {
  int64_t channels = registers_of(model, state->coder)[0].channels;
  float *plain = rows_of(model, state, 0, 0, v), *activated = rows_of(model, state, 0, 1, v);
  for (int64_t t = 0; t < rows; t++)
    for (int64_t c = 0; c < channels; c++) {
      float x = from[t * row + c * channel];
      if (plain) plain[t * channels + c] = x;
      if (activated) activated[t * channels + c] = x > 0 ? x : x * 0.2f;
    }
}

int ib_decode(const ib_model *model, ib_state *state, const float *latents, int frames, float *audio) {
  int error = not_ready(model, state, IB_DECODER, latents, audio, frames);
  if (error) return error;
  const ib_info *info = &model->info;
  int out = model->coders[IB_DECODER].out;
  int64_t total = (int64_t)frames * info->hop;
  for (int done = 0; done < frames;) {
    int now = frames - done < state->chunk ? frames - done : state->chunk;
    begin_rows(model, state, now);
    for (int v = 0; v < state->batch; v++)
      write_input(model, state, v, latents + ((int64_t)v * frames + done) * info->dims, info->dims, 1, now);
    run(model, state, now);
    for (int v = 0; v < state->batch; v++) {
      const float *from = rows_of(model, state, out, 0, v);
      for (int c = 0; c < info->channels; c++) {
        float *to = audio + ((int64_t)v * info->channels + c) * total + (int64_t)done * info->hop;
        for (int64_t i = 0; i < (int64_t)now * info->hop; i++) to[i] = from[i * info->channels + c];
      }
    }
    end_rows(model, state, now);
    done += now;
  }
  return 0;
}

static void read_output(const ib_model *model, ib_state *state, int index, int v, int64_t frames, float *to) {
  if (to) memcpy(to, rows_of(model, state, index, 0, v), (size_t)(frames * model->info.dims) * 4);
}

int ib_encode(const ib_model *model, ib_state *state, const float *audio, int frames, float *mean, float *deviation) {
  int error = not_ready(model, state, IB_ENCODER, audio, mean, frames);
  if (error) return error;
  const ib_info *info = &model->info;
  const coder *c = &model->coders[IB_ENCODER];
  if (deviation && c->deviation < 0) return IB_BAD_ARGUMENT;
  int64_t total = (int64_t)frames * info->hop;
  for (int done = 0; done < frames;) {
    int now = frames - done < state->chunk ? frames - done : state->chunk;
    begin_rows(model, state, now);
    for (int v = 0; v < state->batch; v++)
      write_input(model, state, v, audio + v * info->channels * total + (int64_t)done * info->hop, 1, total, (int64_t)now * info->hop);
    run(model, state, now);
    for (int v = 0; v < state->batch; v++) {
      int64_t at = ((int64_t)v * frames + done) * info->dims;
      read_output(model, state, c->out, v, now, mean + at);
      if (deviation) read_output(model, state, c->deviation, v, now, deviation + at);
    }
    end_rows(model, state, now);
    done += now;
  }
  return 0;
}
