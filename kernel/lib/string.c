/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/* Memory functions by string instructions: short, and fast where it matters. */
#include "lib/string.h"

#include <stdint.h>

void *memcpy(void *restrict to, const void *restrict from, size_t size) {
	void *result = to;
	size_t words = size / 8;

	size %= 8;
	__asm__ volatile("rep movsq" : "+D"(to), "+S"(from), "+c"(words) : : "memory");
	__asm__ volatile("rep movsb" : "+D"(to), "+S"(from), "+c"(size) : : "memory");
	return result;
}

void *memset(void *to, int value, size_t size) {
	void *result = to;
	uint64_t pattern = (uint8_t)value * 0x0101010101010101ull;
	size_t words = size / 8;

	size %= 8;
	__asm__ volatile("rep stosq" : "+D"(to), "+c"(words) : "a"(pattern) : "memory");
	__asm__ volatile("rep stosb" : "+D"(to), "+c"(size) : "a"(pattern) : "memory");
	return result;
}

int memcmp(const void *a, const void *b, size_t size) {
	const unsigned char *x = a;
	const unsigned char *y = b;

	for (size_t i = 0; i < size; i++)
		if (x[i] != y[i])
			return x[i] - y[i];
	return 0;
}
