/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/*
 * Memory calls [TLFS "Guest Physical Address Space"]: deposits, loans, scrubbing.
 * All are rep calls, so each function handles one page; a pass does a bounded
 * number of them, and what changed is flushed once per pass.
 */
#include "core/hypercall.h"
#include "core/machine.h"
#include "core/partition.h"
#include "mm/frame_owner.h"

enum hv_status call_deposit_memory(struct hypercall *hc) {
	struct partition *p = hc->partition;
	const uint64_t *gpfn = hc->element;
	enum hv_status status;

	if (p->state >= PARTITION_FINALIZING)
		return HV_STATUS_INVALID_PARTITION_STATE;
	partition_memory_lock(p);
	status = frame_owner_deposit(&parent_partition.space, &p->pool, sfn(*gpfn));
	if (status == HV_STATUS_SUCCESS)
		machine_frame_map(sfn(*gpfn));
	partition_memory_unlock(p);
	hc->needs_shootdown |= status == HV_STATUS_SUCCESS;
	return status;
}

enum hv_status call_withdraw_memory(struct hypercall *hc) {
	struct partition *p = hc->partition;
	uint64_t *gpfn = hc->out_element;
	enum hv_status status;
	sfn_t frame;

	partition_memory_lock(p);
	status = frame_owner_withdraw(&parent_partition.space, &p->pool, &frame);
	if (status == HV_STATUS_SUCCESS) {
		machine_frame_unmap(frame);
		*gpfn = frame.v;
	}
	partition_memory_unlock(p);
	/* The kernel's own translations of these frames go; and a frame that was not
	 * flushed yet is ready at the next pass. */
	hc->needs_shootdown |= status == HV_STATUS_SUCCESS || status == HV_STATUS_OBJECT_IN_USE;
	return status == HV_STATUS_OBJECT_IN_USE ? HYPERCALL_AGAIN : status;
}

#define SIZE_FLAGS (HV_MAP_GPA_LARGE_PAGE | HV_MAP_GPA_HUGE_PAGE)

/* Judges the flags and where rep n goes: n pages further. Returns the level, or 0:
 * two sizes, or past what GPAs may be. A large page is 512 frame entries, or 262,144:
 * one per pass. */
static unsigned level_of(struct hypercall *hc, uint32_t flags, uint64_t *gpfn) {
	unsigned level = flags & HV_MAP_GPA_HUGE_PAGE ? 3 : flags & HV_MAP_GPA_LARGE_PAGE ? 2 : 1;

	*gpfn += (uint64_t)hc->rep_done << (level - 1) * 9;
	if ((flags & SIZE_FLAGS) == SIZE_FLAGS || *gpfn >> 40)
		return 0;
	if (level > 1)
		hc->work += HYPERCALL_PASS_WORK;
	return level;
}

_Static_assert(sizeof(struct hv_map_gpa_pages_in) == sizeof(struct hv_unmap_gpa_pages_in), "one form");

/* Maps the page of the caller's that `source` names, or (NULL) unmaps. */
static enum hv_status change(struct hypercall *hc, const uint64_t *source, uint32_t allowed) {
	const struct hv_map_gpa_pages_in *in = hc->in;
	struct gpa_space *space = &hc->partition->space;
	uint64_t gpfn = in->target_gpfn;
	unsigned level = level_of(hc, in->flags, &gpfn);
	enum hv_status status;

	if (level == 0 || (in->flags & ~allowed) || in->reserved != 0)
		return HV_STATUS_INVALID_PARAMETER;
	partition_memory_lock(hc->partition);
	if (source != NULL)
		status = gpa_space_map(space, gpa(gpfn << PAGE_SHIFT), sfn(*source), level, in->flags & HV_MAP_GPA_RWX);
	else
		status = gpa_space_unmap(space, gpa(gpfn << PAGE_SHIFT), level);
	partition_memory_unlock(hc->partition);
	hc->needs_shootdown |= source == NULL && status == HV_STATUS_SUCCESS;
	return status;
}

enum hv_status call_map_gpa_pages(struct hypercall *hc) { return change(hc, hc->element, SIZE_FLAGS | HV_MAP_GPA_RWX); }

enum hv_status call_unmap_gpa_pages(struct hypercall *hc) { return change(hc, NULL, SIZE_FLAGS); }

enum hv_status call_scrub_pages(struct hypercall *hc) {
	const struct hv_scrub_pages_in *in = hc->in;
	const uint64_t *gpfn = hc->element;
	bool is_large = in->flags == HV_MAP_GPA_LARGE_PAGE;
	enum hv_status status;

	if ((in->flags != 0 && !is_large) || in->reserved != 0)
		return HV_STATUS_INVALID_PARAMETER;
	/* A 2 MiB page is half a million bytes of stores: one per pass. */
	hc->work += is_large ? HYPERCALL_PASS_WORK : 1;
	partition_memory_lock(NULL);
	status = frame_owner_scrub(sfn(*gpfn), is_large ? 512 : 1);
	partition_memory_unlock(NULL);
	return status;
}
