/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/*
 * Who handles which exit, and the handlers that children and the parent share.
 * Handled here only what isolation, time or interrupt delivery needs; everything
 * else becomes an intercept (architecture.md decision 2).
 */
#include "core/exit.h"

#include "arch/x86/guest_fetch.h"
#include "arch/x86/vp_context.h"
#include "core/cpu.h"
#include "core/hypercall.h"
#include "core/machine.h"
#include "core/partition.h"
#include "core/vp_events.h"
#include "lib/log.h"

typedef struct vp *(*exit_handler)(struct vp *vp, const struct vp_exit *exit);

/* Nothing to do but to look at the VP's events before it is entered again. */
static struct vp *again_exit(struct vp *vp, const struct vp_exit *exit maybe_unused) {
	vp->needs_delivery = true;
	return vp;
}

static struct vp *interrupt_exit(struct vp *vp, const struct vp_exit *exit maybe_unused) {
	vp_hw_put();
	machine_take_interrupts();
	return vp;
}

static struct vp *cpuid_exit(struct vp *vp, const struct vp_exit *exit) {
	uint64_t *gpr = vp_gpr(vp);
	uint32_t leaf = (uint32_t)gpr[HV_RAX];
	uint32_t subleaf = (uint32_t)gpr[HV_RCX];
	struct guest_cpuid_vp state = {
	    .vp_index = vp->index, .xcr0 = vp->xcr0, .is_apic_disabled = lapic_mode(&vp->lapic) == LAPIC_MODE_DISABLED};
	uint32_t out[CPUID_OUTPUTS];

	if (!vp_skip_instruction(vp, exit, OPCODE_CPUID))
		return vp;
	if (leaf == 1 || leaf == 7) /* only these mirror it */
		state.cr4 = vp_read(vp, cr4);
	/* The parent decides what children are shown: it sees the machine. */
	if (vp->partition->is_parent && !guest_cpuid_is_hypervisors(leaf))
		machine_cpuid(leaf, subleaf, out);
	else
		guest_cpuid(&vp->partition->cpu, &state, leaf, subleaf, out);
	gpr[HV_RAX] = out[CPUID_EAX];
	gpr[HV_RBX] = out[CPUID_EBX];
	gpr[HV_RCX] = out[CPUID_ECX];
	gpr[HV_RDX] = out[CPUID_EDX];
	return vp;
}

static struct vp *hlt_exit(struct vp *vp, const struct vp_exit *exit) {
	/* A single step ends the halt at once. */
	if (!vp_skip_instruction(vp, exit, OPCODE_HLT) || vp->hw.event != 0)
		return vp;
	return vp_events_halt(vp) ? vp : NULL;
}

/* XSETBV [SDM 2C "XSETBV"]: CPL 0, register 0, a value that the limits allow. */
static struct vp *xsetbv_exit(struct vp *vp, const struct vp_exit *exit) {
	const uint64_t *gpr = vp_gpr(vp);
	uint64_t value = gpr[HV_RDX] << 32 | (uint32_t)gpr[HV_RAX];

	if (!(vp_read(vp, cr4) & CR4_OSXSAVE))
		return vp_inject_exception(vp, VECTOR_UD, false, 0);
	if (vp_hw_cpl(&vp->hw) != 0 || (uint32_t)gpr[HV_RCX] != 0 ||
	    !cpu_limits_xcr0_is_valid(&vp->partition->cpu.limits, value))
		return vp_inject_exception(vp, VECTOR_GP, true, 0);
	if (!vp_skip_instruction(vp, exit, OPCODE_XSETBV))
		return vp;
	vp->xcr0 = value;
	vp_context_switch(vp);
	return vp;
}

/* MOV to CR4 [SDM 2B "MOV—Move to/from Control Registers"]: bits that the level
 * allows, and nothing that 64-bit mode forbids to change. */
static bool cr4_is_legal(const struct vp *vp, uint64_t value) {
	uint64_t old = vp_read(vp, cr4);
	bool is_long = vp_read(vp, efer) & EFER_LMA;

	/* MCE is kept set whatever the guest writes. It is tolerated because not every
	 * machine intercepts the read that shows it (docs/emulators.md). */
	if (value & ~(vp->partition->cpu.limits.cr4_allowed | CR4_MCE))
		return false;
	if (is_long && (!(value & CR4_PAE) || ((old ^ value) & CR4_LA57)))
		return false;
	return !(value & ~old & CR4_PCIDE) || (is_long && !(vp_read(vp, cr3) & 0xfff));
}

static struct vp *cr_exit(struct vp *vp, const struct vp_exit *exit maybe_unused) {
	uint64_t *gpr = vp_gpr(vp);
	struct fetch_mov_cr mov;
	uint64_t value;

	if (!vp_fetch_mov_cr(vp, &mov))
		return vp;
	/* The parent may write the register page at any time: read once, then judged. */
	value = *(volatile uint64_t *)&gpr[mov.gpr];
	if (mov.is_write && (mov.cr == 4 ? !cr4_is_legal(vp, value) : value > 15))
		return vp_inject_exception(vp, VECTOR_GP, true, 0);
	if (!mov.is_write) {
		gpr[mov.gpr] = mov.cr == 8 ? vp->hw.cr8 : vp_read(vp, cr4);
	} else if (mov.cr == 8) {
		vp->hw.cr8 = (uint8_t)value;
		vp->needs_delivery = true;
	} else {
		vp_write(vp, cr4, value);
		vp->hw.flush_pending = true;
	}
	vp_skip_bytes(vp, mov.length);
	return vp;
}

/* The caches belong to the machine: writing them back is slow for everybody and
 * invalidating them loses other partitions' data. */
static struct vp *cache_exit(struct vp *vp, const struct vp_exit *exit) {
	if (!vp_skip_instruction(vp, exit, OPCODE_INVD_OR_WBINVD))
		return vp;
	return vp;
}

/* #UD for what does not exist, #GP(0) for what the guest may not do. */
static struct vp *refused_exit(struct vp *vp, const struct vp_exit *exit) {
	bool exists = exit->reason != VP_EXIT_UNDEFINED && exit->reason != VP_EXIT_DEBUG_REGISTERS;

	return vp_inject_exception(vp, exists ? VECTOR_GP : VECTOR_UD, exists, 0);
}

/* #DB and #AC go back to the guest; #MC is the host's, and its own handler has
 * looked at the banks when the interrupt window was opened. */
static struct vp *exception_exit(struct vp *vp, const struct vp_exit *exit) {
	unsigned vector = exit->u.exception.vector;

	if (vector != VECTOR_NM && vector != VECTOR_MC)
		return vp_inject_exception(vp, vector, exit->u.exception.has_error, exit->u.exception.error);
	if (vector == VECTOR_NM) {
		vp_context_fpu_trap(vp);
	} else {
		vp_hw_put();
		machine_check_now();
	}
	return vp;
}

static struct vp *debug_exit(struct vp *vp, const struct vp_exit *exit maybe_unused) {
	vp_context_use_debug(vp);
	return vp;
}

static struct vp *triple_fault_exit(struct vp *vp, const struct vp_exit *exit maybe_unused) {
	return intercept_plain(vp, HV_MESSAGE_UNRECOVERABLE_EXCEPTION);
}

static struct vp *invalid_state_exit(struct vp *vp, const struct vp_exit *exit) {
	this_cpu()->count.failed_entries++;
	return intercept_invalid_state(vp, VP_RULE_HARDWARE, vp_read(vp, rip), exit->hardware_code);
}

static struct vp *unexpected_exit(struct vp *vp, const struct vp_exit *exit) {
	log_warning("partition %x vp %u: unexpected exit %lx at %lx", vp->partition->id, vp->index, exit->hardware_code,
	            vp_read(vp, rip));
	return intercept_plain(vp, HV_MESSAGE_UNSUPPORTED_FEATURE);
}

static const struct {
	exit_handler child;
	exit_handler parent;
} handlers[VP_EXIT_REASON_COUNT] = {
    [VP_EXIT_NONE] = {again_exit, again_exit},
    [VP_EXIT_INTERRUPT] = {interrupt_exit, interrupt_exit},
    [VP_EXIT_NMI] = {interrupt_exit, interrupt_exit},
    [VP_EXIT_INTERRUPT_WINDOW] = {again_exit, again_exit},
    [VP_EXIT_NMI_WINDOW] = {again_exit, again_exit},
    [VP_EXIT_CPUID] = {cpuid_exit, cpuid_exit},
    [VP_EXIT_HLT] = {hlt_exit, refused_exit},
    [VP_EXIT_HYPERCALL] = {hypercall_exit, hypercall_exit},
    [VP_EXIT_MSR_READ] = {msr_access_exit, parent_msr_exit},
    [VP_EXIT_MSR_WRITE] = {msr_access_exit, refused_exit},
    [VP_EXIT_IO] = {intercept_io, parent_io_exit},
    [VP_EXIT_GPA_FAULT] = {intercept_memory, parent_memory_exit},
    [VP_EXIT_XSETBV] = {xsetbv_exit, refused_exit},
    [VP_EXIT_CR] = {cr_exit, refused_exit},
    [VP_EXIT_CACHE] = {cache_exit, cache_exit},
    [VP_EXIT_UNDEFINED] = {refused_exit, refused_exit},
    [VP_EXIT_PRIVILEGED] = {refused_exit, refused_exit},
    [VP_EXIT_EXCEPTION] = {exception_exit, exception_exit},
    [VP_EXIT_DEBUG_REGISTERS] = {debug_exit, refused_exit},
    [VP_EXIT_TRIPLE_FAULT] = {triple_fault_exit, parent_death_exit},
    [VP_EXIT_INVALID_STATE] = {invalid_state_exit, parent_death_exit},
    [VP_EXIT_UNEXPECTED] = {unexpected_exit, parent_death_exit},
};

struct vp *exit_handle(struct vp *vp, const struct vp_exit *exit) {
	if (vp->partition->is_parent)
		return handlers[exit->reason].parent(vp, exit);
	vp_eoi_assist_sync(vp);
	return handlers[exit->reason].child(vp, exit);
}
