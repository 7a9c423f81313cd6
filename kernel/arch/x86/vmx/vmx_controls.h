/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/*
 * From the processor's VMX capabilities to the control words of every VMCS
 * [SDM 3D Appendix A "VMX Capability Reporting Facility"]: one table says what our
 * policy requires, wants where it is present, and must not have. And the other fields
 * that no guest changes: addresses of the maps, and the host's state [SDM 3C 25.5
 * "Host-State Area", 25.6 "VM-Execution Control Fields"]. Pure but for vmcs_write,
 * which tests fake.
 */
#pragma once

#include "arch/x86/port_map.h"
#include "arch/x86/vmx/vmcs.h"
#include "arch/x86/vp_hw.h"

enum vmx_word {
	VMX_WORD_PIN,
	VMX_WORD_PRIMARY,
	VMX_WORD_SECONDARY,
	VMX_WORD_EXIT,
	VMX_WORD_ENTRY,
	/* The halves of IA32_VMX_EPT_VPID_CAP, as if they were controls. */
	VMX_WORD_EPT,
	VMX_WORD_VPID,
	VMX_WORD_COUNT,
};

/* What the capability MSRs say: bits 31:0 must be 1 in the word, bits 63:32 may be.
 * 0 for a word that does not exist. */
struct vmx_capabilities {
	uint64_t word[VMX_WORD_COUNT];
};

#define VMX_EPT_1G            (1u << 17)
#define VMX_EPT_INVEPT_SINGLE (1u << 25)

struct vmx_controls {
	uint32_t word[VMX_WORD_COUNT];
};

/* Fills the words. Returns NULL, or the name of the first feature that this
 * processor lacks or cannot do without; the words are then undefined. */
const char *vmx_controls_compute(const struct vmx_capabilities *c, struct vmx_controls *out);

/* Every control field of a fresh VMCS. */
void vmx_setup_controls(const struct vmx_controls *controls, const struct vp_maps *maps, const struct vp_hw *hw);

/* What an exit loads: EFER, and the fields from CR0 to RIP in their order, of which
 * vmx_enter writes RSP. */
void vmx_setup_host(uint64_t efer, const uint64_t natural[VMCS_HOST_NATURAL_COUNT]);

/* Lets a VP use an MSR without an exit in the 4 KiB map, which is all ones at
 * first [SDM 3C 25.6.9 "MSR-Bitmap Address"]. False: the map does not cover it. */
bool vmx_msr_map_allow(uint8_t *map, uint32_t msr, bool may_write);

static inline uint64_t vmx_ept_pointer(const struct vp_hw *hw) {
	return hw->gpa_root.v | 0x1e; /* write-back, a walk of four levels, no A/D */
}
