/* level.c: which build of the kernel this processor can run. */
#include "level.h"

#if defined(__x86_64__)
static void cpuid(uint32_t leaf, uint32_t sub, uint32_t out[4]) {
  __asm__ volatile("cpuid" : "=a"(out[0]), "=b"(out[1]), "=c"(out[2]), "=d"(out[3]) : "a"(leaf), "c"(sub));
}

/* x86-64 microarchitecture level 2, 3 or 4, or 5 for level 4 with products of whole numbers (VNNI):
 * what the processor has and the system saves. */
int ib_level(void) {
  uint32_t basic[4], wide[4], low, high;
  cpuid(0, 0, basic);
  if (basic[0] < 7) return 2;
  cpuid(1, 0, basic);
  cpuid(7, 0, wide);
  const uint32_t saved = 1u << 27, fma = 1u << 12, f16c = 1u << 29, avx = 1u << 28;
  if ((basic[2] & (saved | fma | f16c | avx)) != (saved | fma | f16c | avx)) return 2;
  __asm__ volatile("xgetbv" : "=a"(low), "=d"(high) : "c"(0));
  const uint32_t avx2 = 1u << 5, bmi = 1u << 3 | 1u << 8;
  if ((low & 6) != 6 || (wide[1] & (avx2 | bmi)) != (avx2 | bmi)) return 2;
  const uint32_t avx512 = 1u << 16 | 1u << 17 | 1u << 28 | 1u << 30 | 1u << 31; /* F DQ CD BW VL */
  if ((low & 0xe6) != 0xe6 || (wide[1] & avx512) != avx512) return 3;
  return wide[2] & 1u << 11 ? 5 : 4;
}
#else
int ib_level(void) { return 1; }
#endif
