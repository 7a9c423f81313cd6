/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/* Reads the program headers of an executable for this processor. Pure. */
#pragma once

#include <stddef.h>

#include "loader/handoff.h"

/* In the segments `file` is an offset, and [file, file + file_size) lies inside the
 * file; file_size <= memory_size, which is not 0. They begin on pages,
 * rise in virtual address and do not overlap. */
struct elf_image {
	uint64_t entry; /* inside the file bytes of an executable segment */
	uint64_t end;   /* virtual address behind the last segment */
	uint32_t segment_count;
	struct handoff_segment segment[HANDOFF_MAX_SEGMENTS];
};

/* Where kernel and parent may lie: the last gigabyte but one. */
#define ELF_LOWEST KERNEL_LINK_BASE
#define ELF_END    (KERNEL_LINK_BASE + (1ull << 30))
_Static_assert(KERNEL_LINK_BASE == HV_PARENT_LINK_BASE, "one range for both");

/* Returns NULL, or what is wrong, without a full stop; then `image` is unspecified
 * and *seen is the value that broke the rule. */
const char *elf_parse(const void *file, size_t size, struct elf_image *image, uint64_t *seen)
    __attribute__((warn_unused_result));
