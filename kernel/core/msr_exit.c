/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/*
 * RDMSR and WRMSR of children: guest_msr says who keeps the register and judges
 * the value, this file carries it to the keeper: hardware, local APIC, synthetic
 * MSRs and their overlay pages, or the parent.
 */
#include "core/exit.h"

#include "arch/x86/guest_fetch.h"
#include "arch/x86/vp_context.h"
#include "core/guest_msr.h"
#include "core/machine.h"
#include "core/overlay_page.h"
#include "core/partition.h"
#include "core/synic.h"
#include "core/vp_events.h"

static struct synthetic_msr_context synthetic_context(struct vp *vp) {
	struct partition *p = vp->partition;

	return (struct synthetic_msr_context){
	    .privileges = p->cpu.privileges,
	    .gpfn_limit = 1ull << (p->space.address_bits - PAGE_SHIFT),
	    .partition = &p->msrs,
	    .vp = &vp->msrs,
	    .lapic = &vp->lapic,
	    .time = &p->time,
	    .host_tsc = machine_tsc(),
	    .runtime_tsc = vp->runtime_tsc + machine_tsc() - vp->entered_tsc,
	};
}

/* False: #GP(0), as for writes. */
static bool read_msr(struct vp *vp, uint32_t msr, uint64_t *value) {
	struct synthetic_msr_context c;
	unsigned apic = msr - GUEST_MSR_LAPIC_FIRST;

	switch (guest_msr_class(msr)) {
	case GUEST_MSR_LAPIC:
		if (apic == LAPIC_IRR || vp->posted != 0)
			vp->needs_delivery = true;
		return lapic_read(&vp->lapic, LAPIC_MODE_X2APIC, apic, vp_now_ns(vp), value);
	case GUEST_MSR_SYNTHETIC:
		c = synthetic_context(vp);
		return synthetic_msr_read(&c, msr, value);
	case GUEST_MSR_HARDWARE:
		*value = vp_hw_read(&vp->hw, guest_msr_register(msr));
		return true;
	case GUEST_MSR_TSC:
		*value = reference_time_guest_tsc(&vp->partition->time, machine_tsc());
		return true;
	case GUEST_MSR_APIC_BASE:
		*value = vp->lapic.base;
		return true;
	case GUEST_MSR_TSC_AUX:
		*value = vp->tsc_aux;
		return vp->partition->cpu.limits.has_tsc_aux;
	case GUEST_MSR_PARENTS:
		break;
	}
	return false;
}

static bool write_synthetic(struct vp *vp, uint32_t msr, uint64_t value, struct synthetic_action *action) {
	struct synthetic_msr_context c = synthetic_context(vp);
	bool is_done;

	spinlock_acquire(&vp->partition->lock);
	is_done = synthetic_msr_write(&c, msr, value, action);
	action->lacks_memory = is_done && action->page != NULL && !overlay_page_set(vp, action->page, action->value);
	spinlock_release(&vp->partition->lock);
	return is_done && !action->lacks_memory;
}

static bool write_hardware(struct vp *vp, uint32_t msr, uint64_t value) {
	if (!guest_msr_judge(&vp->partition->cpu.limits, vp_read(vp, efer), vp_read(vp, cr0), msr, &value))
		return false;
	if (msr == MSR_EFER) /* NXE changes what the guest's tables mean */
		vp->hw.flush_pending = true;
	vp_hw_write(&vp->hw, guest_msr_register(msr), value);
	return true;
}

static bool write_msr(struct vp *vp, uint32_t msr, uint64_t value, struct synthetic_action *action) {
	unsigned apic = msr - GUEST_MSR_LAPIC_FIRST;

	switch (guest_msr_class(msr)) {
	case GUEST_MSR_LAPIC:
		return lapic_write(&vp->lapic, LAPIC_MODE_X2APIC, apic, value,
		                   lapic_is_timeless(apic) ? 0 : vp_now_ns(vp), &action->apic);
	case GUEST_MSR_SYNTHETIC:
		return write_synthetic(vp, msr, value, action);
	case GUEST_MSR_HARDWARE:
		return write_hardware(vp, msr, value);
	case GUEST_MSR_TSC:
		return true;
	case GUEST_MSR_APIC_BASE:
		return lapic_write_base(&vp->lapic, value);
	case GUEST_MSR_TSC_AUX:
		if (!vp->partition->cpu.limits.has_tsc_aux || value > 0xffffffff)
			return false;
		vp->tsc_aux = value;
		vp_context_switch(vp);
		return true;
	case GUEST_MSR_PARENTS:
		break;
	}
	return false;
}

/* What a write asks of core. */
static struct vp *carry_out(struct vp *vp, uint32_t msr, const struct synthetic_action *action) {
	vp->needs_delivery = true;
	vp->needs_events |= !lapic_is_timeless(msr - GUEST_MSR_LAPIC_FIRST);
	vp->hw.cr8 = lapic_cr8(&vp->lapic);
	if (action->apic.kind == LAPIC_ACTION_IPI)
		ipi_send(vp->partition, vp, &action->apic.ipi);
	if (action->is_reset)
		return intercept_plain(vp, HV_MESSAGE_RESET);
	/* The parent's I/O APIC hears of this end. */
	if (action->apic.kind == LAPIC_ACTION_EOI && action->apic.was_level)
		return intercept_eoi(vp, action->apic.vector);
	/* EOM, or a SINT that was opened: the parent may post again. */
	return synic_take_wanted(vp) ? intercept_plain(vp, HV_MESSAGE_SINT_DELIVERABLE) : vp;
}

struct vp *msr_access_exit(struct vp *vp, const struct vp_exit *exit) {
	bool is_write = exit->reason == VP_EXIT_MSR_WRITE;
	uint64_t *gpr = vp_gpr(vp);
	uint64_t value = gpr[HV_RDX] << 32 | (uint32_t)gpr[HV_RAX];
	/* The parent may write the register page at any time: read once. */
	uint32_t msr = (uint32_t)(*(volatile uint64_t *)&gpr[HV_RCX]);
	struct synthetic_action action = {0};
	/* First the length, then the effect: a write happens once or not at all. */
	unsigned length = vp_instruction_length(vp, exit, is_write ? OPCODE_WRMSR : OPCODE_RDMSR);

	if (length == 0)
		return vp;
	if (guest_msr_class(msr) == GUEST_MSR_PARENTS)
		return intercept_msr(vp, (uint8_t)length, is_write ? HV_INTERCEPT_WRITE : HV_INTERCEPT_READ);
	/* The TPR lives in the processor while the VP runs. */
	lapic_set_cr8(&vp->lapic, vp->hw.cr8);
	if (is_write ? !write_msr(vp, msr, value, &action) : !read_msr(vp, msr, &value))
		return action.lacks_memory ? intercept_plain(vp, HV_MESSAGE_INSUFFICIENT_MEMORY)
		                           : vp_inject_exception(vp, VECTOR_GP, true, 0);
	vp_skip_bytes(vp, length);
	if (is_write)
		return carry_out(vp, msr, &action);
	gpr[HV_RAX] = (uint32_t)value;
	gpr[HV_RDX] = value >> 32;
	return vp;
}
