/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/*
 * Look-ups and copies by guest physical address. A copy walks its whole range
 * once before it moves a byte, so that it happens whole or not at all.
 */
#include "vmm/guest_memory.h"

#include <stddef.h>
#include <string.h>

static const struct guest_extent *find_extent(const struct guest_memory *m, uint64_t gpa) {
	for (unsigned i = 0; i < m->count; i++) {
		const struct guest_extent *e = &m->extent[i];

		if (gpa >= e->gpa && gpa - e->gpa < e->size)
			return e;
	}
	return NULL;
}

void *guest_memory_pointer(const struct guest_memory *m, uint64_t gpa, uint64_t size) {
	const struct guest_extent *e = find_extent(m, gpa);

	if (e == NULL || size > e->size - (gpa - e->gpa))
		return NULL;
	return e->host + (gpa - e->gpa);
}

/* The run of memory at gpa, cut to `size` bytes; NULL if gpa is no memory. */
static uint8_t *next_run(const struct guest_memory *m, uint64_t gpa, uint64_t size, uint64_t *run) {
	const struct guest_extent *e = find_extent(m, gpa);

	if (e == NULL)
		return NULL;
	*run = e->size - (gpa - e->gpa);
	if (*run > size)
		*run = size;
	return e->host + (gpa - e->gpa);
}

bool guest_memory_covers(const struct guest_memory *m, uint64_t gpa, uint64_t size) {
	uint64_t run;

	if (size > 0 && gpa > UINT64_MAX - (size - 1))
		return false;
	for (; size > 0; gpa += run, size -= run) {
		if (next_run(m, gpa, size, &run) == NULL)
			return false;
	}
	return true;
}

enum err guest_memory_read(const struct guest_memory *m, uint64_t gpa, void *to, uint64_t size) {
	uint8_t *out = to;
	uint64_t run;

	if (!guest_memory_covers(m, gpa, size))
		return ERR_RANGE;
	for (; size > 0; gpa += run, size -= run, out += run) {
		const uint8_t *host = next_run(m, gpa, size, &run);

		memcpy(out, host, run);
	}
	return ERR_NONE;
}

enum err guest_memory_write(const struct guest_memory *m, uint64_t gpa, const void *from, uint64_t size) {
	const uint8_t *in = from;
	uint64_t run;

	if (!guest_memory_covers(m, gpa, size))
		return ERR_RANGE;
	for (; size > 0; gpa += run, size -= run, in += run) {
		uint8_t *host = next_run(m, gpa, size, &run);

		memcpy(host, in, run);
	}
	return ERR_NONE;
}

enum err guest_memory_fill(const struct guest_memory *m, uint64_t gpa, uint8_t value, uint64_t size) {
	uint64_t run;

	if (!guest_memory_covers(m, gpa, size))
		return ERR_RANGE;
	for (; size > 0; gpa += run, size -= run) {
		uint8_t *host = next_run(m, gpa, size, &run);

		memset(host, value, run);
	}
	return ERR_NONE;
}
