/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/*
 * Sweeps the address space from border to border of all ranges and takes, between
 * two borders, the least usable type that any range gives: enum
 * handoff_memory_type rises from usable to reserved. So overlaps in a sloppy
 * firmware map end on the safe side. Follows [UEFI 7.2 "Memory Allocation
 * Services", Table 7-10 "Memory Type Usage after ExitBootServices()"].
 */
#include "loader/memory_map.h"

#include "lib/addr.h"
#include "lib/bits.h"
#include "lib/string.h"

#define LOW_MEMORY_END   0x100000ull
#define PHYSICAL_END     (1ull << 52)
#define SPECIFIC_PURPOSE 0x40000ull /* EFI_MEMORY_SP: not for general use */

#define EFI_MMIO         11u
/* The loader's code and data, boot services code and data, conventional. */
#define TYPES_USABLE     (BIT(1) | BIT(2) | BIT(3) | BIT(4) | BIT(7))
/* Runtime services code and data, ACPI tables and non-volatile storage. */
#define TYPES_FIRMWARE   (BIT(5) | BIT(6) | BIT(9) | BIT(10))

/* Type and borders of the piece of address space that begins at `at`. */
struct sweep {
	uint64_t at;
	uint64_t next;
	uint32_t type; /* 0: no range is here */
};

static uint32_t type_of(const struct memory_descriptor *d) {
	uint64_t type = d->type < 64 ? BIT(d->type) : 0;

	if ((type & TYPES_USABLE) && !(d->attributes & SPECIFIC_PURPOSE))
		return HANDOFF_MEMORY_USABLE;
	return (type & TYPES_FIRMWARE) ? HANDOFF_MEMORY_FIRMWARE : HANDOFF_MEMORY_RESERVED;
}

static void cover(struct sweep *s, uint64_t base, uint64_t end, uint32_t type) {
	if (base > s->at && base < s->next)
		s->next = base;
	if (base > s->at || end <= s->at)
		return;
	if (end < s->next)
		s->next = end;
	if (type > s->type)
		s->type = type;
}

static const struct memory_descriptor *get(const struct memory_source *source, size_t index,
                                           struct memory_descriptor *d) {
	if (index >= source->size / source->stride)
		return NULL;
	return memcpy(d, (const char *)source->descriptors + index * source->stride, sizeof(*d));
}

static const char *cover_all(struct sweep *s, const struct memory_source *source, const struct handoff_memory *claim,
                             uint32_t claim_count) {
	struct memory_descriptor d;
	struct sweep own;

	for (size_t i = 0; get(source, i, &d) != NULL; i++)
		cover(s, d.physical, d.physical + d.pages * PAGE_SIZE, type_of(&d));
	own = (struct sweep){s->at, s->next, 0};
	for (uint32_t i = 0; i < claim_count; i++)
		cover(&own, claim[i].base, claim[i].base + claim[i].size, claim[i].type);
	s->next = own.next;
	if (own.type != 0) {
		if (s->type != HANDOFF_MEMORY_USABLE)
			return "memory that it gave to the loader is not in it";
		s->type = own.type;
	}
	/* Below 1 MiB lies what no map tells; null pointers lead to page 0. */
	cover(s, 0, PAGE_SIZE, HANDOFF_MEMORY_RESERVED);
	cover(s, 0, LOW_MEMORY_END, s->type == 0 ? HANDOFF_MEMORY_RESERVED : s->type);
	return NULL;
}

static const char *append(struct handoff *handoff, const struct sweep *s) {
	struct handoff_memory *end = &handoff->memory[handoff->memory_count];

	if (s->type == 0)
		return NULL;
	if (handoff->memory_count > 0 && end[-1].type == s->type && end[-1].base + end[-1].size == s->at) {
		end[-1].size += s->next - s->at;
		return NULL;
	}
	if (handoff->memory_count == HANDOFF_MAX_MEMORY)
		return "it has more than 512 separate ranges";
	*end = (struct handoff_memory){s->at, s->next - s->at, s->type, 0};
	handoff->memory_count++;
	return NULL;
}

const char *memory_map_build(const struct memory_source *source, const struct handoff_memory *claim,
                             uint32_t claim_count, struct handoff *handoff) {
	const char *fault = NULL;
	struct memory_descriptor d;
	struct sweep s;

	handoff->memory_count = 0;
	if (source->stride < sizeof(struct memory_descriptor))
		return "its entries are too short";
	for (size_t i = 0; get(source, i, &d) != NULL; i++)
		if (!is_aligned(d.physical, PAGE_SIZE) || d.pages > ~0ull / PAGE_SIZE ||
		    d.physical > ~0ull - d.pages * PAGE_SIZE)
			return "an entry is not page-aligned or wraps around";
	for (uint64_t at = 0; fault == NULL && at < PHYSICAL_END; at = s.next) {
		s = (struct sweep){at, PHYSICAL_END, 0};
		fault = cover_all(&s, source, claim, claim_count);
		if (fault == NULL)
			fault = append(handoff, &s);
	}
	return fault;
}

uint64_t memory_map_usable(const struct handoff *handoff) {
	uint64_t sum = 0;

	for (uint32_t i = 0; i < handoff->memory_count; i++)
		if (handoff->memory[i].type == HANDOFF_MEMORY_USABLE ||
		    handoff->memory[i].type == HANDOFF_MEMORY_LOADER)
			sum += handoff->memory[i].size;
	return sum;
}

uint64_t memory_map_end(const struct handoff *handoff) {
	for (uint32_t i = handoff->memory_count; i > 0; i--)
		if (handoff->memory[i - 1].type != HANDOFF_MEMORY_RESERVED)
			return handoff->memory[i - 1].base + handoff->memory[i - 1].size;
	return 0;
}

bool memory_map_has(const struct memory_source *source, uint64_t address, uint64_t size) {
	struct memory_descriptor d = {.pages = LOW_MEMORY_END / PAGE_SIZE};
	size_t i = 0;

	do
		if (d.type != EFI_MMIO && address >= d.physical && address - d.physical < d.pages * PAGE_SIZE &&
		    size <= d.pages * PAGE_SIZE - (address - d.physical))
			return true;
	while (get(source, i++, &d) != NULL);
	return false;
}
