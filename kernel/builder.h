/* builder.h: what the builders of operations share (model.c, elements.c).
 *
 * Every builder is walked twice: without memory, to check and count, and with it, to write.
 */
#ifndef ISOBATH_BUILDER_H
#define ISOBATH_BUILDER_H
#include "blob.h"
#include "plan.h"

#define FLOATS (1 << T_FLOAT32 | 1 << T_FLOAT16)
#define WORDS (1 << T_WORDS)
#define MOST_BYTES ((int64_t)1 << 31)
#define MOST_CHANNELS 16384
#define MOST_TAPS 65536

typedef struct {
  const blob *blob;
  char *memory;                     /* NULL while counting */
  int64_t used;
  int32_t hop, sample_rate, swift;
  reg registers[PLAN_REGISTERS];
} builder;

static inline int64_t take(builder *b, int64_t bytes) {
  int64_t at = b->used;
  b->used = (b->used + bytes + IB_ALIGN - 1) / IB_ALIGN * IB_ALIGN;
  return at;
}
static inline int too_much(const builder *b) { return b->used > MOST_BYTES; }
static inline int32_t field(const builder *b, int64_t at, int word) { return (int32_t)blob_word(b->blob, at + 4 * word); }
static inline int within(int64_t value, int64_t low, int64_t high) { return value >= low && value <= high; }

#pragma GCC visibility push(hidden)
/* The operations of elements.c; 0 or an ib_error. */
int build_element(builder *b, int64_t at, operation *o, const reg *in, reg *out);
#pragma GCC visibility pop
#endif
