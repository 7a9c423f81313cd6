/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/*
 * VMX on one processor: whether it is there, turning it on, and which VMCS is current.
 */
#pragma once

#include "arch/x86/vmx/vmx_controls.h"
#include "arch/x86/vmx/vmx_state.h"

/* Lock legend: I immutable after boot, o only its own processor. */
struct vmx_cpu {
	spa_t region;                   /* I the processor's own, for VMXON */
	bool is_on;                     /* o */
	const struct vp_hw *current;    /* o whose VMCS is current, or NULL */
	struct vp_hw *loaded;           /* o whose registers are loaded, NULL: the host's */
	uint64_t syscall[SYSCALL_MSRS]; /* o what the MSRs from STAR on hold */
};

extern struct vmx_cpu vmx_cpus[];

/* What the boot processor offers and all others must; I after vp_hw_init_shared. */
extern struct vmx_controls vmx_controls;
extern uint32_t vmx_revision;

/* Writes this processor's own state, for an exit to load, into the current VMCS. */
void vmx_cpu_host(void);

/* Makes a VP's VMCS current on this processor. */
void vmx_cpu_select(const struct vp_hw *hw);

/* Makes it inactive everywhere, so that any processor may select it. */
void vmx_cpu_release(const struct vp_hw *hw);

/* Forgets what was translated by the VP's second-level tables, for every VPID. */
void vmx_cpu_flush(const struct vp_hw *hw);
