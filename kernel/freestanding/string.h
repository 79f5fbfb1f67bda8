/* string.h for machines without a C library (the browser): what memory.c defines. */
#ifndef ISOBATH_STRING_H
#define ISOBATH_STRING_H
#include <stddef.h>
void *memcpy(void *restrict to, const void *restrict from, size_t bytes);
void *memmove(void *to, const void *from, size_t bytes);
void *memset(void *to, int value, size_t bytes);
#endif
