/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/* Placing, moving and filling overlay pages. */
#include "core/overlay_page.h"

#include "core/partition.h"
#include "core/vp.h"
#include "core/vp_events.h"
#include "lib/string.h"

static void fill(const struct partition *p, const sfn_t *frame) {
	uint8_t *bytes = frame_pointer(*frame);

	if (frame == &p->hypercall_page) {
		/* 0xcc is INT3: a jump to a wrong offset is seen at once. */
		memset(bytes, 0xcc, PAGE_SIZE);
		memcpy(bytes, vp_hw_hypercall_bytes, sizeof(vp_hw_hypercall_bytes));
		bytes[3] = 0xc3; /* RET */
	} else if (frame == &p->reference_tsc_page) {
		reference_time_fill_page(&p->time, frame_pointer(*frame));
	}
}

static gpa_t place_of(uint64_t msr) { return gpa(msr & ~(PAGE_SIZE - 1)); }

/* Moves one overlay from where the old value of its MSR has it to where the new one
 * does; allocates and fills its frame at first use. */
static bool place(struct partition *p, uint64_t old, uint64_t new, sfn_t *frame, uint32_t access) {
	bool was_enabled = old & HV_PAGE_MSR_ENABLE;
	bool is_enabled = new &HV_PAGE_MSR_ENABLE;
	pt_entry_t *slot;

	if (is_enabled == was_enabled && (!is_enabled || place_of(old).v == place_of(new).v))
		return true;
	if (is_enabled && frame->v == 0) {
		if (frame_pool_allocate(&p->pool, FRAME_OVERLAY, frame) != HV_STATUS_SUCCESS)
			return false;
		fill(p, frame);
	}
	/* With the frame and the tables there, nothing can fail. */
	if (is_enabled && gpa_space_reach(&p->space, place_of(new), 1, &slot) != HV_STATUS_SUCCESS)
		return false;
	if (was_enabled)
		gpa_overlay_clear(&p->space, place_of(old), *frame);
	if (is_enabled)
		check(gpa_overlay_set(&p->space, place_of(new), *frame, access) == HV_STATUS_SUCCESS);
	return true;
}

/* The VPs of the partition see the change at their next entry; those that run are
 * made to leave. */
static void flush_partition(struct vp *vp) {
	const struct partition *p = vp->partition;

	vp->hw.flush_pending = true;
	partition_for_each_vp (other, p)
		if (other != vp)
			vp_post(other, POSTED_FLUSH);
}

struct page {
	const uint64_t *msr;
	sfn_t *frame;
	uint32_t access;
};

/* The frame behind a page MSR, and how the guest may use it. */
static struct page page_of(struct vp *vp, const uint64_t *msr) {
	struct partition *p = vp->partition;
	const struct page pages[] = {
	    {&p->msrs.hypercall, &p->hypercall_page, HV_MAP_GPA_READABLE | HV_MAP_GPA_EXECUTABLE},
	    {&p->msrs.reference_tsc, &p->reference_tsc_page, HV_MAP_GPA_READABLE},
	    {&vp->msrs.siefp, &vp->event_flags_page, HV_MAP_GPA_READABLE | HV_MAP_GPA_WRITABLE},
	    {&vp->msrs.simp, &vp->message_page, HV_MAP_GPA_READABLE | HV_MAP_GPA_WRITABLE},
	    {&vp->msrs.vp_assist_page, &vp->assist_page, HV_MAP_GPA_READABLE | HV_MAP_GPA_WRITABLE},
	};
	unsigned i = 0;

	while (pages[i].msr != msr)
		i++;
	return pages[i];
}

bool overlay_page_set(struct vp *vp, uint64_t *msr, uint64_t value) {
	struct page page = page_of(vp, msr);
	bool is_done;

	spinlock_acquire(&memory_lock);
	is_done = place(vp->partition, *msr, value, page.frame, page.access);
	spinlock_release(&memory_lock);
	if (!is_done)
		return false;
	if (*msr != value)
		flush_partition(vp);
	*msr = value;
	return true;
}

static void release(struct partition *p, sfn_t *frame, uint64_t msr) {
	if (frame->v == 0)
		return;
	if (frame_at(*frame)->flags & FRAME_PLACED)
		gpa_overlay_clear(&p->space, place_of(msr), *frame);
	frame_pool_free(&p->pool, *frame);
	frame->v = 0;
}

void overlay_page_release_partition(struct partition *p) {
	release(p, &p->hypercall_page, p->msrs.hypercall);
	release(p, &p->reference_tsc_page, p->msrs.reference_tsc);
}

void overlay_page_release_vp(struct vp *vp) {
	release(vp->partition, &vp->assist_page, vp->msrs.vp_assist_page);
	release(vp->partition, &vp->message_page, vp->msrs.simp);
	release(vp->partition, &vp->event_flags_page, vp->msrs.siefp);
}
