/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/* The CPUID instruction with a subleaf [SDM 2A "CPUID"]. Target only. */
#include "vmm/cpu_policy/host_cpuid.h"

void host_cpuid_instruction(uint32_t leaf, uint32_t subleaf, uint32_t out[4]) {
	__asm__ volatile("cpuid" : "=a"(out[0]), "=b"(out[1]), "=c"(out[2]), "=d"(out[3]) : "a"(leaf), "c"(subleaf));
}
