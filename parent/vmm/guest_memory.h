/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/*
 * A child's memory as its parent sees it: up to 16 extents of guest physical
 * addresses, each backed by one run of the parent's own memory
 * (architecture.md D3). Whoever reads through this map while the child runs must
 * copy once and check the copy: the child may write at any time. Pure.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include "runtime/err.h"

#define GUEST_MEMORY_EXTENTS 16u

/* [gpa, gpa + size) lies at host[0, size). Never wraps around 2^64. */
struct guest_extent {
	uint64_t gpa;
	uint64_t size;
	uint8_t *host;
};

/* Extents do not overlap; their order does not matter. */
struct guest_memory {
	struct guest_extent extent[GUEST_MEMORY_EXTENTS];
	unsigned count;
};

/* The parent's pointer to [gpa, gpa + size); NULL unless the range lies wholly
 * inside one extent. A size of 0 asks for gpa itself to be inside. */
void *guest_memory_pointer(const struct guest_memory *m, uint64_t gpa, uint64_t size);

/* Whether all of [gpa, gpa + size) is memory, in one extent or several that touch. */
bool guest_memory_covers(const struct guest_memory *m, uint64_t gpa, uint64_t size);

/* Each may span extents that touch. ERR_RANGE if any byte of the range is not
 * memory; then nothing was copied. A size of 0 always succeeds. */
ERR_CHECKED enum err guest_memory_read(const struct guest_memory *m, uint64_t gpa, void *to, uint64_t size);
ERR_CHECKED enum err guest_memory_write(const struct guest_memory *m, uint64_t gpa, const void *from, uint64_t size);
ERR_CHECKED enum err guest_memory_fill(const struct guest_memory *m, uint64_t gpa, uint8_t value, uint64_t size);
