/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/*
 * Delivery: posted events go into the models, the models say what is
 * deliverable, the vendor injects it or gives a window. The common case, nothing
 * new, costs two tests before an entry.
 */
#include "core/vp_events.h"

#include "core/cpu.h"
#include "core/machine.h"
#include "core/partition.h"
#include "core/sched.h"
#include "core/synic.h"
#include "core/vp.h"
#include "lib/bits.h"

uint64_t vp_now_ns(const struct vp *vp) { return reference_time_ns(&vp->partition->time, machine_tsc()); }

void vp_post(struct vp *vp, uint32_t bits) {
	__atomic_fetch_or(&vp->posted, bits, __ATOMIC_SEQ_CST);
	sched_release(vp, HOLD_HALT | HOLD_STARTUP);
}

void vp_post_interrupt(struct vp *vp, uint8_t vector, bool is_level) {
	if (is_level)
		bitmap_set_atomic(vp->posted_level, vector);
	else
		__atomic_fetch_and(&vp->posted_level[vector / 64], ~BIT(vector % 64), __ATOMIC_SEQ_CST);
	bitmap_set_atomic(vp->posted_irr, vector);
	vp_post(vp, POSTED_INTERRUPTS);
}

static struct hv_vp_assist_page *assist_page(const struct vp *vp) { return frame_pointer(vp->assist_page); }

/* Takes the guest's answer, if it has given one; `is_over` takes the offer back. */
static void assist_end(struct vp *vp, bool is_over) {
	uint32_t *word;
	uint32_t old;

	if (!vp->eoi_assist_set)
		return;
	word = &assist_page(vp)->apic_assist;
	old = is_over ? __atomic_fetch_and(word, ~HV_VP_ASSIST_NO_EOI, __ATOMIC_SEQ_CST)
	              : __atomic_load_n(word, __ATOMIC_ACQUIRE);
	if (!(old & HV_VP_ASSIST_NO_EOI))
		(void)lapic_eoi(&vp->lapic);
	vp->eoi_assist_set = !is_over && (old & HV_VP_ASSIST_NO_EOI);
}

void vp_eoi_assist_sync(struct vp *vp) { assist_end(vp, false); }

/* Something waits for the end of the interrupt in service: the guest must say. */
static void assist_withdraw(struct vp *vp) { assist_end(vp, true); }

static void assist_offer(struct vp *vp) {
	if (!(vp->msrs.vp_assist_page & HV_PAGE_MSR_ENABLE) || vp->assist_page.v == 0 ||
	    !lapic_may_skip_eoi(&vp->lapic))
		return;
	__atomic_fetch_or(&assist_page(vp)->apic_assist, HV_VP_ASSIST_NO_EOI, __ATOMIC_SEQ_CST);
	vp->eoi_assist_set = true;
}

/* Architectural INIT of a child's VP: state, local APIC, general registers. */
static void reset(struct vp *vp) {
	vp_reset(vp);
	assist_withdraw(vp);
	lapic_reset(&vp->lapic);
	vp->home->current = NULL; /* that is loaded before the next entry */
	vp->has_nmi = false;
	vp->is_halted = false;
	vp->waits_for_sipi = true;
	vp->needs_events = true;
}

static void take_interrupts(struct vp *vp) {
	for (unsigned w = 0; w < 4; w++) {
		uint64_t bits = __atomic_exchange_n(&vp->posted_irr[w], 0, __ATOMIC_SEQ_CST);
		uint64_t level = __atomic_load_n(&vp->posted_level[w], __ATOMIC_SEQ_CST);

		while (bits != 0) {
			unsigned b = bit_lowest(bits);

			bits &= bits - 1;
			lapic_accept(&vp->lapic, (uint8_t)(w * 64 + b), (level >> b) & 1);
		}
	}
}

static void take_posted(struct vp *vp) {
	uint32_t posted = __atomic_exchange_n(&vp->posted, 0, __ATOMIC_SEQ_CST);

	if (posted & POSTED_INIT)
		reset(vp);
	if ((posted & POSTED_SIPI) && vp->waits_for_sipi) {
		struct vp_state s;

		vp_hw_get_state(&vp->hw, &s);
		vp_state_startup(&s, __atomic_load_n(&vp->sipi_vector, __ATOMIC_SEQ_CST));
		vp_hw_set_state(&vp->hw, &s);
		vp->waits_for_sipi = false;
	}
	if (posted & POSTED_NMI)
		vp->has_nmi = true;
	if (posted & POSTED_INTERRUPTS)
		take_interrupts(vp);
	if (posted & POSTED_FLUSH)
		vp_take_flush(vp);
	vp->needs_delivery = true;
	if (posted & ~(POSTED_INTERRUPTS | POSTED_FLUSH))
		vp->needs_events = true;
}

/* The earliest time at which a timer of this VP has something to do. */
static void arm_timers(struct vp *vp) {
	const struct reference_time *t = &vp->partition->time;
	uint64_t lapic = reference_time_host_tsc_of_ns(t, lapic_timer_deadline(&vp->lapic));
	uint64_t stimer = reference_time_host_tsc(t, stimer_deadline(&vp->msrs.stimers));

	sched_set_timer(vp, smaller(lapic, stimer));
}

static void expire_timers(struct vp *vp) {
	uint32_t raised;

	lapic_timer_expire(&vp->lapic, vp_now_ns(vp));
	raised = stimer_expire(&vp->msrs.stimers, reference_time_at(&vp->partition->time, machine_tsc()));
	for (unsigned i = 0; i < HV_STIMER_COUNT; i++)
		if (raised >> i & 1)
			lapic_accept(&vp->lapic, stimer_vector(&vp->msrs.stimers.timer[i]), false);
	if (synic_post_timers(vp))
		take_interrupts(vp);
}

static void inject_nmi(struct vp *vp) {
	vp->hw.wants_nmi_window = vp_hw_nmi_blocked(&vp->hw) || vp->hw.event != 0;
	if (vp->hw.wants_nmi_window)
		return;
	vp->hw.event = HV_EVENT_PENDING | HV_EVENT_TYPE_NMI << HV_EVENT_TYPE_SHIFT;
	vp->has_nmi = false;
	vp->is_halted = false;
}

static bool can_interrupt(const struct vp *vp) {
	return (vp_read(vp, rflags) & RFLAGS_IF) && !vp_read(vp, interrupt_shadow) && vp->hw.event == 0;
}

static void inject_interrupt(struct vp *vp) {
	int vector;

	vp->hw.window = 0;
	if (lapic_highest(&vp->lapic, LAPIC_IRR) < 0)
		return; /* mostly */
	vector = lapic_pending(&vp->lapic);
	if (vector >= 0 && can_interrupt(vp)) {
		assist_withdraw(vp);
		vector = lapic_pending(&vp->lapic);
		lapic_acknowledge(&vp->lapic, (uint8_t)vector);
		if (synic_is_auto_eoi(vp, (unsigned)vector))
			(void)lapic_eoi(&vp->lapic);
		vp->hw.event = HV_EVENT_PENDING | (uint64_t)vector << HV_EVENT_VECTOR_SHIFT;
		vp->is_halted = false;
		assist_offer(vp);
	}
	vector = lapic_highest(&vp->lapic, LAPIC_IRR);
	if (vector >= 0)
		assist_withdraw(vp);
	/* Blocked by TPR, IF, a shadow or the event before it: exit when it opens.
	 * Blocked by what is in service: the end of that exits anyway. */
	if (vector >> 4 <= lapic_highest(&vp->lapic, LAPIC_ISR) >> 4)
		vector = 0;
	vp->hw.window = (uint8_t)vector;
}

static void evaluate(struct vp *vp) {
	vp_eoi_assist_sync(vp);
	lapic_set_cr8(&vp->lapic, vp->hw.cr8);
	if (vp->needs_events)
		expire_timers(vp);
	if (vp->has_nmi)
		inject_nmi(vp);
	inject_interrupt(vp);
	if (vp->needs_events)
		arm_timers(vp);
	vp->needs_events = false;
	/* An NMI that could not go in yet is tried again at the next exit. */
	vp->needs_delivery = vp->has_nmi;
}

bool vp_events_prepare(struct vp *vp) {
	uint32_t hold;

	if (__atomic_load_n(&vp->posted, __ATOMIC_ACQUIRE) != 0)
		take_posted(vp);
	if (!vp->needs_events && !vp->needs_delivery)
		return true;
	if (!vp->waits_for_sipi)
		evaluate(vp);
	if (!vp->waits_for_sipi && !vp->is_halted)
		return true;
	vp->needs_delivery = true;
	hold = vp->waits_for_sipi ? HOLD_STARTUP : HOLD_HALT;
	(void)sched_hold(vp, hold);
	/* Something may have come between the look and the hold. */
	if (__atomic_load_n(&vp->posted, __ATOMIC_SEQ_CST) != 0)
		sched_release(vp, hold);
	return false;
}

bool vp_events_halt(struct vp *vp) {
	vp->is_halted = true;
	vp->needs_delivery = true;
	return vp_events_prepare(vp);
}
