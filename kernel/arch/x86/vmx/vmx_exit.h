/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/* Decoding of VMX exits into the normalized struct vp_exit. Pure. */
#pragma once

#include "arch/x86/vp_hw.h"

/* The exit-information fields of one exit [SDM 3C 25.9 "VM-Exit Information
 * Fields"]; those that its reason does not define are ignored. */
struct vmx_exit_info {
	uint32_t reason;
	uint32_t interruption;
	uint32_t error;
	uint32_t instruction_length;
	uint64_t vectoring; /* with the error code in bits 63:32 */
	uint64_t qualification;
	uint64_t gpa;
};

#define VMX_REASON_BASIC               0xffffu
#define VMX_REASON_FAILED_ENTRY        (1u << 31)

/* CPUID, HLT, VMCALL, RDMSR, WRMSR: no qualification, and no event was being
 * delivered. What they tell is in the general registers. */
#define VMX_PLAIN_REASONS              (1ull << 10 | 1ull << 12 | 1ull << 18 | 1ull << 31 | 1ull << 32)

/* Basic exit reasons [SDM 3D Appendix C "VMX Basic Exit Reasons"]: those with a
 * meaning beyond their row in vmx_exit.c. */
#define VMX_REASON_EXCEPTION_OR_NMI    0u
#define VMX_REASON_ENTRY_MACHINE_CHECK 41u
#define VMX_REASON_EPT_VIOLATION       48u

/* A control-register access is what vmx_cr_access makes of it. */
void vmx_exit_decode(const struct vmx_exit_info *info, struct vp_exit *exit);

/* The exit interrupted an IRET that had already unblocked NMIs: they must be
 * blocked again [SDM 3C 28.2.3 "Information About NMI Unblocking Due to IRET"]. */
bool vmx_exit_undid_iret(const struct vmx_exit_info *info);

/* The guest's DR6 after the #DB of this exit, which left the register alone
 * [SDM 3C 28.1 "Architectural State Before a VM Exit"]. */
uint64_t vmx_exit_dr6(uint64_t dr6, uint64_t qualification);
