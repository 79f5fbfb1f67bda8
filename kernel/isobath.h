/* isobath.h: the streaming coder.
 *
 * A model is read-only and shared; a state is the memory of one coder for a batch of
 * voices and belongs to the caller, who may copy it as bytes. Nothing here allocates,
 * locks, reads files or keeps globals. Every call that can fail returns a negative
 * ib_error. Blobs are untrusted: all sizes and offsets are checked at init.
 */
#ifndef ISOBATH_H
#define ISOBATH_H
#include <stddef.h>
#include <stdint.h>

#define IB_ALIGN 64          /* alignment of every block of memory handed in */
#define IB_DIMS 128          /* largest latent size */

typedef struct ib_model ib_model;
typedef struct ib_state ib_state;

typedef enum { IB_ENCODER = 0, IB_DECODER = 1 } ib_coder;
typedef enum { IB_BAD_BLOB = -1, IB_BAD_VERSION = -2, IB_TOO_SMALL = -3, IB_BAD_ARGUMENT = -4, IB_NO_CODER = -5 } ib_error;

typedef struct {
  int32_t sample_rate, channels, hop, dims, delay, has_encoder, has_decoder;
} ib_info;

/* Bytes that ib_model_init needs for this blob, or an error. */
int64_t ib_model_bytes(const void *blob, int64_t blob_bytes);
/* Unpack a blob into `memory` (IB_ALIGN aligned); the blob may be freed after. */
int ib_model_init(void *memory, int64_t bytes, const void *blob, int64_t blob_bytes);
void ib_model_info(const ib_model *model, ib_info *info);

/* State of one coder: `batch` voices, at most `frames` frames a call. Scratch is inside. */
int64_t ib_state_bytes(const ib_model *model, int coder, int batch, int frames);
int ib_state_init(const ib_model *model, int coder, int batch, int frames, void *memory, int64_t bytes);
/* Forget the past of one voice (or all, voice = -1) and set its noise seed. */
int ib_state_reset(const ib_model *model, ib_state *state, int voice, uint32_t seed);

/* latents [batch][frames][dims] -> audio [batch][channels][frames * hop]. */
int ib_decode(const ib_model *model, ib_state *state, const float *latents, int frames, float *audio);
/* audio [batch][channels][frames * hop] -> mean [batch][frames][dims], deviation likewise or NULL. */
int ib_encode(const ib_model *model, ib_state *state, const float *audio, int frames, float *mean, float *deviation);

/* Latent statistics carried in the blob, for shaping: mean [dims], std [dims],
 * whitening [dims][dims] (row-major W with W (z - mean) of unit covariance), known radius. */
const float *ib_model_mean(const ib_model *model);
const float *ib_model_std(const ib_model *model);
const float *ib_model_whitening(const ib_model *model);
float ib_model_known_radius(const ib_model *model);
#endif
