/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/*
 * Claim: an instruction that a guest may not have raises the exception of a
 * processor without it, one that it may have works, and none of them reaches
 * the host: SVM and VMX [APM2 15.2.1 "Virtualization Instructions"], caches,
 * counters, MONITOR, XSETBV, control registers.
 */
#include <guest/cpu.h>
#include <guest/fault.h>
#include <guest/test.h>
#include "user_mode.h"

#define CR4_OSXSAVE (1ull << 18)
#define CPUID_XSAVE (1u << 26)

typedef void code_t(void);
extern code_t code_vmrun, code_vmload, code_vmsave, code_stgi, code_clgi, code_skinit, code_invlpga, code_vmxoff,
    code_vmlaunch, code_monitor, code_mwait, code_rsm, code_rdpru, code_invd, code_wbinvd, code_rdpmc;
extern const uint8_t code_user_in[], code_user_hlt[], code_user_rdmsr[], code_user_cpuid[], code_user_cpuid_end[],
    code_user_wbinvd[], code_user_xsetbv[];

static void run_code(void *argument) {
	code_t *code = (code_t *)(uintptr_t)argument;

	__asm__ volatile("call *%0" : : "r"(code), "a"(0), "c"(0), "d"(0) : "memory");
}

static void expect_exception(code_t *code, unsigned vector, const char *name) {
	struct guest_fault fault;

	for (unsigned i = 0; i < 2; i++) {
		if (guest_try(run_code, (void *)(uintptr_t)code, &fault))
			guest_test_fail("%s was executed", name);
		if (fault.vector != vector || fault.rip != (uintptr_t)code)
			guest_test_fail("%s raised exception %u at 0x%llx", name, (unsigned)fault.vector,
			                (unsigned long long)fault.rip);
	}
}

GUEST_TEST("SVM instructions are undefined") {
	expect_exception(code_vmrun, GUEST_UD, "VMRUN");
	expect_exception(code_vmload, GUEST_UD, "VMLOAD");
	expect_exception(code_vmsave, GUEST_UD, "VMSAVE");
	expect_exception(code_stgi, GUEST_UD, "STGI");
	expect_exception(code_clgi, GUEST_UD, "CLGI");
	expect_exception(code_skinit, GUEST_UD, "SKINIT");
	expect_exception(code_invlpga, GUEST_UD, "INVLPGA");
}

GUEST_TEST("VMX instructions are undefined") {
	expect_exception(code_vmxoff, GUEST_UD, "VMXOFF");
	expect_exception(code_vmlaunch, GUEST_UD, "VMLAUNCH");
}

GUEST_TEST("MONITOR, MWAIT, RSM and RDPRU are undefined") {
	expect_exception(code_monitor, GUEST_UD, "MONITOR");
	expect_exception(code_mwait, GUEST_UD, "MWAIT");
	expect_exception(code_rsm, GUEST_UD, "RSM");
	expect_exception(code_rdpru, GUEST_UD, "RDPRU");
}

GUEST_TEST("INVD and WBINVD go by and leave memory as it is") {
	static volatile uint64_t memory[4096];

	for (unsigned i = 0; i < 4096; i++)
		memory[i] = i * 0x9e3779b97f4a7c15ull;
	expect(guest_try(run_code, (void *)(uintptr_t)code_invd, NULL));
	expect(guest_try(run_code, (void *)(uintptr_t)code_wbinvd, NULL));
	for (unsigned i = 0; i < 4096; i++)
		expect_equal(memory[i], i * 0x9e3779b97f4a7c15ull);
}

GUEST_TEST("RDPMC raises #GP: there are no counters") { expect_exception(code_rdpmc, GUEST_GP, "RDPMC"); }

static void xsetbv(uint32_t index, uint64_t value) {
	__asm__ volatile("xsetbv" : : "c"(index), "a"((uint32_t)value), "d"((uint32_t)(value >> 32)));
}

struct xcr {
	uint64_t value;
	uint32_t index;
};

static void try_xsetbv(void *argument) {
	const struct xcr *x = argument;

	xsetbv(x->index, x->value);
}

static void set_osxsave(bool is_on) {
	uint64_t cr4;

	__asm__ volatile("mov %%cr4, %0" : "=r"(cr4));
	cr4 = is_on ? cr4 | CR4_OSXSAVE : cr4 & ~CR4_OSXSAVE;
	__asm__ volatile("mov %0, %%cr4" : : "r"(cr4) : "memory");
}

static void expect_xcr0_refused(uint32_t index, uint64_t value, unsigned vector) {
	struct xcr x = {value, index};
	struct guest_fault fault;

	if (guest_try(try_xsetbv, &x, &fault))
		guest_test_fail("XCR%u took 0x%llx", index, (unsigned long long)value);
	expect_equal(fault.vector, vector);
}

GUEST_TEST("XSETBV follows its rules, and CPUID leaf 0xd follows XCR0") {
	struct guest_cpuid d = guest_cpuid(0xd, 0);
	uint64_t allowed = (uint64_t)d.edx << 32 | d.eax;

	if (!(guest_cpuid(1, 0).ecx & CPUID_XSAVE))
		return;
	expect_xcr0_refused(0, 1, GUEST_UD); /* CR4.OSXSAVE is clear */
	set_osxsave(true);
	expect(allowed & 1);
	expect_xcr0_refused(1, 1, GUEST_GP);
	expect_xcr0_refused(~0u, 1, GUEST_GP);
	expect_xcr0_refused(0, 0, GUEST_GP); /* x87 is always on */
	expect_xcr0_refused(0, 2, GUEST_GP);
	expect_xcr0_refused(0, 5, GUEST_GP); /* AVX without SSE */
	expect_xcr0_refused(0, ~0ull, GUEST_GP);
	for (unsigned bit = 1; bit < 64; bit++)
		if (!(allowed >> bit & 1))
			expect_xcr0_refused(0, 1ull << bit | 3, GUEST_GP);
	xsetbv(0, 1);
	expect_equal(guest_cpuid(0xd, 0).ebx, 576);
	if ((allowed & 7) == 7) {
		xsetbv(0, 7);
		expect_equal(guest_cpuid(0xd, 0).ebx, 832);
	}
	xsetbv(0, 3);
	expect_equal(guest_cpuid(0xd, 0).ebx, 576);
	set_osxsave(false);
}

static void write_cr4(void *value) { __asm__ volatile("mov %0, %%cr4" : : "r"(value) : "memory"); }

GUEST_TEST("bits of CR4 that the guest was not given raise #GP") {
	/* PCE, LA57, VMXE, SMXE, CET, and what does not exist. MCE is the host's and
	 * stays set whatever is written to it (kernel/core/exit.c). */
	static const uint8_t denied[] = {8, 12, 13, 14, 15, 19, 23, 30, 31, 32, 63};
	struct guest_fault fault;
	uint64_t cr4;

	__asm__ volatile("mov %%cr4, %0" : "=r"(cr4));
	for (unsigned i = 0; i < sizeof(denied); i++) {
		if (guest_try(write_cr4, (void *)(uintptr_t)(cr4 | 1ull << denied[i]), &fault))
			guest_test_fail("CR4 took bit %u", denied[i]);
		expect_equal(fault.vector, GUEST_GP);
	}
	expect(!guest_try(write_cr4, (void *)(uintptr_t)(cr4 & ~0x20ull), &fault)); /* PAE off */
	expect_equal(fault.vector, GUEST_GP);
}

GUEST_TEST("privileged instructions at CPL 3 raise #GP, before any intercept") {
	static const uint8_t *const codes[] = {code_user_in, code_user_hlt, code_user_rdmsr, code_user_wbinvd,
	                                       code_user_xsetbv};
	struct guest_fault fault;

	set_osxsave(true);
	for (unsigned i = 0; i < sizeof(codes) / sizeof(codes[0]); i++) {
		user_mode_run(codes[i], 0, &fault);
		if (fault.vector != GUEST_GP)
			guest_test_fail("instruction %u raised exception %u", i, (unsigned)fault.vector);
	}
	set_osxsave(false);
}

GUEST_TEST("CPUID works at CPL 3") {
	struct guest_fault fault;

	user_mode_run(code_user_cpuid, 0, &fault);
	expect_equal(fault.vector, GUEST_UD);
	expect_equal(fault.rip, (uintptr_t)code_user_cpuid_end);
}

extern const uint8_t code_prefixed_cpuid[];

GUEST_TEST("prefixes before an emulated instruction are skipped with it") {
	uint32_t eax = 0x40000000, ebx, ecx = 0, edx;

	__asm__ volatile("call *%4" : "+a"(eax), "=b"(ebx), "+c"(ecx), "=d"(edx) : "r"(code_prefixed_cpuid) : "memory");
	expect_equal(ebx, 0x7263694d);
}
