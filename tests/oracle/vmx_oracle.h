/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/*
 * An oracle of VM entry: whether a processor would enter the VMCS of vmx_vmcs.h,
 * judged by the manual [SDM 3C 27.2 "Checks on VMX Controls and Host-State Area",
 * 27.3.1 "Checks on the Guest State Area"]. Written from the manual alone: it
 * shares no code, header or constant with the kernel.
 */
#pragma once

#include <stdint.h>

/* Where the manual puts a check. */
enum vmx_part {
	VMX_ACCEPTED,
	VMX_CONTROL,  /* 27.2.1 */
	VMX_HOST,     /* 27.2.2 to 27.2.4 */
	VMX_GUEST_CR, /* 27.3.1.1, without CR3 */
	VMX_GUEST_CR3,
	VMX_GUEST_SEGMENT, /* 27.3.1.2 */
	VMX_GUEST_TABLE,   /* 27.3.1.3 */
	VMX_GUEST_RIP,     /* 27.3.1.4, RIP and reserved bits of RFLAGS */
	VMX_GUEST_FLAG_VM,
	VMX_GUEST_FLAG_IF,
	VMX_GUEST_OTHER, /* 27.3.1.5 */
};

/* What the processor has: the capability words and the fixed bits. */
struct vmx_machine {
	uint64_t word[5]; /* pin, primary, secondary, exit, entry */
	uint64_t cr0_fixed0;
	uint64_t cr0_fixed1;
	uint64_t cr4_fixed0;
	uint64_t cr4_fixed1;
	uint64_t efer_has;
	unsigned physical_bits;
};

struct vmx_verdict {
	enum vmx_part part;
	const char *rule; /* the first that is broken; NULL: accepted */
};

struct vmx_verdict vmx_oracle_judge(const struct vmx_machine *machine);
