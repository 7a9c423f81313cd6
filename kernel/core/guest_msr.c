/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/* The table of MSRs that the kernel keeps, and the rules of their values. Pure. */
#include "core/guest_msr.h"

#include "core/vp_state.h"

/* The first two are looked up on every interrupt; the last one ends every search. */
static const struct range {
	uint32_t first;
	uint32_t last;
	enum guest_msr_class class;
	unsigned reg; /* HARDWARE: VP_REG of the last; before it come those of the others but EFER */
} ranges[] = {
    {GUEST_MSR_LAPIC_FIRST, 0x83f, GUEST_MSR_LAPIC, 0},
    {0x40000000, 0x4fffffff, GUEST_MSR_SYNTHETIC, 0},
    {0x10, 0x10, GUEST_MSR_TSC, 0},
    {0x1b, 0x1b, GUEST_MSR_APIC_BASE, 0},
    {0x174, 0x176, GUEST_MSR_HARDWARE, VP_REG(sysenter_eip)}, /* SYSENTER_CS, _ESP, _EIP */
    {MSR_PAT, MSR_PAT, GUEST_MSR_HARDWARE, VP_REG(pat)},
    {MSR_EFER, MSR_STAR + 3, GUEST_MSR_HARDWARE, VP_REG(sfmask)}, /* and STAR, LSTAR, CSTAR, SFMASK */
    {MSR_KERNEL_GS_BASE, MSR_KERNEL_GS_BASE, GUEST_MSR_HARDWARE, VP_REG(kernel_gs_base)},
    {MSR_TSC_AUX, MSR_TSC_AUX, GUEST_MSR_TSC_AUX, 0},
    {0, 0xffffffff, GUEST_MSR_PARENTS, 0},
};

static const struct range *range_of(uint32_t msr) {
	const struct range *r = ranges;

	while (msr < r->first || msr > r->last)
		r++;
	return r;
}

enum guest_msr_class guest_msr_class(uint32_t msr) { return range_of(msr)->class; }

unsigned guest_msr_register(uint32_t msr) {
	const struct range *r = range_of(msr);

	check(r->class == GUEST_MSR_HARDWARE);
	return msr == MSR_EFER ? VP_REG(efer) : r->reg - (r->last - msr);
}

static bool judge_efer(const struct cpu_limits *limits, uint64_t old, uint64_t cr0, uint64_t *efer) {
	if ((*efer & ~(limits->efer_allowed | EFER_LMA)) || ((cr0 & CR0_PG) && ((old ^ *efer) & EFER_LME)))
		return false;
	*efer = (*efer & ~EFER_LMA) | (old & EFER_LMA);
	return true;
}

bool guest_msr_judge(const struct cpu_limits *limits, uint64_t efer, uint64_t cr0, uint32_t msr, uint64_t *value) {
	switch (msr) {
	case 0x174:        /* SYSENTER_CS */
	case MSR_STAR + 3: /* SFMASK */
		return *value <= 0xffffffff;
	case MSR_PAT:
		return pat_is_valid(*value);
	case MSR_EFER:
		return judge_efer(limits, efer, cr0, value);
	case MSR_STAR:
		return true;
	default: /* an address */
		return address_is_canonical(*value);
	}
}
