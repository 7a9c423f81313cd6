/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/* What tests read in the frame table: of one frame, and counted for a space. */
#pragma once

#include "mm/gpa_space.h"

static inline enum frame_type frame_type(const struct frame *frame) { return (enum frame_type)frame->type; }

/* The partition whose data a frame of the parent may still hold, PARTITION_NONE if
 * none. A lent frame is soiled by its borrower. */
static inline uint32_t frame_soiled_by(const struct frame *frame) {
	return frame->type == FRAME_PARENT ? frame->partition : PARTITION_NONE;
}

/* The partition that a frame of the parent is lent to, or PARTITION_NONE. */
static inline uint32_t frame_lent_to(const struct frame *frame) {
	return frame_is_lent(frame) ? frame->partition : PARTITION_NONE;
}

/* Mappings of the loan in the borrower's tables; 0 if not lent. */
static inline uint32_t frame_mapping_count(const struct frame *frame) { return frame_is_lent(frame) ? frame->link : 0; }

/* Pages of 4 KiB that are mapped in a space, with those beneath overlays. */
static inline uint64_t space_mapped_pages(const struct gpa_space *space) {
	uint64_t pages = 0;

	for (uint64_t n = 0; n < frame_table.count; n++)
		if (frame_lent_to(&frame_table.frames[n]) == space->pool->partition)
			pages += frame_table.frames[n].link;
	return pages;
}

/* Tables, the root included. */
static inline uint64_t space_table_count(const struct gpa_space *space) {
	uint64_t tables = 0;

	for (uint64_t n = 0; n < frame_table.count; n++)
		tables += frame_table.frames[n].type == FRAME_TABLE &&
		          frame_table.frames[n].partition == space->pool->partition;
	return tables;
}
