/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/* The walker over second-level tables, see pt_walk.h. */
#include "mm/pt_walk.h"

#include "mm/frame.h"

static unsigned index_of(gpa_t gpa, unsigned level) { return (unsigned)(gpa.v / pt_level_size(level)) % PT_ENTRIES; }

struct pt_position pt_walk(sfn_t root, gpa_t gpa, unsigned level) {
	struct pt_position at = {.level = PT_MAX_LEVEL};
	sfn_t table = root;

	for (;; at.level--) {
		pt_entry_t entry;

		at.entry = (pt_entry_t *)frame_pointer(table) + index_of(gpa, at.level);
		entry = pt_load(at.entry);
		if (at.level == level || !pt_is_table(entry, at.level))
			return at;
		table = pt_format_frame(entry, at.level);
	}
}
