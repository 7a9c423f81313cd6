/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/*
 * Control registers [SDM 3C 25.6.6 "Guest/Host Masks and Read Shadows for CR0 and
 * CR4"]. Of CR0 the host owns NE, which VMX fixes, and NW and CD, which an entry
 * does not load; of CR4 all that not every CPU level shows.
 */
#include "arch/x86/vmx/vmcs.h"
#include "arch/x86/vmx/vmx_state.h"

#define CR0_OWNED (CR0_NE | CR0_NW | CR0_CD)

/* VME PVI TSD DE PSE PAE PGE OSFXSR OSXMMEXCPT: what every level shows. The
 * others exit, and core judges them by the partition's level. */
#define CR4_GUEST 0x6bfull

/* Exit qualification [SDM 3C Table 28-3 "Exit Qualification for Control-Register
 * Accesses"]. */
enum { MOV_TO_CR, MOV_FROM_CR, CLTS, LMSW };

uint64_t vmx_cr0_get(void) {
	uint64_t mask = vmcs_read(VMCS_CR0_MASK);

	return (vmcs_read(VMCS_GUEST_CR0) & ~mask) | (vmcs_read(VMCS_CR0_SHADOW) & mask);
}

void vmx_cr0_set(const struct vmx_vp *vp, uint64_t value) {
	uint64_t trap = vp->traps_fpu ? CR0_TS : 0;

	vmcs_write(VMCS_CR0_MASK, CR0_OWNED | trap);
	vmcs_write(VMCS_CR0_SHADOW, value);
	vmcs_write(VMCS_GUEST_CR0, (value & ~(CR0_NW | CR0_CD)) | CR0_NE | trap);
}

uint64_t vmx_cr4_get(void) {
	return (vmcs_read(VMCS_GUEST_CR4) & CR4_GUEST) | (vmcs_read(VMCS_CR4_SHADOW) & ~CR4_GUEST);
}

/* A machine check in a guest without MCE would shut the processor down. */
void vmx_cr4_set(uint64_t value) {
	vmcs_write(VMCS_CR4_MASK, ~CR4_GUEST);
	vmcs_write(VMCS_CR4_SHADOW, value & ~CR4_MCE);
	vmcs_write(VMCS_GUEST_CR4, value | CR4_VMXE | CR4_MCE);
}

static bool is_64_bit(void) {
	return (vmcs_read(VMCS_ENTRY_CONTROLS) & VMX_ENTRY_LONG_MODE) &&
	       (vmcs_read(VMCS_GUEST_ES_ACCESS + 2 * VP_CS) & SEGMENT_L);
}

/* What the processor would refuse once the shadow has moved is refused here. */
static enum vp_exit_reason write_cr0(uint64_t value) {
	if ((value >> 32) != 0 || ((value & CR0_NW) && !(value & CR0_CD)) || ((value & CR0_PG) && !(value & CR0_PE)))
		return VP_EXIT_PRIVILEGED;
	vmcs_write(VMCS_CR0_SHADOW, value);
	return VP_EXIT_NONE;
}

static enum vp_exit_reason skip(struct vp_hw *hw, const struct vp_exit *exit) {
	vmx_register_set(hw, VP_REG(rip), vmcs_read(VMCS_GUEST_RIP) + exit->instruction_length);
	return VP_EXIT_NONE;
}

static enum vp_exit_reason mov_to(struct vp_hw *hw, const struct vp_exit *exit, unsigned n, uint64_t value) {
	if (n == 0)
		return write_cr0(value);
	if (n != 8)
		return VP_EXIT_CR;
	if (value > 15)
		return VP_EXIT_PRIVILEGED;
	hw->cr8 = (uint8_t)value;
	return skip(hw, exit);
}

enum vp_exit_reason vmx_cr_access(struct vp_hw *hw, uint64_t qualification, const struct vp_exit *exit) {
	uint64_t *reg = &hw->gpr[qualification >> 8 & 0xf];
	uint64_t cr0;

	switch (qualification >> 4 & 3) {
	case MOV_TO_CR:
		return mov_to(hw, exit, qualification & 0xf, is_64_bit() ? *reg : (uint32_t)*reg);
	case MOV_FROM_CR: /* only CR8 exits */
		*reg = hw->cr8;
		return skip(hw, exit);
	case CLTS: /* only with traps_fpu */
		vmcs_write(VMCS_CR0_SHADOW, vmcs_read(VMCS_CR0_SHADOW) & ~CR0_TS);
		return skip(hw, exit);
	case LMSW: /* of PE, MP, EM, TS; cannot clear PE */
	default:
		cr0 = vmx_cr0_get() & ~(CR0_MP | CR0_EM | CR0_TS);
		return write_cr0(cr0 | (qualification >> 16 & 0xf));
	}
}
