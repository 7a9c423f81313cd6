/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/* The wait itself; events and the call's handler. */
#include "core/vp.h"

#include "core/hypercall.h"
#include "core/exit.h"
#include "core/machine.h"
#include "core/partition.h"
#include "core/sched.h"

static uint64_t result(uint32_t reasons, const struct vp *intercepted) {
	uint64_t slot = intercepted != NULL ? intercepted->slot : HV_SLOT_NONE;

	return (uint64_t)reasons << HV_VP_WAIT_REASON_SHIFT | slot << HV_VP_WAIT_SLOT_SHIFT;
}

/* Device and software events, and the words of ports that have any. */
#define EVENT_WORDS (offsetof(struct hv_event_page, port) / 8)

static bool has_events(const struct vp *vp) {
	const uint64_t *words = (const uint64_t *)vp->events;
	uint64_t any = 0;

#pragma GCC unroll 16
	for (unsigned i = 0; i < EVENT_WORDS; i++)
		any |= __atomic_load_n(&words[i], __ATOMIC_SEQ_CST);
	return any != 0;
}

void vp_wait_complete(struct vp *vp, const struct vp *intercepted) {
	uint32_t reasons = has_events(vp) ? HV_VP_WAIT_EVENT : 0;

	if (intercepted != NULL)
		reasons |= HV_VP_WAIT_INTERCEPT;
	if (reasons == 0)
		reasons = HV_VP_WAIT_TIMEOUT;
	vp_gpr(vp)[HV_RAX] = result(reasons, intercepted);
	vp->last_wait_tsc = machine_tsc();
}

void vp_wait_signal(struct vp *vp, unsigned word, uint64_t bits) {
	uint64_t *words = (uint64_t *)vp->events;

	__atomic_fetch_or(&words[word], bits, __ATOMIC_SEQ_CST);
	sched_wake_waiter(vp);
}

/* A bit that is set already has been told, or whoever set it is about to. */
void vp_wait_signal_port(struct vp *vp, uint32_t port) {
	uint64_t bit = 1ull << port % 64;
	unsigned word = port / 64;

	if (!(__atomic_fetch_or(&vp->events->port[word], bit, __ATOMIC_SEQ_CST) & bit))
		vp_wait_signal(vp, offsetof(struct hv_event_page, port_words) / 8 + word / 64, 1ull << word % 64);
}

/* Takes over the register page of the VP to resume; *is_released is false if what
 * it says was refused: that is an intercept again. Lock: the VP's partition's, until
 * the VP is released: two VPs of the parent may name one slot at once, and a call
 * may be at its registers. */
static enum hv_status take_over(struct vp *vp, bool *is_released) {
	enum vp_state_rule rule;
	uint64_t value = 0;

	/* Queued: its intercept has not been given to the parent yet. Loaded: the
	 * parent cannot know of its intercept yet. */
	if (!(vp->hold & HOLD_INTERCEPT) || (vp->hold & HOLD_DEAD) || vp_is_queued(vp) ||
	    (vp->hw.loaded_on != NULL && vp->hw.loaded_on != this_cpu()))
		return HV_STATUS_INVALID_VP_STATE;
	*is_released = false;
	if (vp->partition->has_lost_memory) {
		intercept_machine_check(vp);
		return HV_STATUS_SUCCESS;
	}
	rule = intercept_resume(vp, &value);
	*is_released = rule == VP_RULE_NONE;
	if (rule != VP_RULE_NONE)
		(void)intercept_invalid_state(vp, rule, value, 0);
	return HV_STATUS_SUCCESS;
}

/* Releases a VP (NULL: none) and waits until `deadline`, unless there is something
 * to say at once. */
static void wait(struct hypercall *hc, struct vp *resumed, uint64_t deadline) {
	struct vp *vp = hc->vp;
	struct vp *other = vp->is_io ? sched_take_intercept(vp->home) : NULL;
	uint32_t reasons = (other != NULL ? HV_VP_WAIT_INTERCEPT : 0) | (has_events(vp) ? HV_VP_WAIT_EVENT : 0);
	bool is_near;

	hc->is_waiting = reasons == 0 && deadline != 0;
	is_near = hc->is_waiting && resumed != NULL && resumed->home == vp->home;
	if (resumed != NULL && !is_near)
		sched_release(resumed, HOLD_INTERCEPT);
	if (!hc->is_waiting) {
		hc->result = result(reasons, other);
		return;
	}
	hc->next = sched_wait(vp, is_near ? resumed : NULL);
	sched_set_timer(vp, reference_time_host_tsc(&parent_partition.time, deadline));
	/* A signal, or another processor's intercept, may have come between look and hold. */
	if (has_events(vp) || (vp->is_io && sched_has_intercepts(vp->home)))
		sched_wake_waiter(vp);
}

/* RDX: flags and slot, R8: deadline in the caller's reference time. */
enum hv_status call_vp_wait(struct hypercall *hc) {
	uint32_t slot = (uint32_t)(hc->fast[0] >> 32);
	struct vp *vp = partition_vp_of_slot(slot);
	bool is_released = false;
	enum hv_status status;

	if ((uint32_t)hc->fast[0] != 0 || (slot != HV_SLOT_NONE && vp == NULL))
		return HV_STATUS_INVALID_PARAMETER;
	hc->vp->last_wait_tsc = machine_tsc();
	if (slot == HV_SLOT_NONE) {
		wait(hc, NULL, hc->fast[1]);
		return HV_STATUS_SUCCESS;
	}
	spinlock_acquire(&vp->partition->lock);
	status = take_over(vp, &is_released);
	if (status == HV_STATUS_SUCCESS)
		wait(hc, is_released ? vp : NULL, hc->fast[1]);
	spinlock_release(&vp->partition->lock);
	return status;
}
