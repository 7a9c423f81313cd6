/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/*
 * A child's memory by linear address, as one of its processors sees it: the
 * walk of guest_walk over the RAM of guest_memory, across page borders. Every
 * byte is copied once. The caller holds the VM's lock.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include "vmm/guest_walk.h"
#include "vmm/vm.h"

struct guest_access_fault {
	enum guest_walk_status status; /* GUEST_WALK_OK: no fault */
	uint64_t address;              /* linear address of the first byte that faults */
	uint32_t error_code;           /* of GUEST_WALK_PAGE_FAULT */
};

/* Copies `size` bytes (at most a page) at a linear address to or from `buffer`;
 * GUEST_WRITE writes, all or nothing. Returns the bytes copied: all of them, or
 * for reads those before the fault. GUEST_WALK_NO_MEMORY: translated, but no RAM. */
size_t guest_access_copy(const struct guest_memory *memory, const struct guest_paging *paging, uint64_t gva,
                         void *buffer, size_t size, enum guest_access access, struct guest_access_fault *fault);

/* Could all of it be accessed? Nothing is copied. */
bool guest_access_probe(const struct guest_memory *memory, const struct guest_paging *paging, uint64_t gva, size_t size,
                        enum guest_access access, struct guest_access_fault *fault);
