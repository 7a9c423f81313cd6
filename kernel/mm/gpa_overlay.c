/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/*
 * Overlay pages, see gpa_overlay.h. What an overlay hides is kept in its own
 * entry of the frame table: the frame beneath (lent memory, or the next overlay)
 * and the access with which it was mapped.
 */
#include "mm/gpa_space.h"

struct frame *gpa_overlay_bottom(struct pt_position at) {
	pt_entry_t entry = pt_load(at.entry);
	uint64_t n = pt_format_is_present(entry) ? pt_format_frame(entry, at.level).v : FRAME_LINK_NONE;
	struct frame *bottom = NULL;

	for (; n != FRAME_LINK_NONE && frame_at(sfn(n))->type == FRAME_OVERLAY; n = bottom->link)
		bottom = frame_at(sfn(n));
	return bottom;
}

static struct frame *overlay_at(const struct gpa_space *space, sfn_t overlay) {
	struct frame *frame = frame_at(overlay);

	check(frame->type == FRAME_OVERLAY && frame->partition == space->pool->partition);
	return frame;
}

enum hv_status gpa_overlay_set(struct gpa_space *space, gpa_t at, sfn_t overlay, uint32_t access) {
	struct frame *frame = overlay_at(space, overlay);
	pt_entry_t beneath;
	pt_entry_t *slot;
	enum hv_status status;

	check(!space->is_identity);
	check((frame->flags & FRAME_PLACED) == 0);
	if (!gpa_space_holds_page(space, at, 1))
		return HV_STATUS_INVALID_PARAMETER;
	status = gpa_space_reach(space, at, 1, &slot);
	if (status != HV_STATUS_SUCCESS)
		return status;

	beneath = pt_load(slot);
	frame->flags = FRAME_PLACED;
	if (pt_format_is_present(beneath)) {
		frame->flags = FRAME_PLACED | (pt_format_access(beneath) & FRAME_BENEATH_ACCESS);
		frame->link = (uint32_t)pt_format_frame(beneath, 1).v;
	}
	pt_store(slot, pt_format_leaf(overlay, 1, access));
	return HV_STATUS_SUCCESS;
}

/* Puts what the overlay hides into its place, in the table or in the overlay
 * that lies over it. */
static void uncover(struct gpa_space *space, pt_entry_t *slot, sfn_t overlay) {
	const struct frame *frame = frame_at(overlay);
	sfn_t at = pt_format_frame(pt_load(slot), 1);
	struct frame *above = NULL;

	for (; at.v != overlay.v; at = sfn(above->link))
		above = overlay_at(space, at);
	if (above != NULL) {
		above->link = frame->link;
		above->flags = frame->flags;
	} else if (frame->link == FRAME_LINK_NONE) {
		pt_clear(slot);
	} else {
		pt_store(slot, pt_format_leaf(sfn(frame->link), 1, frame->flags & FRAME_BENEATH_ACCESS));
	}
}

void gpa_overlay_clear(struct gpa_space *space, gpa_t gpa, sfn_t overlay) {
	struct frame *frame = overlay_at(space, overlay);
	struct pt_position at = pt_walk(space->root, gpa, 1);

	check((frame->flags & FRAME_PLACED) != 0);
	check(at.level == 1 && pt_format_is_present(pt_load(at.entry)));
	uncover(space, at.entry, overlay);
	frame->flags = 0;
	frame->link = FRAME_LINK_NONE;
	frame_stamp(frame);
}
