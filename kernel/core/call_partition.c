/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/*
 * Life and death of a partition [TLFS "Partition Management"]: create,
 * initialize, finalize, delete, properties.
 */
#include "core/boot.h"
#include "core/hypercall.h"
#include "core/machine.h"
#include "core/overlay_page.h"
#include "core/partition.h"
#include "core/port.h"
#include "core/sched.h"
#include "core/cpu.h"
#include "core/vp.h"
#include "lib/bits.h"

/* Entries and frames that one pass of a teardown handles. */
#define TEARDOWN_BUDGET 128u

/* The structure comes from the caller's deposit and goes back there. */
static void free_structure(sfn_t frame) {
	partition_memory_lock(NULL);
	frame_pool_free(&parent_partition.pool, frame);
	partition_memory_unlock(NULL);
}

enum hv_status call_create_partition(struct hypercall *hc) {
	const struct hv_create_partition_in *in = hc->in;
	struct hv_create_partition_out *out = hc->out;
	struct partition *p;
	enum hv_status status;
	sfn_t frame;

	if (in->flags != 0 || in->reserved != 0 || in->vp_count == 0 || in->vp_count > HV_MAX_VPS)
		return HV_STATUS_INVALID_PARAMETER;
	status = guest_cpuid_check_child(in->privileges, in->hints);
	if (status != HV_STATUS_SUCCESS)
		return status;
	partition_memory_lock(NULL);
	status = frame_pool_allocate(&parent_partition.pool, FRAME_OBJECT, &frame);
	partition_memory_unlock(NULL);
	if (status != HV_STATUS_SUCCESS)
		return status;
	p = frame_pointer(frame);
	p->frame = frame;
	p->space.pool = &p->pool; /* the invariant checker looks at it before the space lives */
	spinlock_init(&p->lock, RANK_CHILD);
	p->state = PARTITION_CREATED;
	p->msrs.version = HV_STATE_PARTITION_MSRS_VERSION;
	p->cpu.privileges = in->privileges;
	p->cpu.hints = in->hints;
	p->cpu.vp_count = in->vp_count;
	p->cpu.limits.physical_bits = parent_partition.cpu.limits.physical_bits;
	status = partition_enter(p);
	if (status == HV_STATUS_SUCCESS)
		out->partition_id = p->id;
	else
		free_structure(frame);
	return status;
}

enum hv_status call_initialize_partition(struct hypercall *hc) {
	struct partition *p = hc->partition;
	unsigned address_bits = (unsigned)smaller(boot.physical_bits, 40);
	enum hv_status status;

	if (p->is_parent || p->state != PARTITION_CREATED)
		return HV_STATUS_INVALID_PARTITION_STATE;
	spinlock_acquire(&memory_lock);
	status = gpa_space_init(&p->space, &p->pool, address_bits, boot.has_huge_leaves);
	spinlock_release(&memory_lock);
	if (status != HV_STATUS_SUCCESS)
		return status;
	check(reference_time_init(&p->time, machine_tsc_hz(), machine_tsc()));
	p->state = PARTITION_ACTIVE;
	return HV_STATUS_SUCCESS;
}

/* Every VP stops and is let go by its home; then all processors forget them, and
 * they are freed. */
static enum hv_status free_vps(struct hypercall *hc) {
	struct partition *p = hc->partition;
	bool is_stopped = true;
	enum hv_status status;
	struct vp *vp;

	partition_for_each_vp (each, p)
		is_stopped &= vp_stop(each);
	if (!is_stopped)
		return HYPERCALL_AGAIN;
	status = partition_quiesce(&hc->partition);
	if (status != HV_STATUS_SUCCESS)
		return status;
	partition_memory_lock(p);
	while ((vp = partition_vp_after(p, NULL)) != NULL) {
		p->vp[vp->index] = NULL;
		vp_destroy(vp);
	}
	overlay_page_release_partition(p);
	port_release_partition(p);
	partition_memory_unlock(p);
	return HYPERCALL_AGAIN;
}

/* Restartable: each pass does a bounded part and is called again. First the VPs
 * go, then memory goes back to the pool. */
enum hv_status call_finalize_partition(struct hypercall *hc) {
	struct partition *p = hc->partition;
	bool is_done = p->state == PARTITION_CREATED;

	if (p->is_parent || p->state >= PARTITION_FINALIZED)
		return HV_STATUS_INVALID_PARTITION_STATE;
	if (!is_done) {
		p->state = PARTITION_FINALIZING;
		if (p->vp_count > 0)
			return free_vps(hc);
		partition_memory_lock(p);
		is_done = gpa_space_destroy_some(&p->space, TEARDOWN_BUDGET);
		partition_memory_unlock(p);
	}
	if (!is_done)
		return HYPERCALL_AGAIN;
	p->state = PARTITION_FINALIZED;
	hypercall_unlock(hc);
	shootdown();
	machine_check_retire();
	return HV_STATUS_SUCCESS;
}

enum hv_status call_delete_partition(struct hypercall *hc) {
	struct partition *p = hc->partition;

	if (p->is_parent)
		return HV_STATUS_ACCESS_DENIED;
	if (p->state != PARTITION_FINALIZED)
		return HV_STATUS_INVALID_PARTITION_STATE;
	if (p->pool.total_count != 0)
		return HV_STATUS_OBJECT_IN_USE;
	p->state = PARTITION_DELETED;
	hypercall_unlock(hc);
	partition_leave(p);
	/* Whoever found it before has gone when all have passed their run loops. */
	shootdown();
	free_structure(p->frame);
	return HV_STATUS_SUCCESS;
}

enum hv_status call_get_partition_id(struct hypercall *hc) {
	struct hv_get_partition_id_out *out = hc->out;

	out->partition_id = hc->caller->id;
	return HV_STATUS_SUCCESS;
}

enum hv_status call_get_partition_property(struct hypercall *hc) {
	const struct hv_get_partition_property_in *in = hc->in;
	struct hv_get_partition_property_out *out = hc->out;
	const struct partition *p = hc->partition;
	const struct {
		enum hv_partition_property property;
		uint64_t value;
	} rows[] = {
	    {HV_PROPERTY_PRIVILEGES, p->cpu.privileges},
	    {HV_PROPERTY_SUSPEND, p->is_suspended},
	    {HV_PROPERTY_TIME_FREEZE, p->time.is_frozen},
	    {HV_PROPERTY_REFERENCE_TIME, reference_time_at(&p->time, machine_tsc())},
	    {HV_PROPERTY_DEPOSIT_FREE, p->pool.free_count},
	    {HV_PROPERTY_DEPOSIT_TOTAL, p->pool.total_count},
	};

	for (unsigned i = 0; i < ARRAY_COUNT(rows); i++)
		if (rows[i].property == in->property) {
			out->value = rows[i].value;
			return HV_STATUS_SUCCESS;
		}
	return HV_STATUS_UNKNOWN_PROPERTY;
}

/* Until no VP is in its processor's hands any more. */
static enum hv_status set_suspend(struct partition *p, bool is_suspended) {
	enum hv_status status = HV_STATUS_SUCCESS;

	p->is_suspended = is_suspended;
	partition_for_each_vp (vp, p) {
		if (!is_suspended)
			sched_release(vp, HOLD_PARTITION);
		else if (sched_hold(vp, HOLD_PARTITION))
			status = HYPERCALL_AGAIN;
	}
	return status;
}

/* Time stops and goes on only while no VP runs: the TSC offset changes. */
static enum hv_status set_freeze(struct partition *p, bool is_frozen) {
	if (!p->is_suspended)
		return HV_STATUS_INVALID_PARTITION_STATE;
	partition_for_each_vp (vp, p)
		if (sched_hold(vp, 0))
			return HYPERCALL_AGAIN;
	if (is_frozen) {
		reference_time_freeze(&p->time, machine_tsc());
		return HV_STATUS_SUCCESS;
	}
	reference_time_thaw(&p->time, machine_tsc());
	partition_for_each_vp (vp, p) {
		vp->hw.tsc_offset = p->time.tsc_offset;
		__atomic_fetch_or(&vp->posted, POSTED_REFRESH | POSTED_FLUSH, __ATOMIC_SEQ_CST);
	}
	return HV_STATUS_SUCCESS;
}

enum hv_status call_set_partition_property(struct hypercall *hc) {
	const struct hv_set_partition_property_in *in = hc->in;

	if (in->property != HV_PROPERTY_SUSPEND && in->property != HV_PROPERTY_TIME_FREEZE)
		return HV_STATUS_UNKNOWN_PROPERTY;
	if (in->value > 1)
		return HV_STATUS_PROPERTY_VALUE_OUT_OF_RANGE;
	return in->property == HV_PROPERTY_SUSPEND ? set_suspend(hc->partition, in->value)
	                                           : set_freeze(hc->partition, in->value);
}
