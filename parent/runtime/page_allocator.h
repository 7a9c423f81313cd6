/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/*
 * The parent's physical memory: contiguous runs of 4 KiB pages, taken from a
 * sorted table of free ranges. Small runs come from the smallest range that
 * fits, so that large aligned runs for VMs stay whole. Pure; callers lock.
 */
#pragma once

#include <stdint.h>
#include "runtime/err.h"

#define PAGE_ALLOCATOR_RANGES 1024u

struct page_range {
	uint64_t base; /* bytes, multiple of 4 KiB */
	uint64_t size; /* bytes, multiple of 4 KiB, not 0 */
};

struct page_allocator {
	unsigned count;       /* free ranges, rising, none touching the next */
	unsigned allocations; /* runs handed out and not returned */
	uint64_t free_size;   /* bytes */
	uint64_t total_size;  /* bytes ever added */
	struct page_range range[PAGE_ALLOCATOR_RANGES];
};

void page_allocator_init(struct page_allocator *a);

/* Adds memory, cut to whole pages; the first page of memory is never used, so
 * that 0 can mean none. ERR_MEMORY if the table is full, ERR_RANGE if a part is
 * free already; then nothing changed. */
ERR_CHECKED enum err page_allocator_add(struct page_allocator *a, uint64_t base, uint64_t size);

/* Takes a contiguous run of `size` bytes (rounded up to pages) at a multiple of
 * `alignment` (a power of two, at least 4 KiB). Contents are whatever they were.
 * Returns its address, or 0 if there is none. */
uint64_t page_allocator_take(struct page_allocator *a, uint64_t size, uint64_t alignment);

/* Gives a whole run back, with the size it was taken with. ERR_RANGE if a part
 * of it is free already. */
ERR_CHECKED enum err page_allocator_give(struct page_allocator *a, uint64_t base, uint64_t size);

/* Bytes of the largest run that could be taken at this alignment. */
uint64_t page_allocator_largest(const struct page_allocator *a, uint64_t alignment);
