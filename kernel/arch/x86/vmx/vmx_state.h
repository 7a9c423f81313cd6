/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/*
 * A VP's state in the current VMCS and beside it: translation to and from struct
 * vp_state, control registers as the guest sees them, events. Pure but for
 * vmcs_read and vmcs_write, which tests fake.
 */
#pragma once

#include "arch/x86/vp_hw.h"

#define CR4_VMXE     (1ull << 13) /* the host's: set while a guest runs, not shown */
#define SYSCALL_MSRS 4u           /* STAR, LSTAR, CSTAR, SFMASK */

/* What the VMCS has no field for. Kept in struct vp_hw's vendor words. */
struct vmx_vp {
	struct vmx_cpu *cpu; /* whose host state the VMCS has */
	uint64_t applied;    /* struct vp_hw's wishes as the VMCS has them; so is traps_fpu */
	/* Registers CR2 to SFMASK. Writes of the syscall MSRs exit, so these are always
	 * current; the others are in the processor while the VP is loaded there. */
	union {
		uint64_t kept[VP_REG(sysenter_cs) - VP_REG(cr2)];
		struct {
			uint64_t cr2, dr6, kernel_gs_base;
			uint64_t syscall[SYSCALL_MSRS];
		};
	};
	bool traps_fpu;
	bool is_launched;
};

static inline struct vmx_vp *vmx_vp_of(const struct vp_hw *hw) { return (struct vmx_vp *)(uintptr_t)hw->vendor; }

/* VP_REG(name), in the current VMCS and *hw; not the event, and the shadow is only
 * read. CR0 and CR4 are as the guest reads them. */
uint64_t vmx_register_get(const struct vp_hw *hw, unsigned reg);
void vmx_register_set(struct vp_hw *hw, unsigned reg, uint64_t value);

/* A set keeps the blocking of NMIs as it is, but for a pending NMI. */
void vmx_state_get(const struct vp_hw *hw, struct vp_state *s);
void vmx_state_set(struct vp_hw *hw, const struct vp_state *s);

/* A segment that is not present is unusable; a set makes the hidden part what a load
 * would have made it: accessed, TSS busy, granularity as the limit needs it
 * [SDM 3C 27.3.1.2 "Checks on Guest Segment Registers"]. */
void vmx_segment_get(unsigned n, struct hv_segment_register *to);
void vmx_segment_set(unsigned n, const struct hv_segment_register *from);

/* Asks the next entry to deliver hw->event, if there is one. */
void vmx_event_write(const struct vp_hw *hw);

/* CR0 and CR4 as the guest reads them. */
uint64_t vmx_cr0_get(void);
void vmx_cr0_set(const struct vmx_vp *vp, uint64_t value);
uint64_t vmx_cr4_get(void);
void vmx_cr4_set(uint64_t value);

/*
 * Carries out a control-register access that exited. An access to bits that the
 * host owns only moves the shadow here and then runs again, so that the
 * processor itself does what the other bits ask (a switch of modes, say). Returns
 * VP_EXIT_NONE: done, and RIP is behind the instruction if it is not to run again;
 * VP_EXIT_PRIVILEGED: #GP(0), and nothing changed; VP_EXIT_CR: a write of CR4, for
 * core to judge.
 */
enum vp_exit_reason vmx_cr_access(struct vp_hw *hw, uint64_t qualification, const struct vp_exit *exit);
