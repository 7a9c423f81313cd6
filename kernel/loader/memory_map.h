/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/* From the firmware's memory map to the kernel's. Pure. */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "loader/handoff.h"

/* [UEFI 7.2 "Memory Allocation Services", EFI_MEMORY_DESCRIPTOR] */
struct memory_descriptor {
	uint32_t type; /* EFI_MEMORY_TYPE */
	uint32_t reserved;
	uint64_t physical;
	uint64_t virtual;
	uint64_t pages; /* of 4 KiB */
	uint64_t attributes;
};
_Static_assert(sizeof(struct memory_descriptor) == 40, "EFI_MEMORY_DESCRIPTOR");

/* The firmware's map as GetMemoryMap gives it; entries lie `stride` bytes apart. */
struct memory_source {
	const void *descriptors;
	size_t size; /* bytes, all entries */
	size_t stride;
};

/* Sorts and merges the map; what overlaps becomes the less usable of both.
 * `claim` are the loader's own allocations (page-aligned, of type KERNEL, LOADER,
 * MODULE, or USABLE for what is not needed any more), which must lie in usable
 * memory. Fills memory and memory_count of the hand-over. Returns NULL, or what is
 * wrong; then they are unspecified. */
const char *memory_map_build(const struct memory_source *source, const struct handoff_memory *claim,
                             uint32_t claim_count, struct handoff *handoff) __attribute__((warn_unused_result));

/* Bytes that are usable once the loader's own tables are consumed. */
uint64_t memory_map_usable(const struct handoff *handoff);

/* Address behind the highest range that is memory. */
uint64_t memory_map_end(const struct handoff *handoff);

/* Whether [address, address + size) lies in one piece of memory of any kind and so
 * may be read: by the firmware's map, or below 1 MiB, where maps have holes. */
bool memory_map_has(const struct memory_source *source, uint64_t address, uint64_t size);
