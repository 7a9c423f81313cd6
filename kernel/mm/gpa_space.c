/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/* A partition's second-level address space: its life and look-ups, see
 * gpa_space.h. What changes mappings is in gpa_map.c. */
#include "mm/gpa_space.h"

#include "mm/frame_owner.h"

#define WHOLE_SPACE_SIZE (1ull << 48) /* what a root covers */

enum hv_status gpa_space_init(struct gpa_space *space, struct frame_pool *pool, unsigned address_bits,
                              bool has_huge_leaves) {
	sfn_t root;
	enum hv_status status;

	check(address_bits >= 31 && address_bits <= 48);
	status = frame_pool_allocate(pool, FRAME_TABLE, &root);
	if (status != HV_STATUS_SUCCESS)
		return status;
	*space = (struct gpa_space){
	    .pool = pool,
	    .root = root,
	    .address_bits = (uint8_t)address_bits,
	    .has_huge_leaves = has_huge_leaves,
	    .is_alive = true,
	};
	return HV_STATUS_SUCCESS;
}

enum hv_status gpa_space_translate(const struct gpa_space *space, gpa_t gpa, uint32_t access, spa_t *out) {
	struct pt_position at;
	pt_entry_t entry;

	if (!space->is_alive || gpa.v >> space->address_bits != 0)
		return HV_STATUS_NOT_FOUND;
	at = pt_walk(space->root, gpa, 1);
	entry = pt_load(at.entry);
	if (!pt_format_is_present(entry))
		return HV_STATUS_NOT_FOUND;
	out->v = sfn_to_spa(pt_format_frame(entry, at.level)).v + gpa.v % pt_level_size(at.level);
	return (access & ~pt_format_access(entry)) == 0 ? HV_STATUS_SUCCESS : HV_STATUS_ACCESS_DENIED;
}

bool gpa_space_holds_page(const struct gpa_space *space, gpa_t gpa, unsigned level) {
	if (level < 1 || level > PT_LEAF_LEVELS || !is_aligned(gpa.v, pt_level_size(level)))
		return false;
	/* Aligned, and no page is larger than the smallest space. */
	return gpa.v >> space->address_bits == 0;
}

/* Fills an empty table of `level` with what the leaf one level up maps. */
static void split_leaf(pt_entry_t leaf, sfn_t table, unsigned level) {
	pt_entry_t *entries = frame_pointer(table);
	uint64_t first = pt_format_frame(leaf, level + 1).v;

	for (unsigned i = 0; i < PT_ENTRIES; i++)
		pt_store(&entries[i],
		         pt_format_leaf(sfn(first + i * pt_level_pages(level)), level, pt_format_access(leaf)));
}

enum hv_status gpa_space_reach(struct gpa_space *space, gpa_t to, unsigned level, pt_entry_t **out) {
	struct pt_position at = pt_walk(space->root, to, level);

	if (!frame_pool_has(space->pool, at.level - level))
		return HV_STATUS_INSUFFICIENT_MEMORY;
	for (; at.level > level; at = pt_walk(space->root, to, at.level - 1)) {
		pt_entry_t entry = pt_load(at.entry);
		sfn_t table;

		check(frame_pool_allocate(space->pool, FRAME_TABLE, &table) == HV_STATUS_SUCCESS);
		if (pt_format_is_present(entry))
			split_leaf(entry, table, at.level - 1);
		/* Complete before it is linked, so no translation changes. */
		pt_store(at.entry, pt_format_table(table));
	}
	*out = at.entry;
	return HV_STATUS_SUCCESS;
}

static void free_table(struct gpa_space *space, sfn_t table) {
	/* Processors may still have its entries in their walk caches. */
	frame_stamp(frame_at(table));
	frame_pool_free(space->pool, table);
}

uint64_t gpa_space_clear_leaf(struct gpa_space *space, struct pt_position at) {
	pt_entry_t entry = pt_load(at.entry);
	uint64_t pages = pt_level_pages(at.level);
	struct frame *bottom = space->is_identity ? NULL : gpa_overlay_bottom(at);
	sfn_t first;

	if (!pt_format_is_present(entry))
		return 0;
	first = pt_format_frame(entry, at.level);
	if (bottom == NULL) {
		pt_clear(at.entry);
	} else {
		if (bottom->link == FRAME_LINK_NONE)
			return 0;
		first = sfn(bottom->link);
		bottom->link = FRAME_LINK_NONE;
		bottom->flags = FRAME_PLACED;
	}
	if (space->is_identity)
		return 1;
	frame_owner_unlend(first, pages, space->pool->partition);
	return pages;
}

bool gpa_space_destroy_some(struct gpa_space *space, uint64_t budget) {
	uint64_t spent = 0;

	check(budget > 0);
	if (!space->is_alive)
		return true;
	while (space->destroy_cursor < WHOLE_SPACE_SIZE) {
		struct pt_position at = pt_walk(space->root, gpa(space->destroy_cursor), 1);
		uint64_t size = pt_level_size(at.level);

		if (spent >= budget)
			return false;
		spent += 1 + gpa_space_clear_leaf(space, at);
		check(!pt_format_is_present(pt_load(at.entry)));
		space->destroy_cursor = align_down(space->destroy_cursor, size) + size;
		/* Tables whose last byte is the one before the cursor are empty now. */
		for (unsigned level = at.level + 1;
		     level <= PT_MAX_LEVEL && is_aligned(space->destroy_cursor, pt_level_size(level)); level++) {
			at = pt_walk(space->root, gpa(space->destroy_cursor - 1), level);
			free_table(space, pt_format_frame(pt_load(at.entry), level));
			pt_clear(at.entry);
		}
	}
	free_table(space, space->root);
	space->is_alive = false;
	return true;
}
