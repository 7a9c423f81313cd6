/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/*
 * The checker of memory ownership, see invariants.h. What the frame table says of
 * each frame is judged first. Then a walk of every space takes what it finds off
 * the table, where nothing may be left, and a second walk puts it back. Both
 * visit the same entries, also in tables that are broken: a table or overlay that
 * was seen before is not entered again.
 */
#include "mm/invariants.h"

#define NO_FRAME (~0ull)

struct checker {
	struct gpa_space *const *spaces; /* [0] is the parent's */
	unsigned space_count;
	struct hv_check_invariants_out *out;
	struct frame_pool *last_pool; /* the one found last: neighbors are alike */
	struct gpa_space *space;      /* the one that is walked */
	bool is_restoring;            /* the second walk */
};

/* Counts a violation and keeps the first one. */
static void blame(struct checker *all, uint64_t frame, enum hv_frame_rule rule) {
	if (all->out->violations++ == 0) {
		all->out->first_bad_frame = frame;
		all->out->first_bad_rule = rule;
	}
}

static struct frame_pool *pool_of(struct checker *all, uint32_t partition) {
	if (all->last_pool != NULL && all->last_pool->partition == partition)
		return all->last_pool;
	for (unsigned i = 0; i < all->space_count; i++)
		if (all->spaces[i]->pool->partition == partition)
			return all->last_pool = all->spaces[i]->pool;
	return NULL;
}

static bool is_deposited(const struct frame *frame) { return frame->type >= FRAME_POOL && frame->type <= FRAME_SHARED; }

/* Flags, link and owner that the type allows. */
static bool makes_sense(const struct frame *frame) {
	static const uint8_t flags[FRAME_TYPE_COUNT] = {
	    [FRAME_PARENT] = FRAME_LENT,
	    [FRAME_OVERLAY] = FRAME_PLACED | FRAME_BENEATH_ACCESS,
	    [FRAME_SHARED] = FRAME_SHARED_WRITE,
	};

	if (frame->type >= FRAME_TYPE_COUNT || (frame->flags & ~flags[frame->type]) != 0)
		return false;
	if (frame->type == FRAME_POOL)
		return true;
	if (frame->type == FRAME_OVERLAY)
		return ((frame->flags & FRAME_BENEATH_ACCESS) != 0) == (frame->link != FRAME_LINK_NONE) &&
		       (frame->flags == 0 || (frame->flags & FRAME_PLACED) != 0);
	if (frame_is_lent(frame))
		return frame->partition != PARTITION_NONE && frame->link > 0;
	return frame->link == 0 &&
	       (frame->partition == PARTITION_NONE || is_deposited(frame) || frame->type == FRAME_PARENT);
}

/* Every entry by itself, and the totals. */
static void check_entries(struct checker *all) {
	uint64_t lent = 0;
	uint64_t deposited = 0;

	for (uint64_t n = 0; n < frame_table.count; n++) {
		const struct frame *frame = &frame_table.frames[n];
		struct frame_pool *pool;

		if (!makes_sense(frame))
			blame(all, n, HV_FRAME_RULE_TYPE);
		lent += frame_is_lent(frame);
		deposited += is_deposited(frame);
		if (!frame_is_lent(frame) && !is_deposited(frame))
			continue;
		pool = pool_of(all, frame->partition);
		if (pool == NULL)
			blame(all, n, HV_FRAME_RULE_OWNER_UNKNOWN);
		else
			pool->counted += is_deposited(frame);
	}
	if (lent != frame_table.lent_count || deposited != frame_table.deposited_count)
		blame(all, NO_FRAME, HV_FRAME_RULE_TABLE_COUNT);
}

/* Marks a frame of this type and the space's partition; false if it is not one,
 * or was marked already. Restoring: removes the mark, false if there is none. */
static bool mark(struct checker *all, sfn_t number, enum frame_type type, enum hv_frame_rule rule) {
	struct frame *frame = frame_find(number);
	unsigned before = all->is_restoring ? FRAME_SEEN : 0;

	if (frame == NULL || frame->type != type || frame->partition != all->space->pool->partition ||
	    (frame->flags & FRAME_SEEN) != before) {
		blame(all, number.v, rule);
		return false;
	}
	frame->flags ^= FRAME_SEEN;
	return true;
}

/* The parent reaches a frame of its space with this access, 0 not at all. */
static void judge_parents_frame(struct checker *all, uint64_t n, uint32_t access) {
	const struct frame *frame = &frame_table.frames[n];
	enum hv_frame_rule rule = HV_FRAME_RULE_PARENT_KERNEL;
	uint32_t expected = 0;

	if (frame->type == FRAME_PARENT) {
		rule = HV_FRAME_RULE_PARENT_MISSING;
		expected = HV_MAP_GPA_RWX;
	} else if (frame->type == FRAME_SHARED) {
		rule = HV_FRAME_RULE_PARENT_SHARED;
		expected = HV_MAP_GPA_READABLE | (frame->flags & FRAME_SHARED_WRITE ? HV_MAP_GPA_WRITABLE : 0);
	}
	if (frame->type >= FRAME_KERNEL && access != expected)
		blame(all, n, rule);
}

/* A leaf of the parent's, or an entry that maps nothing. */
static void visit_parents_page(struct checker *all, gpa_t at, pt_entry_t entry, unsigned level) {
	bool is_mapped = pt_format_is_present(entry);
	uint32_t access = is_mapped ? pt_format_access(entry) : 0;
	uint64_t first = at.v >> PAGE_SHIFT;

	if (is_mapped && pt_format_frame(entry, level).v != first)
		blame(all, pt_format_frame(entry, level).v, HV_FRAME_RULE_PARENT_IDENTITY);
	for (uint64_t i = 0; i < pt_level_pages(level) && first + i < frame_table.count; i++)
		judge_parents_frame(all, first + i, access);
}

/* A leaf of a child's: overlays from the top to the lowest, then what is lent. */
static void visit_childs_leaf(struct checker *all, sfn_t first, unsigned level) {
	const struct frame *overlay = frame_find(first);

	while (level == 1 && overlay != NULL && overlay->type == FRAME_OVERLAY) {
		if (!mark(all, first, FRAME_OVERLAY, HV_FRAME_RULE_OVERLAY))
			return;
		if ((overlay->flags & FRAME_PLACED) == 0)
			blame(all, first.v, HV_FRAME_RULE_OVERLAY);
		if (overlay->link == FRAME_LINK_NONE)
			return;
		first = sfn(overlay->link);
		overlay = frame_find(first);
	}
	for (uint64_t n = first.v; n < first.v + pt_level_pages(level); n++) {
		struct frame *frame = frame_find(sfn(n));

		if (frame == NULL || !frame_is_lent(frame) || frame->partition != all->space->pool->partition)
			blame(all, n, HV_FRAME_RULE_CHILD_FOREIGN);
		else
			frame->link += all->is_restoring ? 1u : ~0u;
	}
}

static void visit_table(struct checker *all, gpa_t start, sfn_t table, unsigned level) {
	const pt_entry_t *entries;

	if (!mark(all, table, FRAME_TABLE, HV_FRAME_RULE_TABLE_LINK))
		return;
	entries = frame_pointer(table);
	for (unsigned i = 0; i < PT_ENTRIES; i++) {
		pt_entry_t entry = pt_load(&entries[i]);
		gpa_t at = gpa(start.v + i * pt_level_size(level));

		if (pt_is_table(entry, level))
			visit_table(all, at, pt_format_frame(entry, level), level - 1);
		else if (all->space->is_identity)
			visit_parents_page(all, at, entry, level);
		else if (pt_format_is_present(entry))
			visit_childs_leaf(all, pt_format_frame(entry, level), level);
	}
}

/* The queue of the space's pool: free frames, each once. */
static void walk_pool(struct checker *all, const struct frame_pool *pool) {
	uint64_t length = 0;
	uint32_t last = FRAME_LINK_NONE;
	uint32_t at = pool->first;

	for (; length < pool->free_count; length++) {
		if (!mark(all, sfn(at), FRAME_POOL, HV_FRAME_RULE_POOL_LIST))
			return;
		last = at;
		at = frame_at(sfn(at))->link;
	}
	if (at != FRAME_LINK_NONE || last != pool->last)
		blame(all, at, HV_FRAME_RULE_POOL_LIST);
}

static void walk_spaces(struct checker *all) {
	for (unsigned i = 0; i < all->space_count; i++) {
		all->space = all->spaces[i];
		walk_pool(all, all->space->pool);
		if (all->space->is_alive)
			visit_table(all, gpa(0), all->space->root, PT_MAX_LEVEL);
	}
}

/* What the walk has left: every mapping of a loan was found, every free frame,
 * table and placed overlay was seen. */
static void check_found(struct checker *all) {
	for (uint64_t n = 0; n < frame_table.count; n++) {
		const struct frame *frame = &frame_table.frames[n];
		bool is_seen = (frame->flags & FRAME_SEEN) != 0;

		if (frame_is_lent(frame) && frame->link != 0)
			blame(all, n, HV_FRAME_RULE_LOAN_COUNT);
		else if (frame->type == FRAME_POOL && !is_seen)
			blame(all, n, HV_FRAME_RULE_POOL_LIST);
		else if (frame->type == FRAME_TABLE && !is_seen)
			blame(all, n, HV_FRAME_RULE_TABLE_LINK);
		else if (frame->type == FRAME_OVERLAY && !is_seen && (frame->flags & FRAME_PLACED) != 0)
			blame(all, n, HV_FRAME_RULE_OVERLAY);
	}
}

void invariants_check(struct gpa_space *const *spaces, unsigned space_count, struct hv_check_invariants_out *out) {
	struct checker all = {.spaces = spaces, .space_count = space_count, .out = out};
	struct hv_check_invariants_out again; /* the second walk finds the same again */

	check(space_count > 0 && spaces[0]->is_identity);
	*out = (struct hv_check_invariants_out){
	    .frames_checked = frame_table.count,
	    .first_bad_frame = NO_FRAME,
	};
	for (unsigned i = 0; i < space_count; i++)
		spaces[i]->pool->counted = 0;
	check_entries(&all);
	for (unsigned i = 0; i < space_count; i++)
		if (spaces[i]->pool->counted != spaces[i]->pool->total_count)
			blame(&all, NO_FRAME, HV_FRAME_RULE_POOL_COUNT);
	walk_spaces(&all);
	check_found(&all);
	again = *out;
	all.out = &again;
	all.is_restoring = true;
	walk_spaces(&all);
}
