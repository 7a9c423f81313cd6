/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/*
 * The memory functions that the compiler calls, by string instructions: no SSE
 * may slip into the I/O VPs through the C library (architecture.md D2).
 */
#include <stddef.h>
#include <string.h>

void *memcpy(void *restrict to, const void *restrict from, size_t size) {
	void *result = to;
	size_t words = size / 8;

	size %= 8;
	__asm__ volatile("rep movsq" : "+D"(to), "+S"(from), "+c"(words) : : "memory");
	__asm__ volatile("rep movsb" : "+D"(to), "+S"(from), "+c"(size) : : "memory");
	return result;
}

void *memmove(void *to, const void *from, size_t size) {
	char *d = to;
	const char *s = from;

	if (d <= s || d >= s + size)
		return memcpy(to, from, size);
	while (size-- > 0)
		d[size] = s[size];
	return to;
}

void *memset(void *to, int value, size_t size) {
	void *result = to;
	size_t words = size / 8;

	size %= 8;
	__asm__ volatile("rep stosq"
	                 : "+D"(to), "+c"(words)
	                 : "a"(0x0101010101010101ull * (unsigned char)value)
	                 : "memory");
	__asm__ volatile("rep stosb" : "+D"(to), "+c"(size) : "a"(value) : "memory");
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
