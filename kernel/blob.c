/* blob.c: reading a blob without believing it. */
#include "blob.h"
#include "isobath.h"

static int table_inside(const blob *b, int64_t offset, int64_t count, int64_t words) {
  return offset >= 0 && offset % 4 == 0 && count >= 0 && count <= 65536 && offset <= b->size - count * words * 4;
}

int blob_check(const blob *b) {
  if (!b->bytes || b->size < BLOB_HEADER * 4) return IB_BAD_BLOB;
  if (blob_word(b, 4 * H_MAGIC) != BLOB_MAGIC) return IB_BAD_BLOB;
  if (blob_word(b, 4 * H_VERSION) != BLOB_VERSION) return IB_BAD_VERSION;
  if ((int64_t)blob_word(b, 4 * H_BYTES) != b->size) return IB_BAD_BLOB;
  int32_t rate = blob_header(b, H_SAMPLE_RATE), channels = blob_header(b, H_CHANNELS), hop = blob_header(b, H_HOP);
  int32_t dims = blob_header(b, H_DIMS), delay = blob_header(b, H_DELAY);
  if (rate < 1 || rate > 1 << 20 || channels < 1 || channels > 64 || hop < 1 || hop > 65536) return IB_BAD_BLOB;
  if (dims < 1 || dims > IB_DIMS || delay < 0 || delay > 1 << 24) return IB_BAD_BLOB;
  float radius = as_float(blob_word(b, 4 * H_KNOWN_RADIUS));
  if (!(radius > 0 && radius < 1e6f)) return IB_BAD_BLOB;
  if (!table_inside(b, blob_header(b, H_TENSOR_TABLE), blob_header(b, H_TENSORS), 4)) return IB_BAD_BLOB;
  if (!table_inside(b, blob_header(b, H_ENCODER_LIST), blob_header(b, H_ENCODER), BLOB_OPERATION)) return IB_BAD_BLOB;
  if (!table_inside(b, blob_header(b, H_DECODER_LIST), blob_header(b, H_DECODER), BLOB_OPERATION)) return IB_BAD_BLOB;
  return 0;
}

int blob_tensor(const blob *b, int32_t index, int types, int64_t count, tensor *out) {
  if (index < 0 || index >= blob_header(b, H_TENSORS)) return IB_BAD_BLOB;
  int64_t entry = blob_header(b, H_TENSOR_TABLE) + (int64_t)index * 16;
  uint32_t type = blob_word(b, entry);
  int64_t size = blob_word(b, entry + 4), offset = blob_word(b, entry + 8);
  if (type > T_WORDS || !(types >> type & 1) || (count >= 0 && size != count)) return IB_BAD_BLOB;
  if (offset > b->size || size * (type == T_FLOAT16 ? 2 : 4) > b->size - offset) return IB_BAD_BLOB;
  out->bytes = b->bytes + offset;
  out->count = size;
  out->type = (int32_t)type;
  return 0;
}
