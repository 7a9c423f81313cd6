/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/*
 * What the processor of a VM is: the host's CPUID reduced to a named level by
 * the table of cpu_level.h. Constant while the VM runs (architecture.md D10).
 * cpuid_results.h makes of it what the kernel answers; vp_msrs.h judges by it.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include "runtime/err.h"
#include "vmm/cpu_policy/host_cpuid.h"

struct cpuid_policy_input {
	enum cpu_level level;
	uint32_t vp_count;      /* 1..VM_CPUS_MAX */
	uint32_t physical_bits; /* guest physical address width, 36..52; the host's if less */
};

struct cpuid_policy {
	enum cpu_vendor vendor;
	enum cpu_level level;
	uint32_t vp_count;
	uint32_t physical_bits;
	uint64_t xcr0_allowed; /* bits of XCR0 that are shown; 0: no XSAVE at all */
	uint32_t xsave_size;   /* bytes of the standard area for xcr0_allowed; >= 512 */
	uint32_t max_leaf;
	uint32_t max_extended_leaf;
	struct host_cpuid shown; /* the host's leaves, reduced */
};

/*
 * Fills the policy. Errors, p unchanged, with a sentence in text (may be NULL):
 * ERR_RANGE: unknown level, vp_count or physical_bits out of range;
 * ERR_UNSUPPORTED: the host lacks a feature that the level requires; the
 *   sentence names the first such row of cpu_level.h.
 */
ERR_CHECKED enum err cpuid_policy_create(struct cpuid_policy *p, const struct host_cpuid *host,
                                         const struct cpuid_policy_input *input, struct err_text *text);

/* True if the VM is shown this bit (a row of cpu_level.h). */
bool cpuid_policy_has(const struct cpuid_policy *p, enum host_cpuid_leaf leaf, enum cpuid_output output, unsigned bit);
