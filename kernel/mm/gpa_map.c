/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/*
 * Mapping and unmapping of lent pages in a child's space, see gpa_space.h. A page
 * is put into the largest leaf that fits; where a table is in its place already,
 * it goes, piece by piece, into the entries of that table.
 */
#include "mm/gpa_space.h"

#include "mm/frame_owner.h"

static bool is_valid_access(uint32_t access) {
	uint32_t execute = access & HV_MAP_GPA_EXECUTABLE;

	return (access & ~HV_MAP_GPA_RWX) == 0 && (access & HV_MAP_GPA_READABLE) != 0 &&
	       (execute == 0 || execute == HV_MAP_GPA_EXECUTABLE);
}

/* Where page `n` of those from `first` is mapped, or would be. */
static struct pt_position position_of(const struct gpa_space *space, gpa_t first, uint64_t n) {
	return pt_walk(space->root, gpa(first.v + n * PAGE_SIZE), 1);
}

/* Nothing is mapped there, or only overlays with nothing beneath. */
static bool is_free(struct pt_position at) {
	const struct frame *bottom = gpa_overlay_bottom(at);

	return bottom != NULL ? bottom->link == FRAME_LINK_NONE : !pt_format_is_present(pt_load(at.entry));
}

/* Maps frames where it is_free. */
static void fill(struct pt_position at, sfn_t source, uint32_t access) {
	struct frame *bottom = gpa_overlay_bottom(at);

	if (bottom == NULL) {
		pt_store(at.entry, pt_format_leaf(source, at.level, access));
		return;
	}
	bottom->link = (uint32_t)source.v;
	bottom->flags = FRAME_PLACED | (access & FRAME_BENEATH_ACCESS);
}

enum hv_status gpa_space_map(struct gpa_space *space, gpa_t to, sfn_t source, unsigned level, uint32_t access) {
	struct pt_position at;
	pt_entry_t *slot;
	uint64_t pages;
	enum hv_status status;

	check(!space->is_identity);
	if (!gpa_space_holds_page(space, to, level) || !is_valid_access(access) ||
	    !is_aligned(source.v, pt_level_pages(level)))
		return HV_STATUS_INVALID_PARAMETER;
	pages = pt_level_pages(level);
	status = frame_owner_may_lend(source, pages, space->pool->partition);
	if (status != HV_STATUS_SUCCESS)
		return status;
	for (uint64_t n = 0; n < pages; n += pt_level_pages(at.level)) {
		at = position_of(space, to, n);
		if (!is_free(at))
			return HV_STATUS_OBJECT_IN_USE;
	}
	if (level == 3 && !space->has_huge_leaves)
		level = 2;
	status = gpa_space_reach(space, to, level, &slot);
	if (status != HV_STATUS_SUCCESS)
		return status;

	/* The loan first: the guest must not reach what is not lent to it. */
	frame_owner_lend(source, pages, space->pool->partition);
	for (uint64_t n = 0; n < pages; n += pt_level_pages(at.level)) {
		at = position_of(space, to, n);
		fill(at, sfn(source.v + n), access);
	}
	return HV_STATUS_SUCCESS;
}

enum hv_status gpa_space_unmap(struct gpa_space *space, gpa_t from, unsigned level) {
	struct pt_position at;
	pt_entry_t *slot;
	enum hv_status status;

	if (!gpa_space_holds_page(space, from, level))
		return HV_STATUS_INVALID_PARAMETER;
	at = pt_walk(space->root, from, level);
	if (!pt_format_is_present(pt_load(at.entry)))
		return HV_STATUS_SUCCESS;
	status = gpa_space_reach(space, from, level, &slot);
	if (status != HV_STATUS_SUCCESS)
		return status;

	for (uint64_t n = 0; n < pt_level_pages(level); n += pt_level_pages(at.level)) {
		at = position_of(space, from, n);
		(void)gpa_space_clear_leaf(space, at);
	}
	return HV_STATUS_SUCCESS;
}
