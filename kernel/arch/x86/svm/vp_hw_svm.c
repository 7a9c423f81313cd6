/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/*
 * The vendor waist on AMD SVM: turning it on [APM2 15.4 "Enabling SVM"], entering a
 * VP, and reading and changing it between entries. What the VMCB contains is decided in
 * svm_controls.c, what an exit means in svm_exit.c.
 */
#include "arch/x86/vp_hw.h"

#include "arch/x86/hw_event.h"
#include "arch/x86/insn.h"
#include "arch/x86/svm/svm_controls.h"
#include "core/boot.h"
#include "core/cpu.h"
#include "lib/bits.h"

#define MSR_VM_CR              0xc0010114u
#define MSR_VM_HSAVE_PA        0xc0010117u
#define VM_CR_SVMDIS           (1ull << 4)

#define CPUID_ECX_SVM          (1u << 2)
#define CPUID_SVM_EDX_NPT      (1u << 0)
#define CPUID_SVM_EDX_NEXT_RIP (1u << 3)

_Static_assert(sizeof(struct svm_vp) <= sizeof(((struct vp_hw *)0)->vendor), "vendor words");

void svm_enter(uint64_t *gpr, uint64_t vmcb);

const uint8_t vp_hw_hypercall_bytes[3] = {0x0f, 0x01, 0xd9};

/* Lock legend: I immutable after boot, o only its own processor. */
static struct svm_cpu {
	spa_t host_save;          /* I the processor's own save area, VM_HSAVE_PA */
	spa_t host_vmcb;          /* I holds the host's FS, GS, TR, LDTR for VMLOAD */
	struct vp_hw *loaded;     /* o whose registers are loaded, NULL: the host's */
	uint32_t asid_count;      /* I */
	uint32_t asid_next;       /* o */
	uint64_t asid_generation; /* o never 0 or another processor's; all others are stale */
	bool has_next_rip;        /* I */
} __attribute__((aligned(64))) svm_cpus[MAX_CPUS];

static struct vp_maps maps[2]; /* of children, of the parent */

/* MSRs that live in the VMCB or move with VMLOAD and VMSAVE, so that a guest may use
 * them without an exit and without seeing another's. */
static const uint32_t open_msrs[] = {
    0x174,      0x175,      0x176,                  /* SYSENTER_CS, ESP, EIP */
    0xc0000081, 0xc0000082, 0xc0000083, 0xc0000084, /* STAR, LSTAR, CSTAR, SFMASK */
    0xc0000100, 0xc0000101, 0xc0000102,             /* FS, GS, KERNEL_GS base */
};

static void make_maps(bool is_parent) {
	spa_t iopm = boot_allocate(3 * PAGE_SIZE, PAGE_SIZE);
	spa_t msrpm = boot_allocate(2 * PAGE_SIZE, PAGE_SIZE);
	uint8_t *msrs = frame_pointer(spa_to_sfn(msrpm));

	port_map_fill(frame_pointer(spa_to_sfn(iopm)), 3 * PAGE_SIZE, is_parent);
	memset(msrs, 0xff, 2 * PAGE_SIZE);
	for (unsigned i = 0; i < ARRAY_COUNT(open_msrs); i++)
		check(svm_msrpm_allow(msrs, open_msrs[i]));
	maps[is_parent] = (struct vp_maps){.ports = iopm.v, .msrs = msrpm.v};
}

void vp_hw_init_shared(void) {
	make_maps(false);
	make_maps(true);
	for (uint32_t i = 0; i < cpu_count; i++) {
		svm_cpus[i].host_save = boot_allocate(PAGE_SIZE, PAGE_SIZE);
		svm_cpus[i].host_vmcb = boot_allocate(PAGE_SIZE, PAGE_SIZE);
	}
}

const char *vp_hw_cpu_enable(struct cpu *cpu) {
	struct svm_cpu *svm = &svm_cpus[cpu->index];
	struct cpuid_result r = cpuid(0x8000000a, 0);

	if (!(cpuid(0x80000001, 0).ecx & CPUID_ECX_SVM))
		return "SVM (CPUID 0x80000001 ECX bit 2)";
	if (rdmsr(MSR_VM_CR) & VM_CR_SVMDIS)
		return "SVM enabled by firmware (VM_CR.SVMDIS)";
	if (!(r.edx & CPUID_SVM_EDX_NPT) || r.ebx < 4)
		return "nested paging or four ASIDs (CPUID 0x8000000a)";
	svm->asid_count = r.ebx;
	svm->asid_generation = cpu->index;
	svm->has_next_rip = r.edx & CPUID_SVM_EDX_NEXT_RIP;
	wrmsr(MSR_EFER, rdmsr(MSR_EFER) | EFER_SVME);
	wrmsr(MSR_VM_HSAVE_PA, svm->host_save.v);
	vmsave(svm->host_vmcb.v);
	vp_hw_flush_all();
	return NULL;
}

void vp_hw_init(struct vp_hw *hw) {
	memset(hw->control, 0, sizeof(struct vmcb));
	svm_controls_init(hw, &maps[hw->is_parent]);
}

/* Brings the loaded registers back into the VMCB. */
static void unload(struct svm_cpu *svm) {
	if (svm->loaded != NULL) {
		vmsave(svm->loaded->control_spa.v);
		svm->loaded->loaded_on = NULL;
		svm->loaded = NULL;
	}
}

void vp_hw_put(void) {
	struct svm_cpu *svm = &svm_cpus[this_cpu()->index];

	if (svm->loaded != NULL) {
		unload(svm);
		vmload(svm->host_vmcb.v);
	}
	stgi();
}

/* A virtual interrupt is taken if its priority is above the TPR [APM2 15.21.4
 * "Injecting Virtual (INTR) Interrupts"]; QEMU takes one that equals it, and the
 * window would open again and again (docs/emulators.md). Seen once, true for good. */
static bool window_opens_at_equal;

static void note_window(const struct vmcb *v) {
	if ((v->vintr & SVM_VINTR_TPR_MASK) >= (v->vintr >> SVM_VINTR_PRIO_SHIFT & 0xf))
		__atomic_store_n(&window_opens_at_equal, true, __ATOMIC_RELAXED);
}

/*
 * NMIs stay blocked until IRET has been executed; the intercept comes before it
 * [APM2 15.9 "Instruction Intercepts", IRET]. If another
 * NMI waits, the IRET is stepped over by TF, so that the next one finds the frame
 * gone; else it just runs, and RIP tells whether it has.
 */
static void follow_nmi(struct vp_hw *hw, struct vp_exit *exit) {
	struct svm_vp *vp = svm_vp_of(hw);
	struct vmcb *v = hw->control;

	if (vp->nmi == SVM_NMI_STEPPING && v->exit_code == SVM_EXIT_EXCEPTION + 1) {
		vp->nmi = SVM_NMI_OPEN;
		hw->wants_nmi_window = false;
		v->dr6 &= ~DR6_BS;
		exit->reason = VP_EXIT_NMI_WINDOW;
	} else if (exit->reason == VP_EXIT_NMI_WINDOW) {
		svm_controls_intercept(v, SVM_EXIT_IRET, false);
		vp->nmi = hw->wants_nmi_window ? SVM_NMI_STEPPING : SVM_NMI_AT_IRET;
		vp->iret = v->rip;
		if (hw->wants_nmi_window)
			v->rflags |= RFLAGS_TF;
	}
}

/* An ASID that no other VP's translations on this processor have, and a flush when the
 * numbers start over [APM2 15.16 "TLB Control"]. */
static void assign_asid(struct svm_cpu *cpu, struct vp_hw *hw) {
	struct vmcb *v = hw->control;

	v->tlb_control = SVM_TLB_KEEP;
	if (cpu->asid_next >= cpu->asid_count) {
		cpu->asid_next = 1;
		cpu->asid_generation += MAX_CPUS;
		v->tlb_control = SVM_TLB_FLUSH_ALL;
	}
	v->asid = cpu->asid_next++;
	svm_vp_of(hw)->asid_generation = cpu->asid_generation;
	hw->flush_pending = false;
}

/* All ASIDs are spent: the next entry starts over with a flush of everything. */
void vp_hw_flush_all(void) {
	struct svm_cpu *cpu = &svm_cpus[this_cpu()->index];

	cpu->asid_generation += MAX_CPUS;
	cpu->asid_next = cpu->asid_count;
}

static void load(struct svm_cpu *svm, struct vp_hw *hw) {
	clgi();
	unload(svm);
	vmload(hw->control_spa.v);
	svm->loaded = hw;
	hw->loaded_on = this_cpu();
}

/* The path of every exit: what it does not need, it does not pay. */
void vp_hw_enter(struct vp_hw *hw, struct vp_exit *exit) {
	struct svm_cpu *svm = &svm_cpus[this_cpu()->index];
	struct vmcb *v = hw->control;

	/* VMSAVE and VMLOAD: only where another VP, or the host, was loaded. */
	if (svm->loaded != hw)
		load(svm, hw);
	/* A flush, or numbers that another round or processor gave. */
	if (svm_vp_of(hw)->asid_generation != svm->asid_generation || hw->flush_pending)
		assign_asid(svm, hw);
	/* Two stores; the rest for an event and where a wish has changed. */
	svm_controls_enter(hw, __atomic_load_n(&window_opens_at_equal, __ATOMIC_RELAXED));
	/* The world switch, and the two registers that travel in the VMCB. */
	v->rax = hw->gpr[HV_RAX];
	v->rsp = hw->gpr[HV_RSP];
	svm_enter(hw->gpr, hw->control_spa.v);
	hw->gpr[HV_RAX] = v->rax;
	hw->gpr[HV_RSP] = v->rsp;
	v->tlb_control = SVM_TLB_KEEP;
	hw->cr8 = v->vintr & 0xf; /* the guest moves to CR8 without an exit */
	/* What it means, and whether an event has to be delivered again. */
	svm_exit_decode(v, svm->has_next_rip, exit);
	hw->event = hw_event_requeued(v->exit_int_info, exit);
	if (exit->reason == VP_EXIT_INTERRUPT_WINDOW)
		note_window(v);
	/* Two tests while no NMI is on its way. */
	if (svm_vp_of(hw)->nmi != SVM_NMI_OPEN)
		follow_nmi(hw, exit);
}

/* Brings what VMLOAD has loaded into the VMCB, where it can be read and changed. The next
 * entry loads it again. */
static void sync(const struct vp_hw *hw) {
	check(hw->loaded_on == NULL || hw->loaded_on == this_cpu());
	if (hw->loaded_on != NULL)
		vp_hw_put();
}

void vp_hw_get_state(struct vp_hw *hw, struct vp_state *s) {
	sync(hw);
	svm_state_get(hw, s);
}

void vp_hw_set_state(struct vp_hw *hw, const struct vp_state *s) {
	sync(hw);
	svm_state_set(hw, s);
}

static bool is_loaded_register(unsigned reg) { return reg >= VP_REG(kernel_gs_base) && reg <= VP_REG(sysenter_eip); }

uint64_t vp_hw_read(const struct vp_hw *hw, unsigned reg) {
	if (is_loaded_register(reg))
		sync(hw);
	return svm_register_get(hw->control, reg);
}

void vp_hw_write(struct vp_hw *hw, unsigned reg, uint64_t value) {
	if (is_loaded_register(reg))
		sync(hw);
	svm_register_set(hw->control, reg, value);
}

void vp_hw_segment(const struct vp_hw *hw, enum vp_segment n, struct hv_segment_register *out) {
	if (n >= VP_FS)
		sync(hw);
	svm_segment_get(hw->control, n, out);
}

unsigned vp_hw_cpl(const struct vp_hw *hw) { return ((const struct vmcb *)hw->control)->cpl; }

bool vp_hw_is_64_bit(const struct vp_hw *hw) {
	const struct vmcb *v = hw->control;

	return (v->efer & EFER_LMA) && (v->segment[1].attributes & SEGMENT_L >> 4); /* of CS */
}

bool vp_hw_nmi_blocked(const struct vp_hw *hw) {
	const struct svm_vp *vp = svm_vp_of(hw);
	const struct vmcb *v = hw->control;

	return vp->nmi == SVM_NMI_BLOCKED || vp->nmi == SVM_NMI_STEPPING || (v->interrupt_shadow & 1) ||
	       (vp->nmi == SVM_NMI_AT_IRET && v->rip == vp->iret);
}
