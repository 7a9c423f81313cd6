/* SPDX-License-Identifier: Apache-2.0 OR MIT */
#include "fake/shared_memory.h"

#include <stdbool.h>
#include <string.h>
#include "vmbus/shared_memory.h"

#define WATCHED_MAX 65536u
#define LOADS_MAX   8u

struct fake_shared fake_shared;

static uint8_t *watched;
static size_t watched_size;
static bool is_fetched[WATCHED_MAX];
static const uint32_t *loaded[LOADS_MAX];
static unsigned loaded_count;

void fake_shared_watch(void *base, size_t size) {
	memset(&fake_shared, 0, sizeof(fake_shared));
	memset(is_fetched, 0, sizeof(is_fetched));
	watched = base;
	watched_size = size < WATCHED_MAX ? size : WATCHED_MAX;
	loaded_count = 0;
}

void fake_shared_step(void) { loaded_count = 0; }

uint32_t shared_load32(const uint32_t *from) {
	for (unsigned i = 0; i < loaded_count; i++) {
		if (loaded[i] == from) {
			fake_shared.second_loads++;
			return 0xdeadbeef;
		}
	}
	if (loaded_count < LOADS_MAX)
		loaded[loaded_count++] = from;
	return *from;
}

void shared_store32(uint32_t *to, uint32_t value) { *to = value; }

void shared_fence(void) {}

/* The watched byte's number, or WATCHED_MAX. */
static size_t watched_index(const uint8_t *byte) {
	uintptr_t at = (uintptr_t)byte - (uintptr_t)watched;

	return at < watched_size ? at : WATCHED_MAX;
}

void shared_read(void *to, const void *from, size_t size) {
	const uint8_t *byte = from;

	memcpy(to, from, size);
	for (size_t i = 0; i < size; i++) {
		size_t at = watched_index(byte + i);

		if (at == WATCHED_MAX)
			continue;
		fake_shared.second_fetches += is_fetched[at];
		is_fetched[at] = true;
		watched[at] ^= 0xff;
	}
}

void shared_write(void *to, const void *from, size_t size) {
	uint8_t *byte = to;

	memcpy(to, from, size);
	for (size_t i = 0; i < size; i++) {
		size_t at = watched_index(byte + i);

		if (at != WATCHED_MAX)
			is_fetched[at] = false;
	}
}
