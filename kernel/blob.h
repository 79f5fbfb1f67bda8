/* blob.h: the compact form of a model, made by src/isobath/models/pack.py.
 *
 * Little-endian words of 32 bits. A header of BLOB_HEADER words; a table of tensors, four
 * words each (type, count, byte offset, 0); for each coder a list of operations, twenty
 * words each. Operation i writes register i + 1. Nothing in it is trusted.
 */
#ifndef ISOBATH_BLOB_H
#define ISOBATH_BLOB_H
#include <stdint.h>
#include <string.h>

#define BLOB_MAGIC 0x424f5349u      /* "ISOB" */
#define BLOB_VERSION 2u

enum {                              /* header words */
  H_MAGIC, H_VERSION, H_BYTES, H_SAMPLE_RATE, H_CHANNELS, H_HOP, H_DIMS, H_DELAY, H_KNOWN_RADIUS,
  H_TENSORS, H_TENSOR_TABLE, H_ENCODER, H_ENCODER_LIST, H_MEAN, H_DEVIATION,
  H_DECODER, H_DECODER_LIST, H_AUDIO, H_STAT_MEAN, H_STAT_STD, H_STAT_WHITENING, H_SWIFT, BLOB_HEADER = 32
};
enum {                              /* operation words; -1: not there */
  O_KIND, O_IN, O_ADD, O_ACT, O_WEIGHT, O_BIAS, O_OUTPUTS, O_TAPS, O_STRIDE, O_DILATION, O_GROUPS,
  O_SECOND, O_NOISE, O_ATTACK, O_STEP,
  O_LATE, O_ADD_LATE, O_BY, O_BY_LATE, O_ALTERNATE, BLOB_OPERATION
};
enum { T_FLOAT32 = 0, T_FLOAT16 = 1, T_WORDS = 2 };

typedef struct { const uint8_t *bytes; int64_t size; } blob;
typedef struct { const uint8_t *bytes; int64_t count; int32_t type; } tensor;

static inline uint32_t blob_word(const blob *b, int64_t byte) {
  uint32_t word;
  memcpy(&word, b->bytes + byte, 4);
  return word;
}
static inline int32_t blob_header(const blob *b, int index) { return (int32_t)blob_word(b, 4 * index); }
static inline float as_float(uint32_t word) {
  float f;
  memcpy(&f, &word, 4);
  return f;
}

#pragma GCC visibility push(hidden)
/* Header sane, tables inside; 0 or an ib_error. */
int blob_check(const blob *b);
/* Tensor `index`, which must be of one of the types in the mask and of `count` elements (-1: any). */
int blob_tensor(const blob *b, int32_t index, int types, int64_t count, tensor *out);
#pragma GCC visibility pop

static inline uint32_t tensor_word(const tensor *t, int64_t index) {
  uint32_t word;
  memcpy(&word, t->bytes + 4 * index, 4);
  return word;
}

/* Half to single precision by its parts: sign, five bits of exponent, ten of fraction. */
static inline float widen(uint32_t half) {
  uint32_t sign = (half & 0x8000u) << 16, exponent = half >> 10 & 31, fraction = half & 1023;
  if (exponent == 31) return as_float(sign | 0x7f800000u | fraction << 13);
  if (exponent) return as_float(sign | (exponent + 112) << 23 | fraction << 13);
  float tiny = (float)fraction * (1.0f / 16777216.0f);
  return sign ? -tiny : tiny;
}

static inline float tensor_float(const tensor *t, int64_t index) {
  if (t->type == T_FLOAT32) return as_float(tensor_word(t, index));
  uint16_t half;
  memcpy(&half, t->bytes + 2 * index, 2);
  return widen(half);
}
#endif
