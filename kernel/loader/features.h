/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/* Whether this processor can run Bulkhead, and with which kernel. */
#pragma once

#include <stdint.h>

/* These two say which MSRs exist. */
#define LEAF1_ECX_VMX     (1u << 5)
#define EXTENDED1_ECX_SVM (1u << 2)

/* What was read from the processor; 0 where it must not be asked. */
struct cpu_facts {
	uint32_t leaf1_ecx;
	uint32_t extended1_ecx; /* CPUID 80000001 */
	uint32_t extended1_edx;
	uint32_t svm_edx; /* CPUID 8000000A */
	uint64_t cr4;
	uint64_t vm_cr;           /* MSR C0010114, where SVM is there */
	uint64_t feature_control; /* MSR 3A, where VMX is there */
};

enum features_kernel { FEATURES_NONE, FEATURES_SVM, FEATURES_VMX };

/* Reads the facts of the processor it runs on. */
void features_read(struct cpu_facts *facts);

/* Judges them: which kernel runs here, and in *sentence what the processor has, or
 * else what is wrong and what to do, without a full stop. Whether VMX has EPT is
 * for the kernel of that vendor to say. Pure. */
enum features_kernel features_judge(const struct cpu_facts *facts, const char **sentence);
