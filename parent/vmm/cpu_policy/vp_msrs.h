/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/*
 * MSRs of a child that nothing but its own reads depends on, deny by default:
 * an MSR without a row in vp_msrs.c faults. Those that the processor holds, time,
 * the local APIC and the synthetic MSRs are the kernel's; it sends the others
 * here [SDM 4 "Model-Specific Registers"], [APM2 A "MSR Cross-Reference"].
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include "runtime/err.h"
#include "vmm/cpu_policy/cpuid_policy.h"

#define VP_MSRS_MTRR_VARIABLE 8u
#define VP_MSRS_MTRR_FIXED    11u

/* Stored per VP; nothing of it has an effect on the machine. */
struct vp_msrs {
	uint64_t misc_enable;
	uint64_t mtrr_def_type;
	uint64_t mtrr_fixed[VP_MSRS_MTRR_FIXED];
	uint64_t mtrr_variable[2 * VP_MSRS_MTRR_VARIABLE]; /* base 0, mask 0, base 1, ... */
};

/* State after RESET. The MTRRs are as firmware leaves them: everything write-back.
 * INIT changes nothing here. */
void vp_msrs_reset(struct vp_msrs *m);

/* False: #GP(0), nothing changed. The caller holds the VM's lock. */
bool vp_msrs_read(const struct vp_msrs *m, const struct cpuid_policy *p, uint32_t msr, uint64_t *value);
bool vp_msrs_write(struct vp_msrs *m, const struct cpuid_policy *p, uint32_t msr, uint64_t value);

#define VP_MSRS_STATE_VERSION 2u
struct vp_msrs_state {
	uint32_t version;
	uint32_t reserved;
	struct vp_msrs msrs;
};
_Static_assert(sizeof(struct vp_msrs_state) == 240, "vp_msrs_state");

void vp_msrs_save(const struct vp_msrs *m, struct vp_msrs_state *state);

/* ERR_FORMAT: wrong version, or a value that WRMSR would refuse under this
 * policy; m unchanged. */
ERR_CHECKED enum err vp_msrs_load(struct vp_msrs *m, const struct cpuid_policy *p, const struct vp_msrs_state *state);
