/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/*
 * What a guest's kernel asks of many of its own VPs at once: to forget translations,
 * and interrupts [TLFS "Virtual MMU"], [TLFS "HvCallSendSyntheticClusterIpi"]. A
 * flush forgets all that a VP has: the address space and the list are only hints.
 */
#include "core/cpu.h"
#include "core/hypercall.h"
#include "core/partition.h"
#include "core/sched.h"
#include "core/vp.h"
#include "core/vp_events.h"
#include "core/vp_set.h"

/* Looks at the targets before the caller passes the run loop and asks again: no more
 * than others may wait for this processor. */
#define FLUSH_LOOKS 256u

#define FLUSH_FLAGS (HV_FLUSH_ALL_PROCESSORS | HV_FLUSH_ALL_SPACES | HV_FLUSH_NON_GLOBAL_ONLY)

static enum hv_status read_set(const struct hypercall *hc, const struct hv_vp_set *set, uint64_t *vps) {
	return vp_set_read(set, (hc->in_size - hc->entry->in_size) / 8u, hc->caller->cpu.vp_count, vps);
}

/* One of them may still be in the guest on old translations. Who does not run takes
 * what is posted before it does, and who has taken one since is out of the guest: the
 * flag alone would not do, for others that flush set it again and again. */
static bool is_awaited(const struct partition *p, uint64_t vps, const uint32_t flushes[]) {
	partition_for_each_vp (vp, p)
		if ((vps >> vp->index & 1) && (__atomic_load_n(&vp->posted, __ATOMIC_SEQ_CST) & POSTED_FLUSH) &&
		    __atomic_load_n(&vp->flushes, __ATOMIC_SEQ_CST) == flushes[vp->index] && sched_is_running(vp))
			return true;
	return false;
}

/* As in a shootdown, two may wait for each other: serve while waiting. */
static enum hv_status flush(struct hypercall *hc, uint64_t vps) {
	struct vp *self = hc->vp;
	uint32_t flushes[HV_MAX_VPS]; /* of each VP, after it was asked */

	if (vps >> self->index & 1)
		self->hw.flush_pending = true;
	vps &= ~(1ull << self->index);
	partition_for_each_vp (vp, hc->caller) {
		bool is_asked;

		if (!(vps >> vp->index & 1))
			continue;
		is_asked = __atomic_fetch_or(&vp->posted, POSTED_FLUSH, __ATOMIC_SEQ_CST) & POSTED_FLUSH;
		flushes[vp->index] = __atomic_load_n(&vp->flushes, __ATOMIC_SEQ_CST);
		if (!is_asked) /* else whoever asked has kicked it */
			(void)sched_hold(vp, 0);
	}
	for (unsigned n = 0; is_awaited(hc->caller, vps, flushes); n++) {
		if (n == FLUSH_LOOKS)
			return HYPERCALL_AGAIN;
		if (__atomic_fetch_and(&self->posted, ~POSTED_FLUSH, __ATOMIC_SEQ_CST) & POSTED_FLUSH)
			vp_take_flush(self);
		shootdown_service(this_cpu());
		__builtin_ia32_pause();
	}
	/* The whole list, of which this was the first element. */
	if (hc->rep_count != 0)
		hc->rep_done = hc->rep_count - 1;
	return HV_STATUS_SUCCESS;
}

enum hv_status call_flush_virtual_address_space(struct hypercall *hc) {
	const struct hv_flush_in *in = hc->in;
	uint64_t vps = ~0ull;
	enum hv_status status = HV_STATUS_SUCCESS;

	if (in->flags & ~FLUSH_FLAGS)
		return HV_STATUS_INVALID_PARAMETER;
	if (!(in->flags & HV_FLUSH_ALL_PROCESSORS))
		status = vp_set_of_mask(in->processor_mask, hc->caller->cpu.vp_count, &vps);
	return status == HV_STATUS_SUCCESS ? flush(hc, vps) : status;
}

enum hv_status call_flush_virtual_address_list(struct hypercall *hc) { return call_flush_virtual_address_space(hc); }

enum hv_status call_flush_virtual_address_space_ex(struct hypercall *hc) {
	const struct hv_flush_ex_in *in = hc->in;
	uint64_t vps;
	enum hv_status status = read_set(hc, &in->processor_set, &vps);

	if (in->flags & ~FLUSH_FLAGS)
		return HV_STATUS_INVALID_PARAMETER;
	return status != HV_STATUS_SUCCESS ? status : flush(hc, in->flags & HV_FLUSH_ALL_PROCESSORS ? ~0ull : vps);
}

enum hv_status call_flush_virtual_address_list_ex(struct hypercall *hc) {
	return call_flush_virtual_address_space_ex(hc);
}

static enum hv_status send(const struct hypercall *hc, const struct hv_cluster_ipi *ipi, uint64_t vps) {
	if (ipi->vector < LAPIC_FIRST_VECTOR || ipi->vector > 0xff || ipi->target_vtl != 0)
		return HV_STATUS_INVALID_PARAMETER;
	ipi_send_set(hc->caller, vps, (uint8_t)ipi->vector);
	return HV_STATUS_SUCCESS;
}

enum hv_status call_send_synthetic_cluster_ipi(struct hypercall *hc) {
	const struct hv_cluster_ipi_in *in = hc->in;
	uint64_t vps;
	enum hv_status status = vp_set_of_mask(in->processor_mask, hc->caller->cpu.vp_count, &vps);

	return status == HV_STATUS_SUCCESS ? send(hc, &in->ipi, vps) : status;
}

enum hv_status call_send_synthetic_cluster_ipi_ex(struct hypercall *hc) {
	const struct hv_cluster_ipi_ex_in *in = hc->in;
	uint64_t vps;
	enum hv_status status = read_set(hc, &in->processor_set, &vps);

	return status == HV_STATUS_SUCCESS ? send(hc, &in->ipi, vps) : status;
}
