/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/*
 * A volume over a file that the loader loaded. Read-only, or copy on write: what
 * is written is kept in memory, in pages of 4 KiB up to a limit, and is gone with the
 * volume. Zeroed and discarded pages cost nothing and read as zeros. Completes
 * inside volume_submit; whoever submits serializes. Pure above memory_take.
 */
#pragma once

#include <stddef.h>
#include "runtime/err.h"
#include "storage/volume.h"

#define VOLUME_IMAGE_PAGE    4096u
#define VOLUME_IMAGE_EXTENTS 16u

struct volume_image {
	struct volume volume; /* first: an image is its volume */
	const uint8_t *data;  /* not owned, never written */
	uint64_t size;        /* bytes */
	/* Copy on write; all NULL and 0 without: */
	uint32_t *map; /* per page of the image: PAGE_OWN, PAGE_ZERO, or 2 + number of the copy */
	uint64_t page_count;
	uint64_t *used;      /* a bit per copy */
	uint32_t copy_limit; /* pages */
	uint32_t copy_count;
	uint32_t extent_pages; /* copies come from the allocator in runs of this many */
	struct {
		uint8_t *memory; /* NULL: not taken */
		uint32_t count;  /* copies in use */
	} extent[VOLUME_IMAGE_EXTENTS];
};

/* Over `size` bytes, which must stay where they are. `copy_size`: bytes that copies
 * may take, rounded down to pages; 0: read-only. The id is the caller's to set. ERR_FORMAT
 * with a sentence: no whole number of blocks of 512 bytes. ERR_MEMORY: no room for
 * the tables; nothing is held. */
ERR_CHECKED enum err volume_image_init(struct volume_image *image, const uint8_t *data, uint64_t size,
                                       uint64_t copy_size, struct err_text *text);

/* Gives all memory back; no request may be on its way. */
void volume_image_destroy(struct volume_image *image);
