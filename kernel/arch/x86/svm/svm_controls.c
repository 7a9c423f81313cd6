/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/* VMCB contents from policy, from core's wishes and from struct vp_state. */
#include "arch/x86/svm/svm_controls.h"

#include "arch/x86/hw_event.h"
#include "lib/bits.h"

#define DR0_7_READ_AND_WRITE 0x00ff00ffu

void svm_controls_init(struct vp_hw *hw, const struct vp_maps *maps) {
	struct vmcb *v = hw->control;

	svm_exit_intercept(v, hw->is_parent);
	svm_vp_of(hw)->applied = VP_WISHES_NONE;
	v->iopm_base = maps->ports;
	v->msrpm_base = maps->msrs;
	v->asid = 1;
	v->tlb_control = SVM_TLB_FLUSH_ALL;
	v->nested_control = 1;
	v->nested_cr3 = hw->gpa_root.v;
}

void svm_controls_intercept(struct vmcb *v, unsigned exit_code, bool is_on) {
	bit_assign(&v->intercept[exit_code / 32], exit_code % 32, is_on);
}

/* A virtual interrupt whose only purpose is to exit when it would be taken: the
 * processor compares its priority with the guest's TPR. */
static uint64_t window(const struct vp_hw *hw, bool opens_at_equal) {
	uint64_t priority = (hw->window >> 4) - (opens_at_equal ? 1u : 0); /* vectors begin at 16 */

	if (hw->window == 0)
		return 0;
	return SVM_VINTR_IRQ | priority << SVM_VINTR_PRIO_SHIFT | (uint64_t)hw->window << SVM_VINTR_VECTOR_SHIFT;
}

static void apply_wishes(struct vp_hw *hw, bool opens_at_equal) {
	struct vmcb *v = hw->control;

	v->vintr = SVM_VINTR_MASKING | hw->cr8 | window(hw, opens_at_equal);
	svm_controls_intercept(v, SVM_EXIT_VINTR, hw->window != 0);
	/* A write of CR8 that opens the window exits by itself: QEMU cannot take the
	 * interrupt from within that instruction (docs/emulators.md). */
	svm_controls_intercept(v, SVM_EXIT_CR8_WRITE, hw->window != 0);
	/* First use only; the parent may not use them. */
	v->intercept[1] = hw->uses_debug ? 0 : DR0_7_READ_AND_WRITE;
	svm_controls_intercept(v, SVM_EXIT_EXCEPTION + 7, hw->traps_fpu);
	if (hw->is_parent)
		v->cr0 = (v->cr0 & ~CR0_TS) | (hw->traps_fpu ? CR0_TS : 0);
	/* An armed window is written at every entry: the processor changes it. */
	svm_vp_of(hw)->applied = hw->window != 0 ? VP_WISHES_NONE : hw->wishes;
}

void svm_controls_enter(struct vp_hw *hw, bool opens_at_equal) {
	struct vmcb *v = hw->control;

	v->tsc_offset = hw->tsc_offset;
	v->event_injection = hw->event != 0 ? hw_event_encode(hw->event) : 0;
	if (hw->event != 0 && hv_event_is_nmi(hw->event)) {
		svm_vp_of(hw)->nmi = SVM_NMI_BLOCKED;
		svm_controls_intercept(v, SVM_EXIT_IRET, true);
	}
	if (hw->wishes != svm_vp_of(hw)->applied)
		apply_wishes(hw, opens_at_equal);
}

/* Where a register is, but for the interrupt shadow. */
#define AT(name) [VP_REG(name)] = offsetof(struct vmcb, name)
static const uint16_t registers[] = {
    AT(rip),         AT(rflags),       AT(cr0),          AT(cr2),    AT(cr3),
    AT(cr4),         AT(dr6),          AT(dr7),          AT(efer),   AT(pat),
    AT(star),        AT(lstar),        AT(cstar),        AT(sfmask), AT(kernel_gs_base),
    AT(sysenter_cs), AT(sysenter_esp), AT(sysenter_eip),
};

/* Bits that are the host's: set while the guest runs and not shown. VMRUN fails without
 * SVME [APM2 15.5.1]. */
static uint64_t host_bits(unsigned reg) { return reg == VP_REG(cr4) ? CR4_MCE : reg == VP_REG(efer) ? EFER_SVME : 0; }

uint64_t svm_register_get(const struct vmcb *v, unsigned reg) {
	if (reg == VP_REG(interrupt_shadow))
		return v->interrupt_shadow & 1; /* bit 1 is the guest's IF */
	return *(const uint64_t *)&v->page[registers[reg]] & ~host_bits(reg);
}

void svm_register_set(struct vmcb *v, unsigned reg, uint64_t value) {
	if (reg == VP_REG(interrupt_shadow))
		v->interrupt_shadow = value;
	else
		*(uint64_t *)&v->page[registers[reg]] = value | host_bits(reg);
	if (reg == VP_REG(rip))
		v->interrupt_shadow = 0;
}

static const uint8_t segments[] = {
    [VP_ES] = 0, [VP_CS] = 1,   [VP_SS] = 2, [VP_DS] = 3,   [VP_FS] = 4,
    [VP_GS] = 5, [VP_LDTR] = 7, [VP_TR] = 9, [VP_GDTR] = 6, [VP_IDTR] = 8,
};

/* TLFS attributes carry AVL, L, D, G in bits 12..15, the VMCB in 8..11. */
void svm_segment_get(const struct vmcb *v, enum vp_segment n, struct hv_segment_register *to) {
	const struct vmcb_segment *from = &v->segment[segments[n]];

	to->base = from->base;
	to->limit = from->limit;
	to->selector = from->selector;
	to->attributes = (uint16_t)((from->attributes & 0xff) | (from->attributes & 0xf00) << 4);
}

static void segment_set(struct vmcb *v, unsigned n, const struct hv_segment_register *from) {
	struct vmcb_segment *to = &v->segment[segments[n]];

	to->base = from->base;
	to->limit = from->limit;
	to->selector = from->selector;
	to->attributes = (uint16_t)((from->attributes & 0xff) | (from->attributes & 0xf000) >> 4);
}

void svm_state_get(const struct vp_hw *hw, struct vp_state *s) {
	s->version = VP_STATE_VERSION;
	for (unsigned i = 0; i < VP_REG(event); i++)
		s->reg[i] = svm_register_get(hw->control, i);
	for (unsigned i = 0; i < ARRAY_COUNT(segments); i++)
		svm_segment_get(hw->control, i, &s->segment[i]);
	s->event = hw->event;
}

void svm_state_set(struct vp_hw *hw, const struct vp_state *s) {
	struct vmcb *v = hw->control;

	for (unsigned i = 0; i < VP_REG(event); i++)
		svm_register_set(v, i, s->reg[i]);
	for (unsigned i = 0; i < ARRAY_COUNT(segments); i++)
		segment_set(v, i, &s->segment[i]);
	/* The CPL is a field of its own; SS.DPL is where it comes from. */
	v->cpl = (uint8_t)((s->segment[VP_SS].attributes >> 5) & 3);
	if (!(s->cr0 & CR0_PE))
		v->cpl = 0;
	else if (s->rflags & RFLAGS_VM)
		v->cpl = 3;
	hw->event = s->event;
}

bool svm_msrpm_allow(uint8_t *map, uint32_t msr) {
	static const uint32_t first[] = {0, 0xc0000000, 0xc0010000};

	for (unsigned i = 0; i < ARRAY_COUNT(first); i++) {
		uint32_t n = msr - first[i];

		if (n < 0x2000) {
			map[i * 0x800 + n / 4] &= (uint8_t) ~(3u << n % 4 * 2);
			return true;
		}
	}
	return false;
}
