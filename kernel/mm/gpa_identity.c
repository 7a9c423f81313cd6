/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/* The parent's identity map and its holes, see gpa_identity.h. */
#include "mm/gpa_space.h"

enum hv_status gpa_identity_fill(struct gpa_space *space, sfn_t frame, unsigned level, uint32_t access) {
	pt_entry_t *slot;
	enum hv_status status;

	check(space->is_identity && frame.v >> (space->address_bits - PAGE_SHIFT) == 0);
	status = gpa_space_reach(space, gpa(sfn_to_spa(frame).v), level, &slot);
	if (status != HV_STATUS_SUCCESS)
		return status;
	check(!pt_format_is_present(pt_load(slot)));
	pt_store(slot, pt_format_leaf(frame, level, access));
	return HV_STATUS_SUCCESS;
}

enum hv_status gpa_identity_init(struct gpa_space *space, struct frame_pool *pool, unsigned address_bits,
                                 bool has_huge_leaves) {
	unsigned level = has_huge_leaves ? 3 : 2;
	enum hv_status status = gpa_space_init(space, pool, address_bits, has_huge_leaves);
	uint64_t end = 1ull << (address_bits - PAGE_SHIFT);

	space->is_identity = true;
	for (uint64_t n = 0; n < end && status == HV_STATUS_SUCCESS; n += pt_level_pages(level))
		status = gpa_identity_fill(space, sfn(n), level, HV_MAP_GPA_RWX);
	return status;
}

enum hv_status gpa_identity_punch(struct gpa_space *space, sfn_t first, uint64_t count) {
	uint64_t end = first.v + count;

	check(space->is_identity && end >= first.v);
	for (uint64_t n = first.v; n < end;) {
		unsigned level = PT_LEAF_LEVELS;
		enum hv_status status;

		while (!is_aligned(n, pt_level_pages(level)) || end - n < pt_level_pages(level))
			level--;
		status = gpa_space_unmap(space, gpa(sfn_to_spa(sfn(n)).v), level);
		if (status != HV_STATUS_SUCCESS)
			return status;
		n += pt_level_pages(level);
	}
	return HV_STATUS_SUCCESS;
}
