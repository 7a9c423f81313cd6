/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/*
 * The virtual-machine control structure: encodings of the fields that we use
 * [SDM 3D Appendix B "Field Encoding in VMCS"], their bits [SDM 3C 25 "Virtual
 * Machine Control Structures"], and access to the one that is current. Names are
 * the manual's.
 */
#pragma once

#include <stdint.h>

enum vmcs_field {
	VMCS_VPID = 0x0000,
	/* Segment fields: + 2 * enum vp_segment, whose order is the manual's. */
	VMCS_GUEST_ES_SELECTOR = 0x0800,
	VMCS_HOST_ES_SELECTOR = 0x0c00, /* likewise, TR after GS */

	VMCS_IO_BITMAP_A = 0x2000, /* B is + 2 */
	VMCS_MSR_BITMAP = 0x2004,
	VMCS_TSC_OFFSET = 0x2010,
	VMCS_EPT_POINTER = 0x201a,
	VMCS_GUEST_PHYSICAL_ADDRESS = 0x2400,
	VMCS_LINK_POINTER = 0x2800,
	VMCS_GUEST_DEBUGCTL = 0x2802,
	VMCS_GUEST_PAT = 0x2804,
	VMCS_GUEST_EFER = 0x2806,
	VMCS_GUEST_PDPTE0 = 0x280a, /* four, 2 apart */
	VMCS_HOST_PAT = 0x2c00,
	VMCS_HOST_EFER = 0x2c02,

	VMCS_PIN_CONTROLS = 0x4000,
	VMCS_PRIMARY_CONTROLS = 0x4002,
	VMCS_EXCEPTION_BITMAP = 0x4004,
	VMCS_PAGE_FAULT_MASK = 0x4006,
	VMCS_PAGE_FAULT_MATCH = 0x4008,
	VMCS_CR3_TARGET_COUNT = 0x400a,
	VMCS_EXIT_CONTROLS = 0x400c,
	VMCS_EXIT_MSR_STORE_COUNT = 0x400e,
	VMCS_EXIT_MSR_LOAD_COUNT = 0x4010,
	VMCS_ENTRY_CONTROLS = 0x4012,
	VMCS_ENTRY_MSR_LOAD_COUNT = 0x4014,
	VMCS_ENTRY_INTERRUPTION = 0x4016,
	VMCS_ENTRY_ERROR_CODE = 0x4018,
	VMCS_ENTRY_INSTRUCTION_LENGTH = 0x401a,
	VMCS_SECONDARY_CONTROLS = 0x401e,
	VMCS_INSTRUCTION_ERROR = 0x4400,
	VMCS_EXIT_REASON = 0x4402,
	VMCS_EXIT_INTERRUPTION = 0x4404,
	VMCS_EXIT_ERROR_CODE = 0x4406,
	VMCS_IDT_VECTORING = 0x4408,
	VMCS_IDT_VECTORING_ERROR_CODE = 0x440a,
	VMCS_EXIT_INSTRUCTION_LENGTH = 0x440c,
	VMCS_GUEST_ES_LIMIT = 0x4800,
	VMCS_GUEST_ES_ACCESS = 0x4814,
	VMCS_GUEST_INTERRUPTIBILITY = 0x4824,
	VMCS_GUEST_ACTIVITY = 0x4826,
	VMCS_GUEST_SYSENTER_CS = 0x482a,
	VMCS_HOST_SYSENTER_CS = 0x4c00,

	VMCS_CR0_MASK = 0x6000,
	VMCS_CR4_MASK = 0x6002,
	VMCS_CR0_SHADOW = 0x6004,
	VMCS_CR4_SHADOW = 0x6006,
	VMCS_EXIT_QUALIFICATION = 0x6400,
	VMCS_GUEST_CR0 = 0x6800,
	VMCS_GUEST_CR3 = 0x6802,
	VMCS_GUEST_CR4 = 0x6804,
	VMCS_GUEST_ES_BASE = 0x6806,
	VMCS_GUEST_DR7 = 0x681a,
	VMCS_GUEST_RSP = 0x681c,
	VMCS_GUEST_RIP = 0x681e,
	VMCS_GUEST_RFLAGS = 0x6820,
	VMCS_GUEST_PENDING_DEBUG = 0x6822,
	VMCS_GUEST_SYSENTER_ESP = 0x6824,
	VMCS_GUEST_SYSENTER_EIP = 0x6826,
	/* CR0, CR3, CR4, the bases of FS, GS, TR, GDTR, IDTR, SYSENTER_ESP and _EIP, RSP, RIP */
	VMCS_HOST_CR0 = 0x6c00,
};
#define VMCS_HOST_NATURAL_COUNT 12u

/* Of the current VMCS. The kernel's are vmx_cpu.c's, the tests' an array. */
uint64_t vmcs_read(enum vmcs_field field);
void vmcs_write(enum vmcs_field field, uint64_t value);

/* Controls that change while a VP runs; vmx_controls.c has the others. */
#define VMX_PRIMARY_INTERRUPT_WINDOW (1u << 2)
#define VMX_PRIMARY_NMI_WINDOW       (1u << 22)
#define VMX_PRIMARY_MOV_DR           (1u << 23)
#define VMX_ENTRY_LONG_MODE          (1u << 9) /* "IA-32e mode guest" */

#define VMX_ACCESS_UNUSABLE          (1u << 16)

/* Interruptibility state */
#define VMX_BLOCKING_STI             (1u << 0)
#define VMX_BLOCKING_MOV_SS          (1u << 1)
#define VMX_BLOCKING_SHADOW          (VMX_BLOCKING_STI | VMX_BLOCKING_MOV_SS)
#define VMX_BLOCKING_NMI             (1u << 3)

#define VMX_PENDING_DEBUG_BS         (1u << 14)
