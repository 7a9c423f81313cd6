/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/* The firmware's boot services as the loader uses them, and what it got from them. */
#pragma once

#include <efi.h>

#include "loader/memory_map.h"

#define FIRMWARE_ANYWHERE ~0ull
#define FIRMWARE_BELOW_4G 0xffffffffull

/* Set at the entry. `has_left`, set by exit.c: only the memory services may still
 * be called. */
struct firmware {
	EFI_HANDLE image;
	EFI_SYSTEM_TABLE *system;
	EFI_BOOT_SERVICES *boot;
	bool has_left;
};
extern struct firmware firmware;

/* Zeroed pages whose last byte is at most at `limit` and whose first is aligned
 * (a power of two, at least a page). `type` says what they are after the
 * hand-over; HANDOFF_MEMORY_USABLE: nothing any more. Fails, naming `what` they
 * were for, where there are none. */
void *firmware_allocate(const char *what, uint64_t size, uint64_t alignment, uint64_t limit,
                        enum handoff_memory_type type);

/* Gives all allocations back. */
void firmware_release_all(void);

/* The allocations, for memory_map_build(). */
uint32_t firmware_claims(const struct handoff_memory **claims);

/* The first instance of a protocol, or NULL. */
void *firmware_protocol(EFI_GUID guid);

/* The address of a configuration table, or 0. */
uint64_t firmware_table(EFI_GUID guid);

/* The present memory map, valid until the next call. Returns its key, or fails. */
UINTN firmware_memory_map(struct memory_source *source);
