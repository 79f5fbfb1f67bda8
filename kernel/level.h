/* level.h: which build of the kernel this processor can run. */
#ifndef ISOBATH_LEVEL_H
#define ISOBATH_LEVEL_H
#include <stdint.h>
/* 4, 3 or 2: the x86-64 level; 1: any other machine, which has one build. */
int ib_level(void);
#endif
