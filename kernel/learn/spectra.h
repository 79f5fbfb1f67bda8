/* spectra.h: how far apart two sounds are in short-time spectra, and which way to move one of them.
 *
 * What training computes most often beside its convolutions (isobath.training.losses says what for). A vector
 * holds as many frames as it has lanes, so every frame is transformed by the same instructions in the
 * caches, judged bin by bin there, and its gradient transformed back, before the next ones are read.
 * Natively only; nothing allocates.
 */
#ifndef ISOBATH_SPECTRA_H
#define ISOBATH_SPECTRA_H
#include <stdint.h>

/* For one length n of frames, a power of two from 32 on; hop n/4. */
typedef struct {
  const float *window;       /* [n], with whatever factor magnitudes are to have */
  const float *turns;        /* [n/2] pairs: cosine and sine of 2 pi k / (n/2) */
  const float *halves;       /* [n/4 + 1] pairs: cosine and sine of 2 pi k / n */
  const int32_t *reversed;   /* [n/2]: k with its bits the other way round */
  int32_t n;
} ib_spectra;

/* Bytes of scratch for frames of n, 64-aligned. */
int64_t ib_spectra_bytes(int32_t n);

/* `made` and `aim`: samples of one sound each, at least n of them.
 * sums: the aim's power, the squared error of magnitudes, the sum of |log difference|, over all bins of all
 * frames; floor is added to a magnitude before its logarithm.
 * to_error, to_logs: [samples] each, zeroed by the caller; to them is added the gradient of half the squared
 * error, and of the sum of logarithms. Both null: sums alone. */
void ib_spectra_apart(const ib_spectra *s, const float *made, const float *aim, int64_t samples, float floor,
                      double sums[3], float *to_error, float *to_logs, void *scratch);
#endif
