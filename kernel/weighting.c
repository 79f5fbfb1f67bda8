/* weighting.c: see weighting.h. */
#include "weighting.h"

void weighting_init(weighting *w, int sample_rate) {
  double k = scalar_tan(PI * 1681.974450955533 / sample_rate), q = 0.7071752369554196;
  double high = from_db(3.999843853973347), band = scalar_exp(scalar_log(high) * 0.4996667741545416);
  double a0 = 1 + k / q + k * k;
  double shelf[5] = {(high + band * k / q + k * k) / a0, 2 * (k * k - high) / a0,
                     (high - band * k / q + k * k) / a0, 2 * (k * k - 1) / a0, (1 - k / q + k * k) / a0};
  k = scalar_tan(PI * 38.13547087602444 / sample_rate);
  q = 0.5003270373238773;
  a0 = 1 + k / q + k * k;
  double pass[5] = {1, -2, 1, 2 * (k * k - 1) / a0, (1 - k / q + k * k) / a0};
  for (int i = 0; i < 5; i++) {
    w->shelf[i] = (float)shelf[i] - (ears){0};
    w->pass[i] = (float)pass[i] - (ears){0};
  }
  for (int i = 0; i < 4; i++) w->memory[i] = (ears){0};
}
