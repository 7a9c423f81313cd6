/* SPDX-License-Identifier: Apache-2.0 OR MIT */
#include "drivers/disk_text.h"
#include <string.h>

void disk_text_copy(char *to, size_t to_size, const uint8_t *from, size_t size) {
	size_t length = 0;

	while (size > 0 && (from[size - 1] == ' ' || from[size - 1] == 0))
		size--;
	while (size > 0 && *from == ' ') {
		from++;
		size--;
	}
	for (; length < size && length < to_size - 1; length++)
		to[length] = (char)(from[length] >= ' ' && from[length] < 0x7f ? from[length] : '?');
	to[length] = '\0';
}

/* Fowler, Noll and Vo's hash, version 1a, of 64 bits. */
static uint64_t hash(uint64_t h, const void *bytes, size_t size) {
	const uint8_t *at = bytes;

	for (; size > 0; size--)
		h = (h ^ *at++) * 0x100000001b3ull;
	return h;
}

void disk_text_identity(uint8_t id[16], const char *model, const char *serial, uint32_t unit) {
	uint64_t words[2];

	for (unsigned i = 0; i < 2; i++) {
		words[i] = hash(0xcbf29ce484222325ull ^ i, model, strlen(model) + 1);
		words[i] = hash(words[i], serial, strlen(serial) + 1);
		words[i] = hash(words[i], &unit, sizeof(unit));
	}
	memcpy(id, words, sizeof(words));
}
