/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/* Controls and host state, field by field. */
#include "arch/x86/vmx/vmx_controls.h"

#include "arch/x86/trap.h"
#include "lib/bits.h"

void vmx_setup_controls(const struct vmx_controls *controls, const struct vp_maps *maps, const struct vp_hw *hw) {
	/* The processor fills the PDPTEs when a guest turns PAE paging on. */
	static const enum vmcs_field zero[] = {
	    VMCS_PAGE_FAULT_MASK,      VMCS_PAGE_FAULT_MATCH,       VMCS_CR3_TARGET_COUNT,
	    VMCS_EXIT_MSR_STORE_COUNT, VMCS_EXIT_MSR_LOAD_COUNT,    VMCS_ENTRY_MSR_LOAD_COUNT,
	    VMCS_ENTRY_INTERRUPTION,   VMCS_ENTRY_ERROR_CODE,       VMCS_ENTRY_INSTRUCTION_LENGTH,
	    VMCS_GUEST_DEBUGCTL,       VMCS_GUEST_INTERRUPTIBILITY, VMCS_GUEST_ACTIVITY,
	    VMCS_GUEST_PENDING_DEBUG,  VMCS_GUEST_PDPTE0,           VMCS_GUEST_PDPTE0 + 2,
	    VMCS_GUEST_PDPTE0 + 4,     VMCS_GUEST_PDPTE0 + 6,       VMCS_TSC_OFFSET,
	};
	const struct {
		enum vmcs_field field;
		uint64_t value;
	} values[] = {
	    {VMCS_PIN_CONTROLS, controls->word[VMX_WORD_PIN]},
	    {VMCS_PRIMARY_CONTROLS, controls->word[VMX_WORD_PRIMARY]},
	    {VMCS_SECONDARY_CONTROLS, controls->word[VMX_WORD_SECONDARY]},
	    {VMCS_EXIT_CONTROLS, controls->word[VMX_WORD_EXIT]},
	    {VMCS_ENTRY_CONTROLS, controls->word[VMX_WORD_ENTRY]},
	    /* #DB and #AC exit because delivering either can raise it again without end
	     * inside the processor (CVE-2015-5307, CVE-2015-8104); #MC because it is the
	     * host's. */
	    {VMCS_EXCEPTION_BITMAP, BIT(1) | BIT(17) | BIT(18)},
	    {VMCS_MSR_BITMAP, maps->msrs},
	    {VMCS_IO_BITMAP_A, maps->ports},
	    {VMCS_IO_BITMAP_A + 2, maps->ports + 0x1000},
	    {VMCS_EPT_POINTER, vmx_ept_pointer(hw)},
	    /* Translations carry the tables' address as well as this [SDM 3C 29.4.1
	     * "Information That May Be Cached"], so that only the VPs of one partition
	     * must differ; 0 is the host's. */
	    {VMCS_VPID, hw->index + 1},
	    {VMCS_LINK_POINTER, ~0ull},
	};

	for (unsigned i = 0; i < ARRAY_COUNT(zero); i++)
		vmcs_write(zero[i], 0);
	for (unsigned i = 0; i < ARRAY_COUNT(values); i++)
		vmcs_write(values[i].field, values[i].value);
}

void vmx_setup_host(uint64_t efer, const uint64_t natural[VMCS_HOST_NATURAL_COUNT]) {
	static const uint16_t selectors[] = {SELECTOR_DATA, SELECTOR_CODE, SELECTOR_DATA, SELECTOR_DATA, 0, 0,
	                                     SELECTOR_TSS};

	for (unsigned i = 0; i < ARRAY_COUNT(selectors); i++)
		vmcs_write(VMCS_HOST_ES_SELECTOR + 2 * i, selectors[i]);
	for (unsigned i = 0; i < VMCS_HOST_NATURAL_COUNT; i++)
		vmcs_write(VMCS_HOST_CR0 + 2 * i, natural[i]);
	vmcs_write(VMCS_HOST_SYSENTER_CS, 0);
	vmcs_write(VMCS_HOST_EFER, efer);
	vmcs_write(VMCS_HOST_PAT, PAT_RESET);
}

/* Four maps of 1 KiB: reads of low MSRs, of high ones, writes likewise. */
bool vmx_msr_map_allow(uint8_t *map, uint32_t msr, bool may_write) {
	uint32_t index = msr & 0x1fff;
	uint8_t others = (uint8_t) ~(1u << (index % 8));

	if (msr >= 0xc0000000 && msr < 0xc0002000)
		map += 1024;
	else if (msr >= 0x2000)
		return false;
	map[index / 8] &= others;
	if (may_write)
		map[2048 + index / 8] &= others;
	return true;
}
