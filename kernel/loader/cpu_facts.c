/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/*
 * Asks the processor. An MSR is read only where CPUID says that it exists: some
 * emulators answer unknown MSRs, real processors fault.
 */
#include <cpuid.h>

#include "loader/features.h"
#include "loader/insn.h"

#define MSR_FEATURE_CONTROL 0x3au
#define MSR_VM_CR           0xc0010114u

void features_read(struct cpu_facts *facts) {
	uint32_t a, b, c = 0, d = 0;

	__get_cpuid(1, &a, &b, &c, &d);
	*facts = (struct cpu_facts){.leaf1_ecx = c, .cr4 = read_cr4()};
	__get_cpuid(0x80000001u, &a, &b, &c, &d);
	facts->extended1_ecx = c;
	facts->extended1_edx = d;
	if (facts->extended1_ecx & EXTENDED1_ECX_SVM) {
		facts->vm_cr = read_msr(MSR_VM_CR);
		if (__get_cpuid(0x8000000au, &a, &b, &c, &d))
			facts->svm_edx = d;
	} else if (facts->leaf1_ecx & LEAF1_ECX_VMX) {
		facts->feature_control = read_msr(MSR_FEATURE_CONTROL);
	}
}
