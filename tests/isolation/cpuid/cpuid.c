/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/*
 * Claim: CPUID tells a guest what its level grants and nothing else; a leaf that
 * does not exist gives zeros, and the hypervisor's leaves are the public ones
 * [TLFS "Feature and Interface Discovery"].
 */
#include <hv_abi/cpuid.h>
#include <hv_abi/privileges.h>
#include <guest/cpu.h>
#include <guest/test.h>

#define CR4_OSXSAVE (1ull << 18)

static void expect_zeros(uint32_t leaf, uint32_t subleaf) {
	struct guest_cpuid r = guest_cpuid(leaf, subleaf);

	if (r.eax | r.ebx | r.ecx | r.edx)
		guest_test_fail("leaf 0x%x subleaf 0x%x is %x %x %x %x", leaf, subleaf, r.eax, r.ebx, r.ecx, r.edx);
}

GUEST_TEST("leaves behind the last of each range give zeros") {
	static const uint32_t far[] = {0x100,      0xffff,     0x20000000, 0x3fffffff, 0x40000100,
	                               0x40010000, 0x7fffffff, 0x8000ffff, 0x8fffffff, 0x90000000,
	                               0xc0000000, 0xc0000001, 0xfffffffe, 0xffffffff};
	uint32_t basic = guest_cpuid(0, 0).eax;
	uint32_t extended = guest_cpuid(0x80000000, 0).eax;

	expect(basic >= 0xb && basic < 0x100);
	expect(extended >= 0x80000008 && extended < 0x80000100);
	for (uint32_t i = 1; i <= 64; i++) {
		expect_zeros(basic + i, 0);
		expect_zeros(HV_CPUID_MAX + i, 0);
		expect_zeros(extended + i, 0);
	}
	for (unsigned i = 0; i < sizeof(far) / sizeof(far[0]); i++)
		for (uint32_t subleaf = 0; subleaf < 3; subleaf++)
			expect_zeros(far[i], subleaf);
}

GUEST_TEST("subleaves that do not exist give zeros") {
	for (uint32_t subleaf = 2; subleaf < 70; subleaf++)
		expect_zeros(7, subleaf);
	for (uint32_t subleaf = 64; subleaf < 70; subleaf++)
		expect_zeros(0xd, subleaf);
}

GUEST_TEST("the hypervisor's leaves name the public interface") {
	struct guest_cpuid base = guest_cpuid(HV_CPUID_BASE, 0);

	expect(guest_cpuid(1, 0).ecx & 1u << 31);
	expect_equal(base.eax, HV_CPUID_MAX);
	expect_equal(base.ebx, 0x7263694d); /* "Micr" */
	expect_equal(base.ecx, 0x666f736f); /* "osof" */
	expect_equal(base.edx, 0x76482074); /* "t Hv" */
	expect_equal(guest_cpuid(HV_CPUID_INTERFACE, 0).eax, 0x31237648);
	expect(guest_has_hyperv());
}

GUEST_TEST("privileges and features are those of a child") {
	struct guest_cpuid r = guest_cpuid(HV_CPUID_FEATURES, 0);
	uint32_t wanted = (uint32_t)(HV_PRIVILEGE_ACCESS_REFERENCE_COUNTER | HV_PRIVILEGE_ACCESS_SYNTHETIC_TIMERS |
	                             HV_PRIVILEGE_ACCESS_INTR_CTRL | HV_PRIVILEGE_ACCESS_HYPERCALL_MSRS |
	                             HV_PRIVILEGE_ACCESS_VP_INDEX | HV_PRIVILEGE_ACCESS_REFERENCE_TSC |
	                             HV_PRIVILEGE_ACCESS_FREQUENCY | HV_PRIVILEGE_ACCESS_SYNIC);

	expect_equal(r.eax & wanted, wanted);
	/* An invariant TSC, and what makes Linux a root partition or follow a bad
	 * pointer: never. */
	expect_equal(r.eax & (uint32_t)HV_PRIVILEGE_ACCESS_TSC_INVARIANT, 0);
	expect_equal(r.ebx, (HV_PRIVILEGE_POST_MESSAGES | HV_PRIVILEGE_SIGNAL_EVENTS) >> 32);
	expect_equal(r.ecx, 0);
	expect_equal(r.edx, HV_FEATURE_FREQUENCY_MSRS | HV_FEATURE_DIRECT_TIMERS | HV_FEATURE_SINT_POLLING);
}

GUEST_TEST("hints, limits and hardware features are those of the profile") {
	struct guest_cpuid hints = guest_cpuid(HV_CPUID_HINTS, 0);
	struct guest_cpuid limits = guest_cpuid(HV_CPUID_LIMITS, 0);

	expect_equal(hints.eax, HV_HINT_REMOTE_TLB_FLUSH | HV_HINT_APIC_MSRS | HV_HINT_RELAXED_TIMING |
	                            HV_HINT_DEPRECATE_AUTO_EOI | HV_HINT_CLUSTER_IPI | HV_HINT_EX_PROCESSOR_MASKS);
	expect_equal(hints.ebx, 0xfff); /* spins before the call */
	expect_equal(hints.ecx, guest_cpuid(0x80000008, 0).eax & 0xff);
	expect_equal(hints.edx, 0);
	expect_equal(limits.eax, 1);
	expect_equal(limits.ecx | limits.edx, 0);
	expect_zeros(HV_CPUID_HARDWARE, 0);
}

GUEST_TEST("what no guest is ever shown is not there") {
	struct guest_cpuid one = guest_cpuid(1, 0);
	struct guest_cpuid seven = guest_cpuid(7, 0);
	struct guest_cpuid extended = guest_cpuid(0x80000001, 0);

	expect_equal(one.ecx & (1u << 3), 0);                        /* MONITOR */
	expect_equal(one.ecx & (1u << 5), 0);                        /* VMX */
	expect_equal(one.ecx & (1u << 24), 0);                       /* TSC-deadline */
	expect_equal(one.edx & (1u << 7 | 1u << 14), 0);             /* MCE, MCA */
	expect_equal(seven.ebx & (1u << 1), 0);                      /* TSC_ADJUST */
	expect_equal(seven.ecx & (1u << 16), 0);                     /* LA57 */
	expect_equal(extended.ecx & (1u << 2), 0);                   /* SVM */
	expect_equal(guest_cpuid(0x80000007, 0).edx & (1u << 8), 0); /* invariant TSC */
	expect_zeros(0x8000000a, 0);                                 /* SVM features */
	expect_zeros(0xa, 0);                                        /* performance counters */
}

GUEST_TEST("the topology is one package of as many cores as there are VPs") {
	struct guest_cpuid one = guest_cpuid(1, 0);
	struct guest_cpuid b0 = guest_cpuid(0xb, 0);

	expect_equal(one.ebx >> 24, 0);
	expect_equal(one.ebx >> 16 & 0xff, 1);
	expect(one.ecx & 1u << 21); /* x2APIC */
	expect_equal(b0.edx, 0);
	expect_equal(b0.ebx, 1);
	expect_equal(b0.ecx >> 8, 1); /* the level of threads */
	expect_equal(guest_cpuid(0xb, 2).ebx, 0);
}

GUEST_TEST("OSXSAVE follows CR4") {
	uint64_t cr4;

	if (!(guest_cpuid(1, 0).ecx & 1u << 26))
		return;
	__asm__ volatile("mov %%cr4, %0" : "=r"(cr4));
	expect_equal(guest_cpuid(1, 0).ecx & 1u << 27, 0);
	__asm__ volatile("mov %0, %%cr4" : : "r"(cr4 | CR4_OSXSAVE) : "memory");
	expect(guest_cpuid(1, 0).ecx & 1u << 27);
	__asm__ volatile("mov %0, %%cr4" : : "r"(cr4) : "memory");
	expect_equal(guest_cpuid(1, 0).ecx & 1u << 27, 0);
}
