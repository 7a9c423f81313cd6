/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/*
 * What a VMCB says: the controls, what core wishes for the next entry, what an exit
 * means (svm_exit.c), and the translation between the state save area and struct vp_state. Pure:
 * computed here, applied by vp_hw_svm.c, judged on the host by the oracle of the APM's consistency
 * checks (tests/oracle).
 */
#pragma once

#include "arch/x86/port_map.h"
#include "arch/x86/svm/vmcb.h"
#include "arch/x86/vp_hw.h"

/* Kept in struct vp_hw's vendor words. */
struct svm_vp {
	uint64_t asid_generation; /* of the processor that gave the ASID */
	uint64_t applied;         /* struct vp_hw's wishes that the VMCB has */
	enum {
		SVM_NMI_OPEN,
		SVM_NMI_BLOCKED,  /* one was injected and its IRET has not been executed */
		SVM_NMI_STEPPING, /* the IRET is being single-stepped */
		SVM_NMI_AT_IRET,  /* RIP was at the IRET when it was let through */
	} nmi;
	uint64_t iret; /* that RIP */
};

static inline struct svm_vp *svm_vp_of(const struct vp_hw *hw) { return (struct svm_vp *)(uintptr_t)hw->vendor; }

/* Sets every control field of a zeroed VMCB. A child intercepts all ports; the
 * parent only those of its map. */
void svm_controls_init(struct vp_hw *hw, const struct vp_maps *maps);

/* Before an entry: what core wishes. `opens_at_equal`: this processor takes a virtual
 * interrupt whose priority equals the TPR. */
void svm_controls_enter(struct vp_hw *hw, bool opens_at_equal);

void svm_controls_intercept(struct vmcb *v, unsigned exit_code, bool is_on);

/* VP_REG(name), but not the event. */
uint64_t svm_register_get(const struct vmcb *v, unsigned reg);
void svm_register_set(struct vmcb *v, unsigned reg, uint64_t value);
void svm_segment_get(const struct vmcb *v, enum vp_segment n, struct hv_segment_register *to);

void svm_state_get(const struct vp_hw *hw, struct vp_state *s);
void svm_state_set(struct vp_hw *hw, const struct vp_state *s);

/* Sets the intercepts of a VP, without those that svm_controls_enter arms. */
void svm_exit_intercept(struct vmcb *v, bool is_parent);

/* Reads the exit fields of the VMCB. `has_next_rip` says whether the next_rip
 * field is valid. Changes nothing in the VMCB. */
void svm_exit_decode(const struct vmcb *v, bool has_next_rip, struct vp_exit *exit);

/* Lets a VP use an MSR without an exit in the 8 KiB permission map, which is all
 * ones at first [APM2 15.11 "MSR Intercepts"]. False: the map does not cover it. */
bool svm_msrpm_allow(uint8_t *map, uint32_t msr);
