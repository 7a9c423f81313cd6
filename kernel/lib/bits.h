/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/* Numbers, bits, words and bitmaps; the atomic forms are ordered (x86 locked). */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#define ARRAY_COUNT(a) (sizeof(a) / sizeof((a)[0]))
#define BIT(n)         (1ull << (n))

static inline uint64_t smaller(uint64_t a, uint64_t b) { return a < b ? a : b; }

static inline uint64_t larger(uint64_t a, uint64_t b) { return a > b ? a : b; }

/* Index of the highest set bit; v must not be 0. */
static inline unsigned bit_highest(uint64_t v) { return 63u - (unsigned)__builtin_clzll(v); }

/* Index of the lowest set bit; v must not be 0. */
static inline unsigned bit_lowest(uint64_t v) { return (unsigned)__builtin_ctzll(v); }

static inline void bit_assign(uint32_t *word, unsigned n, bool value) {
	*word = (*word & ~(1u << n)) | (uint32_t)value << n;
}

/* True if the bit was clear before. */
static inline bool bitmap_set_atomic(uint64_t *map, unsigned n) {
	return !(__atomic_fetch_or(&map[n / 64], BIT(n % 64), __ATOMIC_SEQ_CST) & BIT(n % 64));
}
