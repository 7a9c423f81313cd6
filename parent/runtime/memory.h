/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/*
 * The parent's one page allocator, made from the boot information, and the
 * pages that everything in the parent is made of. Physical addresses are
 * pointers: the kernel maps all of them identically (hv_abi/boot_info.h).
 * Locked inside. Host tests link a fake.
 */
#pragma once

#include <stdint.h>
#include <hv_abi/boot_info.h>

struct memory_usage {
	uint64_t total_size; /* bytes that the kernel gave the parent to use */
	uint64_t free_size;
	uint64_t largest_free; /* largest run at a multiple of 2 MiB */
	uint64_t heap_size;    /* bytes in heap blocks in use */
};

/* VP 0, before anything allocates. */
void memory_init(const struct hv_boot_info *info);

/* As page_allocator_take and _give; giving back what was not taken stops the
 * parent. */
uint64_t memory_take(uint64_t size, uint64_t alignment);
void memory_give(uint64_t base, uint64_t size);

void memory_usage(struct memory_usage *usage);

static inline void *memory_pointer(uint64_t physical) { return (void *)(uintptr_t)physical; }
