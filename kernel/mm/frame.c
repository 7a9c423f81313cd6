/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/* The frame table at boot, see frame.h. */
#include "mm/frame.h"

#include "lib/string.h"

struct frame_table frame_table;

void frame_table_init(struct frame *frames, uint64_t count) {
	check(count <= FRAME_LINK_NONE);
	memset(frames, 0, count * sizeof(*frames));
	frame_table = (struct frame_table){.frames = frames, .count = count};
}

void frame_table_set_range(sfn_t first, uint64_t count, enum frame_type type) {
	check(type <= FRAME_PARENT);
	for (uint64_t n = first.v; n - first.v < count && n < frame_table.count; n++)
		frame_table.frames[n] = (struct frame){.type = (uint8_t)type};
}
