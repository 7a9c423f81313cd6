/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/*
 * Set-up of one processor [SDM 3A 2.5 "Control Registers", 13.3 "Enabling the
 * XSAVE Feature Set"], equal on all, so that a VP may run on any. The loader has
 * checked for NX and 4-level paging; XSAVE is all that 64-bit mode does not imply.
 */
#include "arch/x86/bring_up.h"
#include "arch/x86/insn.h"
#include "core/guest_cpu.h"
#include "lib/bits.h"
#include "lib/string.h"

#define LEAF_EXTENDED     0x80000000u

#define CPUID_1_ECX_XSAVE BIT(26)
#define CPUID_7_EBX_SMEP  BIT(7)
#define CPUID_7_EBX_SMAP  BIT(20)
#define CPUID_7_ECX_UMIP  BIT(2)

void machine_cpuid(uint32_t leaf, uint32_t subleaf, uint32_t out[4]) {
	struct cpuid_result r = {0};

	if (leaf <= cpuid(leaf & LEAF_EXTENDED, 0).eax)
		r = cpuid(leaf, subleaf);
	memcpy(out, &r, sizeof(r));
}

uint64_t machine_xcr0(void) {
	struct cpuid_result r = cpuid(0xd, 0);
	uint64_t offered = r.eax | (uint64_t)r.edx << 32;
	uint64_t mask = offered & (XCR0_X87 | XCR0_SSE | XCR0_AVX | XCR0_PKRU);

	if ((offered & XCR0_AVX) && (offered & XCR0_AVX512) == XCR0_AVX512)
		mask |= XCR0_AVX512;
	return mask;
}

void processor_setup(void) {
	uint64_t cr4 = CR4_PAE | CR4_OSFXSR | CR4_OSXMMEXCPT | CR4_OSXSAVE;
	uint32_t features[4];

	if (!(cpuid(1, 0).ecx & CPUID_1_ECX_XSAVE))
		panic("this processor lacks XSAVE (extended state): Bulkhead cannot run here");
	machine_cpuid(7, 0, features);
	if (features[1] & CPUID_7_EBX_SMEP)
		cr4 |= CR4_SMEP;
	if (features[1] & CPUID_7_EBX_SMAP)
		cr4 |= CR4_SMAP;
	if (features[2] & CPUID_7_ECX_UMIP)
		cr4 |= CR4_UMIP;
	write_cr0(CR0_PG | CR0_WP | CR0_NE | CR0_ET | CR0_MP | CR0_PE);
	write_cr4(cr4);
	xsetbv(0, machine_xcr0());
	/* Caches must not hold lines of a type that changes
	 * [SDM 3A 12.12.4 "Programming the PAT"]. */
	wbinvd();
	wrmsr(MSR_PAT, PAT_RESET);
	wbinvd();
	machine_kernel_tlb_flush();
}
