/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/*
 * A VM's console: the last 64 KiB of what it wrote, read by any number of
 * readers who each keep a position of their own. Positions count all bytes ever
 * written and never wrap in practice. One writer at a time, which the caller
 * sees to; readers need no lock, so that none holds an I/O VP up.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define CONSOLE_SIZE (64u << 10)        /* bytes that a reader may have */
#define CONSOLE_RING (2 * CONSOLE_SIZE) /* the rest is the writer's way ahead */

struct console {
	uint64_t written; /* atomic: position of the next byte */
	uint64_t first;   /* atomic: position of the first byte since the last reset */
	uint8_t bytes[CONSOLE_RING];
};

/* Forgets what was written. A console starts as zeros; positions go on, so that
 * a reader of the old bytes reads the new ones from their start. The writer. */
void console_reset(struct console *c);
void console_write(struct console *c, const void *bytes, size_t count);

/* Copies at most `size` bytes from *position on and moves it. Bytes that are no
 * longer kept are skipped; *lost, if not NULL, then says how many. */
size_t console_read(const struct console *c, uint64_t *position, void *to, size_t size, uint64_t *lost);

/* Where a reader starts who wants at most the last `size` bytes. */
uint64_t console_tail(const struct console *c, size_t size);

bool console_has_more(const struct console *c, uint64_t position);
