/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/*
 * What Multiboot and PVH have in common: a kernel made of segments that go to
 * fixed physical addresses, an entry in one of them, modules after the kernel,
 * and a start in 32-bit protected mode.
 */
#pragma once

#include <stdint.h>
#include "loaders/boot_request.h"
#include "loaders/layout.h"
#include "runtime/err.h"
#include "vmm/guest_memory.h"

#define LOAD_SEGMENTS_MAX 16u

/* file_size bytes of the kernel file, then zeros up to memory_size. */
struct load_segment {
	uint64_t gpa;
	uint64_t file_offset;
	uint64_t file_size;
	uint64_t memory_size;
};

struct load_plan {
	struct load_segment segment[LOAD_SEGMENTS_MAX];
	unsigned segment_count;
	uint64_t entry;                        /* physical */
	uint64_t module_gpa[BOOT_MODULES_MAX]; /* set by load_plan_place */
};

/* Checks segments and entry against file and layout, and places the modules on
 * page boundaries after the kernel. The bytes below LAYOUT_PAGE_TABLES are the
 * loader's. ERR_FORMAT for a segment outside the file or an entry outside every
 * segment, ERR_RANGE for what does not fit into RAM below the gap. */
ERR_CHECKED enum err load_plan_place(struct load_plan *plan, const struct boot_request *request,
                                     const struct memory_layout *layout, struct err_text *text);

/* Writes segments, zeros, modules and the GDT. ERR_RANGE, with nothing written,
 * if the memory does not cover the layout. */
ERR_CHECKED enum err load_plan_write(const struct load_plan *plan, const struct boot_request *request,
                                     const struct memory_layout *layout, const struct guest_memory *memory,
                                     struct err_text *text);
