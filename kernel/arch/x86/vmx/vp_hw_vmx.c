/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/*
 * The vendor waist on Intel VMX: entering a VP, and reading and changing it between
 * entries. What the VMCS contains is decided in vmx_setup.c and vmx_state.c, what an
 * exit means in vmx_exit.c.
 */
#include "arch/x86/vp_hw.h"

#include "arch/x86/hw_event.h"
#include "arch/x86/insn.h"
#include "arch/x86/vmx/vmx_cpu.h"
#include "arch/x86/vmx/vmx_exit.h"
#include "core/boot.h"
#include "core/cpu.h"
#include "core/machine.h"
#include "lib/bits.h"

_Static_assert(sizeof(struct vmx_vp) <= sizeof(((struct vp_hw *)0)->vendor), "vendor words");

unsigned vmx_enter(uint64_t *gpr, bool is_launched);

const uint8_t vp_hw_hypercall_bytes[3] = {0x0f, 0x01, 0xc1};

static struct vp_maps maps[2]; /* of children, of the parent */

/* MSRs that a VMCS or our own loading gives each VP, so that a guest may use them
 * without an exit and without seeing another's; the parent only the first two. A child may also
 * read the syscall MSRs. */
static const uint32_t open_msrs[] = {
    0xc0000100, 0xc0000101, MSR_KERNEL_GS_BASE, /* FS, GS base */
    0x174,      0x175,      0x176,              /* SYSENTER_CS, ESP, EIP */
};

static void make_maps(bool is_parent) {
	spa_t msr = boot_allocate(PAGE_SIZE, PAGE_SIZE);
	spa_t io = boot_allocate(2 * PAGE_SIZE, PAGE_SIZE);
	uint8_t *bits = frame_pointer(spa_to_sfn(msr));

	port_map_fill(frame_pointer(spa_to_sfn(io)), 2 * PAGE_SIZE, is_parent);
	memset(bits, 0xff, PAGE_SIZE);
	for (unsigned i = 0; i < (is_parent ? 2 : ARRAY_COUNT(open_msrs)); i++)
		check(vmx_msr_map_allow(bits, open_msrs[i], true));
	for (unsigned i = 0; i < (is_parent ? 0 : SYSCALL_MSRS); i++)
		check(vmx_msr_map_allow(bits, MSR_STAR + i, false));
	maps[is_parent] = (struct vp_maps){.ports = io.v, .msrs = msr.v};
}

/* VPs of the parent are made before the processors' own start, so the boot
 * processor turns VMX on here. */
void vp_hw_init_shared(void) {
	const char *missing;

	make_maps(false);
	make_maps(true);
	for (uint32_t i = 0; i < cpu_count; i++)
		vmx_cpus[i].region = boot_allocate(PAGE_SIZE, PAGE_SIZE);
	missing = vp_hw_cpu_enable(this_cpu());
	if (missing != NULL)
		panic("cpu %u: virtualization lacks %s", this_cpu()->index, missing);
}

void vp_hw_init(struct vp_hw *hw) {
	memset(hw->control, 0, PAGE_SIZE);
	*(uint32_t *)hw->control = vmx_revision;
	vmx_cpu_release(hw);
	vmx_cpu_select(hw);
	vmx_setup_controls(&vmx_controls, &maps[hw->is_parent], hw);
	vmx_cpu_host();
	vmx_vp_of(hw)->applied = VP_WISHES_NONE;
	vmx_cpu_release(hw);
}

/* CR2, DR6, KERNEL_GS_BASE and the syscall MSRs, into this processor. The kernel uses
 * none of the last: a child's stay while the parent runs. */
static void load_registers(const struct vp_hw *hw) {
	struct vmx_cpu *vmx = &vmx_cpus[this_cpu()->index];
	const struct vmx_vp *vp = vmx_vp_of(hw);

	if (read_cr2() != vp->cr2)
		write_cr2(vp->cr2);
	if (hw->is_parent)
		return;
	if (hw->uses_debug)
		write_dr6(vp->dr6);
	wrmsr(MSR_KERNEL_GS_BASE, vp->kernel_gs_base);
	for (uint32_t i = 0; i < SYSCALL_MSRS; i++) {
		if (vmx->syscall[i] != vp->syscall[i]) {
			vmx->syscall[i] = vp->syscall[i];
			wrmsr(MSR_STAR + i, vp->syscall[i]);
		}
	}
}

static void save_registers(const struct vp_hw *hw) {
	struct vmx_vp *vp = vmx_vp_of(hw);

	vp->cr2 = read_cr2();
	if (hw->is_parent)
		return;
	if (hw->uses_debug)
		vp->dr6 = read_dr6();
	vp->kernel_gs_base = rdmsr(MSR_KERNEL_GS_BASE);
}

static void unload(struct vmx_cpu *vmx) {
	if (vmx->loaded != NULL) {
		save_registers(vmx->loaded);
		vmx_cpu_release(vmx->loaded);
		vmx->loaded->loaded_on = NULL;
		vmx->loaded = NULL;
	}
}

/* An exit has loaded all of the host's own state already. */
void vp_hw_put(void) { unload(&vmx_cpus[this_cpu()->index]); }

static void load(struct vmx_cpu *vmx, struct vp_hw *hw) {
	struct vmx_vp *vp = vmx_vp_of(hw);

	unload(vmx);
	vmx_cpu_select(hw);
	if (vp->cpu != vmx) {
		vmx_cpu_host();
		vp->cpu = vmx;
		hw->flush_pending = true;
	}
	load_registers(hw);
	vmx->loaded = hw;
	hw->loaded_on = this_cpu();
}

/* TPR keeps the interrupt window shut [SDM 3A 11.8.3.1 "Task and Processor
 * Priorities"]. */
static bool window_is_open(const struct vp_hw *hw) { return hw->window >> 4 > hw->cr8; }

static void trap_fpu(struct vp_hw *hw) {
	uint64_t exceptions = vmcs_read(VMCS_EXCEPTION_BITMAP) & ~BIT(7);
	uint64_t cr0 = vmx_cr0_get();

	vmcs_write(VMCS_EXCEPTION_BITMAP, exceptions | (hw->traps_fpu ? BIT(7) : 0));
	vmx_vp_of(hw)->traps_fpu = hw->traps_fpu;
	vmx_cr0_set(vmx_vp_of(hw), cr0);
}

/* What core wishes, when something of it has changed. */
static void write_wishes(struct vp_hw *hw) {
	struct vmx_vp *vp = vmx_vp_of(hw);
	uint32_t primary = vmx_controls.word[VMX_WORD_PRIMARY];

	if (window_is_open(hw))
		primary |= VMX_PRIMARY_INTERRUPT_WINDOW;
	if (hw->wants_nmi_window)
		primary |= VMX_PRIMARY_NMI_WINDOW;
	if (!hw->uses_debug)
		primary |= VMX_PRIMARY_MOV_DR;
	vmcs_write(VMCS_PRIMARY_CONTROLS, primary);
	vmcs_write(VMCS_TSC_OFFSET, hw->tsc_offset);
	if (hw->traps_fpu != vp->traps_fpu)
		trap_fpu(hw);
	if (hw->flush_pending) {
		vmx_cpu_flush(hw);
		hw->flush_pending = false;
	}
	vp->applied = hw->wishes;
}

static bool is_plain(const struct vmx_exit_info *info) {
	return info->reason < 64 && (VMX_PLAIN_REASONS >> info->reason & 1);
}

static void read_exit(struct vmx_exit_info *info) {
	info->reason = (uint32_t)vmcs_read(VMCS_EXIT_REASON);
	info->instruction_length = (uint32_t)vmcs_read(VMCS_EXIT_INSTRUCTION_LENGTH);
	if (is_plain(info))
		return;
	info->qualification = vmcs_read(VMCS_EXIT_QUALIFICATION);
	info->vectoring = vmcs_read(VMCS_IDT_VECTORING);
	if (info->vectoring & HW_EVENT_HAS_ERROR)
		info->vectoring |= vmcs_read(VMCS_IDT_VECTORING_ERROR_CODE) << 32;
	if (info->reason == VMX_REASON_EXCEPTION_OR_NMI) {
		info->interruption = (uint32_t)vmcs_read(VMCS_EXIT_INTERRUPTION);
		info->error = (uint32_t)vmcs_read(VMCS_EXIT_ERROR_CODE);
	} else if (info->reason == VMX_REASON_EPT_VIOLATION) {
		info->gpa = vmcs_read(VMCS_GUEST_PHYSICAL_ADDRESS);
	}
}

static void set_nmi_blocking(bool is_blocked) {
	uint64_t old = vmcs_read(VMCS_GUEST_INTERRUPTIBILITY) & ~(uint64_t)VMX_BLOCKING_NMI;

	vmcs_write(VMCS_GUEST_INTERRUPTIBILITY, old | (is_blocked ? VMX_BLOCKING_NMI : 0));
}

/* The exit left DR6 and DR7 as they were, and dropped a pending single step in an
 * interrupt shadow, which the next entry insists on. */
static void take_debug_exception(const struct vp_hw *hw, uint64_t qualification) {
	struct vmx_vp *vp = vmx_vp_of(hw);

	if (hw->uses_debug)
		write_dr6(vmx_exit_dr6(read_dr6(), qualification));
	else
		vp->dr6 = vmx_exit_dr6(vp->dr6, qualification);
	vmcs_write(VMCS_GUEST_DR7, vmcs_read(VMCS_GUEST_DR7) & ~0x2000ull); /* GD */
	if ((vmcs_read(VMCS_GUEST_RFLAGS) & RFLAGS_TF) &&
	    (vmcs_read(VMCS_GUEST_INTERRUPTIBILITY) & VMX_BLOCKING_SHADOW))
		vmcs_write(VMCS_GUEST_PENDING_DEBUG, VMX_PENDING_DEBUG_BS);
}

static void take_control_register(struct vp_hw *hw, uint64_t qualification, struct vp_exit *exit) {
	exit->reason = vmx_cr_access(hw, qualification, exit);
	/* A write of CR8 may have made the wanted interrupt deliverable. */
	if (exit->reason == VP_EXIT_NONE && (qualification & 0xf) == 8 && window_is_open(hw))
		exit->reason = VP_EXIT_INTERRUPT_WINDOW;
}

/* What must happen before anything else, in the order of the exit. */
static void take_exit(struct vp_hw *hw, const struct vmx_exit_info *info, struct vp_exit *exit) {
	hw->event = hw_event_requeued(info->vectoring, exit);
	if (hv_event_is_nmi(hw->event))
		set_nmi_blocking(false);
	else if (hw->event == 0 && vmx_exit_undid_iret(info))
		set_nmi_blocking(true);
	if (exit->reason == VP_EXIT_NMI)
		/* NMIs are blocked until an IRET [SDM 3C 28.5.5 "Updating Non-Register
		 * State"]: that of the handler. */
		__asm__ volatile("int $2" : : : "memory");
	else if (exit->reason == VP_EXIT_NMI_WINDOW)
		hw->wants_nmi_window = false;
	else if (exit->reason == VP_EXIT_EXCEPTION && exit->u.exception.vector == 1)
		take_debug_exception(hw, info->qualification);
	else if (exit->reason == VP_EXIT_CR)
		take_control_register(hw, info->qualification, exit);
}

/* The path of every exit: what it does not need, it does not pay. */
void vp_hw_enter(struct vp_hw *hw, struct vp_exit *exit) {
	struct vmx_cpu *vmx = &vmx_cpus[this_cpu()->index];
	struct vmx_vp *vp = vmx_vp_of(hw);
	struct vmx_exit_info info = {0};

	/* VMPTRLD, and the MSRs that no VMCS has: only where another VP was loaded. */
	if (vmx->loaded != hw)
		load(vmx, hw);
	if (vmx->current != hw)
		vmx_cpu_select(hw);
	/* VMWRITEs of controls: only where a wish has changed; and of an event. */
	if (hw->wishes != vp->applied)
		write_wishes(hw);
	if (hw->event != 0)
		vmx_event_write(hw);
	/* The world switch, and the register that travels in the VMCS. */
	vmcs_write(VMCS_GUEST_RSP, hw->gpr[HV_RSP]);
	if (vmx_enter(hw->gpr, vp->is_launched) != 0) {
		info.reason = VMX_REASON_FAILED_ENTRY;
		info.qualification = vmcs_read(VMCS_INSTRUCTION_ERROR);
	} else {
		/* Two VMREADs say what it is, three more where that is not all. */
		read_exit(&info);
		hw->gpr[HV_RSP] = vmcs_read(VMCS_GUEST_RSP);
	}
	vmx_exit_decode(&info, exit);
	hw->event = 0;
	if (info.reason & VMX_REASON_FAILED_ENTRY) {
		/* Neither was the VMCS launched nor the event taken out of it; nothing
		 * was being delivered. */
		vmcs_write(VMCS_ENTRY_INTERRUPTION, 0);
		return;
	}
	vp->is_launched = true;
	if (!is_plain(&info))
		take_exit(hw, &info, exit);
}

static bool is_kept(unsigned reg) { return reg >= VP_REG(cr2) && reg <= VP_REG(sfmask); }

/* The VMCS of a VP that is loaded here is current or becomes so; that of a VP that is
 * loaded nowhere is selected for the moment and released again, so that the next
 * access may come from another processor. `with_kept`: registers too that are in the
 * processor while the VP is loaded. */
static __attribute__((noinline)) void select(const struct vp_hw *hw, bool with_kept) {
	check(hw->loaded_on == NULL || hw->loaded_on == this_cpu());
	vmx_cpu_select(hw);
	if (with_kept && hw->loaded_on != NULL)
		save_registers(hw);
}

/* Most often it is the VP whose exit is being handled. */
static inline void begin(const struct vp_hw *hw, bool with_kept) {
	if (vmx_cpus[this_cpu()->index].current != hw || with_kept)
		select(hw, with_kept);
}

static inline void end(const struct vp_hw *hw, bool wrote_kept) {
	if (hw->loaded_on == NULL)
		vmx_cpu_release(hw);
	else if (wrote_kept)
		load_registers(hw);
}

void vp_hw_get_state(struct vp_hw *hw, struct vp_state *s) {
	begin(hw, true);
	vmx_state_get(hw, s);
	end(hw, false);
}

void vp_hw_set_state(struct vp_hw *hw, const struct vp_state *s) {
	begin(hw, false);
	vmx_state_set(hw, s);
	end(hw, true);
	/* No entry flushes what a new CR3 or paging mode makes stale. */
	hw->flush_pending = true;
}

extern inline __attribute__((always_inline)) uint64_t vp_hw_read(const struct vp_hw *hw, unsigned reg) {
	uint64_t value;

	begin(hw, is_kept(reg));
	value = vmx_register_get(hw, reg);
	end(hw, false);
	return value;
}

void vp_hw_write(struct vp_hw *hw, unsigned reg, uint64_t value) {
	begin(hw, is_kept(reg));
	vmx_register_set(hw, reg, value);
	end(hw, is_kept(reg));
}

void vp_hw_segment(const struct vp_hw *hw, enum vp_segment n, struct hv_segment_register *out) {
	begin(hw, false);
	vmx_segment_get(n, out);
	end(hw, false);
}

static uint64_t read_field(const struct vp_hw *hw, enum vmcs_field field) {
	uint64_t value;

	begin(hw, false);
	value = vmcs_read(field);
	end(hw, false);
	return value;
}

unsigned vp_hw_cpl(const struct vp_hw *hw) { return read_field(hw, VMCS_GUEST_ES_ACCESS + 2 * VP_SS) >> 5 & 3; }

bool vp_hw_is_64_bit(const struct vp_hw *hw) {
	return (read_field(hw, VMCS_GUEST_ES_ACCESS + 2 * VP_CS) & SEGMENT_L) &&
	       (read_field(hw, VMCS_ENTRY_CONTROLS) & VMX_ENTRY_LONG_MODE);
}

bool vp_hw_nmi_blocked(const struct vp_hw *hw) {
	return read_field(hw, VMCS_GUEST_INTERRUPTIBILITY) & (VMX_BLOCKING_SHADOW | VMX_BLOCKING_NMI);
}
