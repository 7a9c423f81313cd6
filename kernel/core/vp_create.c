/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/* A VP's five frames, and the order in which they come and go. */
#include "core/vp.h"

#include "arch/x86/vp_context.h"
#include "core/cpu.h"
#include "core/overlay_page.h"
#include "core/partition.h"
#include "core/sched.h"
#include "lib/string.h"
#include "mm/frame_owner.h"

/* Those from here on are shared with the parent. */
#define FIRST_SHARED FRAME_OF_REGISTERS

static void give_back(struct partition *p, const sfn_t *frames, unsigned count) {
	for (unsigned i = 0; i < count; i++) {
		if (frame_at(frames[i])->type == FRAME_SHARED)
			frame_owner_unshare(&parent_partition.space, frames[i]);
		frame_pool_free(&p->pool, frames[i]);
	}
}

static enum hv_status take(struct partition *p, sfn_t *frames) {
	enum hv_status status = HV_STATUS_SUCCESS;
	unsigned count = 0;

	while (status == HV_STATUS_SUCCESS && count < VP_FRAMES) {
		status = frame_pool_allocate(&p->pool, FRAME_OBJECT, &frames[count]);
		if (status == HV_STATUS_SUCCESS && count++ >= FIRST_SHARED)
			status = frame_owner_share(&parent_partition.space, frames[count - 1], true);
	}
	if (status != HV_STATUS_SUCCESS)
		give_back(p, frames, count);
	return status;
}

struct vp *vp_init(struct partition *p, uint32_t index, const sfn_t frames[VP_FRAMES]) {
	struct vp *vp = frame_pointer(frames[FRAME_OF_VP]);

	memcpy(vp->frame, frames, sizeof(vp->frame));
	vp->partition = p;
	vp->index = index;
	vp->xsave = frame_pointer(frames[FRAME_OF_XSAVE]);
	vp->registers = frame_pointer(frames[FRAME_OF_REGISTERS]);
	vp->hw.control_spa = sfn_to_spa(frames[FRAME_OF_CONTROL]);
	vp->hw.control = frame_pointer(frames[FRAME_OF_CONTROL]);
	vp->hw.gpr = p->is_parent ? vp->own_gpr : vp->registers->gpr;
	vp->hw.gpa_root = sfn_to_spa(p->space.root);
	vp->hw.is_parent = p->is_parent;
	vp->hw.index = index;
	timer_node_init(&vp->timer);
	list_init(&vp->link);
	vp_context_init(vp);
	vp->hw.tsc_offset = p->time.tsc_offset;
	vp_hw_init(&vp->hw);
	return vp;
}

static void init_models(struct vp *vp) {
	vp_reset(vp);
	lapic_init(&vp->lapic, vp->index, vp->index == 0);
	synthetic_msr_init_vp(&vp->msrs, vp->index);
	vp->needs_events = true;
	vp->waits_for_sipi = vp->index != 0;
	/* The parent ends the suspension of VP 0, a SIPI the wait of the others. */
	vp->hold = vp->index == 0 ? HOLD_EXPLICIT : HOLD_STARTUP;
	if (vp->partition->is_suspended)
		vp->hold |= HOLD_PARTITION;
}

enum hv_status vp_create(struct partition *p, uint32_t index, struct vp **out) {
	sfn_t frames[VP_FRAMES];
	struct vp *vp;
	enum hv_status status;

	if (index >= p->cpu.vp_count)
		return HV_STATUS_INVALID_VP_INDEX;
	if (p->vp[index] != NULL)
		return HV_STATUS_OBJECT_IN_USE;
	partition_memory_lock(p);
	status = take(p, frames);
	partition_memory_unlock(p);
	if (status != HV_STATUS_SUCCESS)
		return status;
	vp = vp_init(p, index, frames);
	vp->registers->version = 1;
	vp->registers->is_valid = 1;
	vp->intercept = frame_pointer(frames[FRAME_OF_INTERCEPT]);
	init_models(vp);
	vp->slot = p->id % MAX_PARTITIONS * HV_MAX_VPS + index;
	vp->home = sched_place();
	p->vp_count++;
	__atomic_store_n(&p->vp[index], vp, __ATOMIC_RELEASE);
	*out = vp;
	return HV_STATUS_SUCCESS;
}

bool vp_stop(struct vp *vp) {
	if (!(vp->hold & HOLD_DEAD))
		sched_reap(vp);
	return __atomic_load_n(&vp->is_reaped, __ATOMIC_ACQUIRE);
}

void vp_destroy(struct vp *vp) {
	struct partition *p = vp->partition;
	sfn_t frames[VP_FRAMES];

	overlay_page_release_vp(vp);
	memcpy(frames, vp->frame, sizeof(frames));
	give_back(p, frames, VP_FRAMES);
	p->vp_count--;
}
