/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/*
 * A ring that forgets its oldest bytes. A reader copies and looks afterwards
 * whether the writer has overtaken it; what was overtaken is skipped.
 */
#include "vmm/console.h"

static uint64_t load(const uint64_t *word) { return __atomic_load_n(word, __ATOMIC_ACQUIRE); }

void console_reset(struct console *c) { __atomic_store_n(&c->first, c->written, __ATOMIC_RELEASE); }

void console_write(struct console *c, const void *bytes, size_t count) {
	const uint8_t *from = bytes;

	for (size_t i = 0; i < count; i++) {
		__atomic_store_n(&c->bytes[c->written % CONSOLE_RING], from[i], __ATOMIC_RELAXED);
		__atomic_store_n(&c->written, c->written + 1, __ATOMIC_RELEASE);
	}
}

/* The oldest position that may be read. */
static uint64_t oldest(const struct console *c) {
	uint64_t written = load(&c->written), first = load(&c->first);

	return written - first > CONSOLE_SIZE ? written - CONSOLE_SIZE : first;
}

size_t console_read(const struct console *c, uint64_t *position, void *to, size_t size, uint64_t *lost) {
	uint8_t *bytes = to;
	uint64_t skipped = 0, start, from;
	size_t count;

	do {
		start = oldest(c);
		if (*position < start) {
			if (*position >= load(&c->first))
				skipped += start - *position;
			*position = start;
		}
		from = *position;
		for (count = 0; count < size && from + count < load(&c->written); count++)
			bytes[count] = __atomic_load_n(&c->bytes[(from + count) % CONSOLE_RING], __ATOMIC_RELAXED);
		__atomic_thread_fence(__ATOMIC_ACQUIRE);
	} while (load(&c->written) - from > CONSOLE_RING);
	*position = from + count;
	if (lost != NULL)
		*lost = skipped;
	return count;
}

uint64_t console_tail(const struct console *c, size_t size) {
	uint64_t written = load(&c->written), start = oldest(c);

	return written - start > size ? written - size : start;
}

bool console_has_more(const struct console *c, uint64_t position) { return load(&c->written) != position; }
