/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/* A sorted table of free ranges; neighbours merge when a run comes back. */
#include <stdbool.h>
#include <string.h>
#include <hv_abi/types.h>
#include "runtime/page_allocator.h"

static uint64_t round_up(uint64_t value, uint64_t unit) { return (value + unit - 1) & ~(unit - 1); }

void page_allocator_init(struct page_allocator *a) {
	a->count = 0;
	a->allocations = 0;
	a->free_size = 0;
	a->total_size = 0;
}

static void remove_range(struct page_allocator *a, unsigned index) {
	a->count--;
	memmove(&a->range[index], &a->range[index + 1], (a->count - index) * sizeof(a->range[0]));
}

static void insert_range(struct page_allocator *a, unsigned index, uint64_t base, uint64_t size) {
	memmove(&a->range[index + 1], &a->range[index], (a->count - index) * sizeof(a->range[0]));
	a->range[index] = (struct page_range){base, size};
	a->count++;
}

/* Inserts a range and merges it with its neighbours. */
static enum err put(struct page_allocator *a, uint64_t base, uint64_t size) {
	unsigned index = 0;
	bool touches_previous, touches_next;

	while (index < a->count && a->range[index].base < base)
		index++;
	if (index < a->count && base + size > a->range[index].base)
		return ERR_RANGE;
	if (index > 0 && a->range[index - 1].base + a->range[index - 1].size > base)
		return ERR_RANGE;
	touches_previous = index > 0 && a->range[index - 1].base + a->range[index - 1].size == base;
	touches_next = index < a->count && base + size == a->range[index].base;
	if (touches_previous && touches_next) {
		a->range[index - 1].size += size + a->range[index].size;
		remove_range(a, index);
	} else if (touches_previous) {
		a->range[index - 1].size += size;
	} else if (touches_next) {
		a->range[index].base = base;
		a->range[index].size += size;
	} else if (a->count < PAGE_ALLOCATOR_RANGES) {
		insert_range(a, index, base, size);
	} else {
		return ERR_MEMORY;
	}
	a->free_size += size;
	return ERR_NONE;
}

enum err page_allocator_add(struct page_allocator *a, uint64_t base, uint64_t size) {
	uint64_t end = (base + size) & ~(uint64_t)(HV_PAGE_SIZE - 1);
	enum err error;

	if (base + size < base)
		return ERR_RANGE;
	base = round_up(base, HV_PAGE_SIZE);
	if (base == 0)
		base = HV_PAGE_SIZE;
	if (base >= end)
		return ERR_NONE;
	/* Every run handed out can come back as a range of its own. */
	if (a->count + a->allocations + 1 > PAGE_ALLOCATOR_RANGES)
		return ERR_MEMORY;
	error = put(a, base, end - base);
	if (error == ERR_NONE)
		a->total_size += end - base;
	return error;
}

/* Where a run of `size` would lie in a range: at its upper end, so that the
 * lower end, the better aligned one, stays. 0 if it does not fit. */
static uint64_t place(const struct page_range *r, uint64_t size, uint64_t alignment) {
	uint64_t base;

	if (size > r->size)
		return 0;
	base = (r->base + r->size - size) & ~(alignment - 1);
	return base >= r->base ? base : 0;
}

uint64_t page_allocator_take(struct page_allocator *a, uint64_t size, uint64_t alignment) {
	unsigned best = PAGE_ALLOCATOR_RANGES;
	uint64_t base = 0, before, after;

	if (size == 0 || size > UINT64_MAX - HV_PAGE_SIZE)
		return 0;
	size = round_up(size, HV_PAGE_SIZE);
	if (alignment < HV_PAGE_SIZE)
		alignment = HV_PAGE_SIZE;
	for (unsigned i = 0; i < a->count; i++) {
		uint64_t here = place(&a->range[i], size, alignment);

		if (here == 0)
			continue;
		if (best == PAGE_ALLOCATOR_RANGES || a->range[i].size < a->range[best].size) {
			best = i;
			base = here;
		}
	}
	/* Taking from the middle makes one range more, and so does giving back. */
	if (base == 0 || a->count + a->allocations + 2 > PAGE_ALLOCATOR_RANGES)
		return 0;
	before = base - a->range[best].base;
	after = a->range[best].size - before - size;
	if (before == 0 && after == 0) {
		remove_range(a, best);
	} else if (before == 0) {
		a->range[best] = (struct page_range){base + size, after};
	} else {
		a->range[best].size = before;
		if (after > 0)
			insert_range(a, best + 1, base + size, after);
	}
	a->allocations++;
	a->free_size -= size;
	return base;
}

enum err page_allocator_give(struct page_allocator *a, uint64_t base, uint64_t size) {
	enum err error;

	if (base == 0 || base % HV_PAGE_SIZE != 0 || size == 0 || a->allocations == 0)
		return ERR_RANGE;
	error = put(a, base, round_up(size, HV_PAGE_SIZE));
	if (error == ERR_NONE)
		a->allocations--;
	return error;
}

uint64_t page_allocator_largest(const struct page_allocator *a, uint64_t alignment) {
	uint64_t largest = 0;

	for (unsigned i = 0; i < a->count; i++) {
		uint64_t base = round_up(a->range[i].base, alignment);
		uint64_t end = a->range[i].base + a->range[i].size;

		if (base < end && end - base > largest)
			largest = end - base;
	}
	return largest;
}
