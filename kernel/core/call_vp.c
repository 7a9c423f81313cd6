/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/*
 * VP calls: create, delete, registers, virtual interrupts
 * [TLFS "Virtual Processor Management"].
 */
#include "core/hypercall.h"
#include "core/exit.h"
#include "core/partition.h"
#include "core/sched.h"
#include "core/vp_events.h"
#include "core/vp.h"

enum hv_status call_create_vp(struct hypercall *hc) {
	const struct hv_create_vp_in *in = hc->in;
	struct hv_create_vp_out *out = hc->out;
	struct vp *vp;
	enum hv_status status;

	if (in->flags != 0 || in->apic_id != in->vp_index)
		return HV_STATUS_INVALID_PARAMETER;
	status = vp_create(hc->partition, in->vp_index, &vp);
	if (status != HV_STATUS_SUCCESS)
		return status;
	out->slot = vp->slot;
	out->register_page_gpa = sfn_to_spa(vp->frame[FRAME_OF_REGISTERS]).v;
	out->intercept_page_gpa = sfn_to_spa(vp->frame[FRAME_OF_INTERCEPT]).v;
	return HV_STATUS_SUCCESS;
}

/* Restartable as FinalizePartition is. */
enum hv_status call_delete_vp(struct hypercall *hc) {
	struct vp *vp = hc->target;
	enum hv_status status;

	if (!vp_stop(vp))
		return HYPERCALL_AGAIN;
	__atomic_store_n(&hc->partition->vp[vp->index], NULL, __ATOMIC_RELEASE);
	/* Another VP may be sending it an interrupt at this moment. */
	status = partition_quiesce(&hc->partition);
	if (status != HV_STATUS_SUCCESS)
		return status;
	partition_memory_lock(hc->partition);
	vp_destroy(vp);
	partition_memory_unlock(hc->partition);
	return HV_STATUS_SUCCESS;
}

/* Registers of a VP that cannot run: the parent holds it. */
static bool is_accessible(struct vp *vp) {
	return (vp->hold & (HOLD_EXPLICIT | HOLD_PARTITION | HOLD_INTERCEPT | HOLD_STARTUP)) &&
	       !(vp->hold & HOLD_DEAD) && !sched_hold(vp, 0) &&
	       (vp->hw.loaded_on == NULL || vp->hw.loaded_on == this_cpu());
}

enum hv_status call_get_vp_registers(struct hypercall *hc) {
	const struct hv_vp_registers_in *in = hc->in;
	const uint32_t *name = hc->element;

	if (in->input_vtl != 0)
		return HV_STATUS_INVALID_PARAMETER;
	if (!is_accessible(hc->target))
		return HV_STATUS_INVALID_VP_STATE;
	return vp_register_get(hc->target, *name, hc->out_element);
}

/* Letting a VP go judges the state that was set while it was suspended. */
static enum hv_status end_suspension(struct vp *vp) {
	uint64_t value;

	if (!(vp->hold & HOLD_EXPLICIT))
		return HV_STATUS_SUCCESS;
	if (!(vp->hold & HOLD_INTERCEPT)) {
		if (!is_accessible(vp))
			return HV_STATUS_INVALID_VP_STATE;
		if (intercept_resume(vp, &value) != VP_RULE_NONE)
			return HV_STATUS_INVALID_REGISTER_VALUE;
	}
	sched_release(vp, HOLD_EXPLICIT);
	return HV_STATUS_SUCCESS;
}

/* Suspension itself works on a running VP; all else needs it held. */
enum hv_status call_set_vp_registers(struct hypercall *hc) {
	const struct hv_vp_registers_in *in = hc->in;
	const struct hv_register_assoc *a = hc->element;
	struct vp *vp = hc->target;

	if (in->input_vtl != 0)
		return HV_STATUS_INVALID_PARAMETER;
	if (a->name != HV_REGISTER_EXPLICIT_SUSPEND)
		return is_accessible(vp) ? vp_register_set(vp, a->name, &a->value) : HV_STATUS_INVALID_VP_STATE;
	if (a->value.u64 > 1)
		return HV_STATUS_INVALID_REGISTER_VALUE;
	if (a->value.u64 == 0)
		return end_suspension(vp);
	(void)sched_hold(vp, HOLD_EXPLICIT);
	return HV_STATUS_SUCCESS;
}

enum hv_status call_assert_virtual_interrupt(struct hypercall *hc) {
	const struct hv_assert_virtual_interrupt_in *in = hc->in;
	uint32_t type = (uint32_t)in->control;
	/* The TLFS numbers the types as the ICR does its delivery modes. */
	struct lapic_ipi ipi = {.mode = (enum lapic_ipi_mode)type,
	                        .is_logical = in->control & HV_INTERRUPT_CONTROL_LOGICAL,
	                        .is_level = in->control & HV_INTERRUPT_CONTROL_LEVEL,
	                        .destination = (uint32_t)in->destination,
	                        .vector = (uint8_t)in->vector};

	if (in->control >> 34 || in->target_vtl != 0 || in->destination >> 32)
		return HV_STATUS_INVALID_PARAMETER;
	if (type != HV_INTERRUPT_TYPE_NMI &&
	    (type > HV_INTERRUPT_TYPE_LOWEST_PRIORITY || in->vector < 16 || in->vector > 255))
		return HV_STATUS_INVALID_PARAMETER;
	if (ipi.destination == 0xff && !ipi.is_logical)
		ipi.destination = LAPIC_BROADCAST;
	ipi_send(hc->partition, NULL, &ipi);
	return HV_STATUS_SUCCESS;
}

/* A spin lock of the guest is contended: let others run. Guests that see the
 * hint off never call it, those that do lose the rest of their slice. */
enum hv_status call_notify_long_spin_wait(struct hypercall *hc) {
	sched_end_slice(hc->vp);
	return HV_STATUS_SUCCESS;
}
