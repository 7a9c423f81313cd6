/* SPDX-License-Identifier: Apache-2.0 OR MIT */
#include "drivers/disk_cut.h"
#include <stddef.h>
#include <string.h>

#define PAGE_SIZE 4096u

/* Skips segments that are used up, empty ones too. */
static const struct volume_segment *segment_at(const struct volume_request *r, struct disk_cursor *at) {
	while (at->segment < r->segment_count && at->offset >= r->segment[at->segment].size) {
		at->segment++;
		at->offset = 0;
	}
	return at->segment < r->segment_count ? &r->segment[at->segment] : NULL;
}

static uint32_t least(uint32_t a, uint32_t b) { return a < b ? a : b; }

struct cut {
	const struct disk_limits *limits;
	struct disk_run *run;
	unsigned count;
};

static bool may_follow(const struct cut *c, uint64_t address) {
	const struct disk_run *last = &c->run[c->count - 1];

	return !c->limits->has_page_rule || (address % PAGE_SIZE == 0 && (last->address + last->size) % PAGE_SIZE == 0);
}

/* One run more, or a longer last one. False: it cannot be. */
static bool append(struct cut *c, uint64_t address, uint32_t size) {
	uint32_t mask = c->limits->alignment - 1;
	struct disk_run *last = c->count > 0 ? &c->run[c->count - 1] : NULL;

	if ((address | size) & mask || address >= c->limits->address_end || size > c->limits->address_end - address)
		return false;
	if (last != NULL && !c->limits->has_page_rule && last->address + last->size == address &&
	    size <= c->limits->run_size_max - last->size) {
		last->size += size;
		return true;
	}
	if (c->count == DISK_RUNS_MAX || (last != NULL && !may_follow(c, address)))
		return false;
	c->run[c->count++] = (struct disk_run){address, size};
	return true;
}

/* Drops what is behind the last whole block. */
static uint32_t trim(struct cut *c, uint32_t total, uint32_t block_size) {
	uint32_t excess = total % block_size;

	total -= excess;
	while (excess > 0) {
		struct disk_run *last = &c->run[c->count - 1];
		uint32_t part = least(excess, last->size);

		last->size -= part;
		excess -= part;
		if (last->size == 0)
			c->count--;
	}
	return total;
}

uint32_t disk_cut(const struct disk_limits *limits, const struct volume_request *r, struct disk_cursor at,
                  uint32_t size, uint32_t block_size, struct disk_run run[DISK_RUNS_MAX], unsigned *run_count) {
	struct cut c = {.limits = limits, .run = run};
	const struct volume_segment *s;
	uint32_t total = 0;

	while (total < size && (s = segment_at(r, &at)) != NULL) {
		uint64_t address = (uint64_t)(uintptr_t)(s->memory + at.offset);
		uint32_t part = least(s->size - at.offset, size - total);
		/* Never across a page: runs that touch are joined where they may be. */
		uint32_t to_page = PAGE_SIZE - (uint32_t)(address % PAGE_SIZE);

		part = least(part, to_page);
		if (!append(&c, address, part))
			break;
		total += part;
		at.offset += part;
	}
	total = trim(&c, total, block_size);
	*run_count = c.count;
	return total;
}

bool disk_cursor_advance(const struct volume_request *r, struct disk_cursor *at, uint64_t size) {
	while (size > 0) {
		const struct volume_segment *s = segment_at(r, at);
		uint32_t part;

		if (s == NULL)
			return false;
		part = size < s->size - at->offset ? (uint32_t)size : s->size - at->offset;
		at->offset += part;
		size -= part;
	}
	return true;
}

void disk_copy(const struct volume_request *r, struct disk_cursor at, uint8_t *buffer, uint32_t size, bool to_buffer) {
	const struct volume_segment *s;

	while (size > 0 && (s = segment_at(r, &at)) != NULL) {
		uint32_t part = least(s->size - at.offset, size);

		if (to_buffer)
			memcpy(buffer, s->memory + at.offset, part);
		else
			memcpy(s->memory + at.offset, buffer, part);
		buffer += part;
		at.offset += part;
		size -= part;
	}
}
