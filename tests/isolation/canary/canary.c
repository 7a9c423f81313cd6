/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/*
 * Claim: memory and registers of a VM are its own: free memory is zero when a VM
 * starts, a pattern of (VM, address) stays in every byte of it while others run
 * and fill theirs, and so do the registers that the host switches. Several VMs
 * run it at once; the command line's first letter is the VM's seed.
 */
#include <guest/apic.h>
#include <guest/cpu.h>
#include <guest/fault.h>
#include <guest/test.h>
#include "word.h"

#define RAM_BEGIN 0x280000ull /* behind the guest's image and stacks */
#define RAM_END   0x800000ull
#define ROUNDS    5u

extern const char guest_stacks[];

static uint64_t seed(void) { return (uint8_t)command_word()[0] * 0x9e3779b97f4a7c15ull; }

static uint64_t pattern(uint64_t address) {
	uint64_t x = seed() ^ address;

	x = (x ^ x >> 31) * 0xbf58476d1ce4e5b9ull;
	return x ^ x >> 29;
}

static void on_wake(struct guest_frame *frame) {
	(void)frame;
	guest_apic_eoi();
}

/* Gives the processor away for a millisecond. */
static void rest(void) {
	guest_apic_timer_start(0x41, 1000000);
	guest_wait_for_interrupt();
}

GUEST_TEST("memory that a VM gets is zero, whoever had it before") {
	expect((uintptr_t)guest_stacks + 64 * 16384 < RAM_BEGIN);
	for (uint64_t a = RAM_BEGIN; a < RAM_END; a += 8)
		if (*(volatile uint64_t *)a != 0)
			guest_test_fail("0x%llx at 0x%llx", (unsigned long long)*(volatile uint64_t *)a,
			                (unsigned long long)a);
}

GUEST_TEST("a pattern in all of the memory stays while others write theirs") {
	guest_apic_enable(true);
	guest_set_handler(0x41, on_wake);
	for (uint64_t a = RAM_BEGIN; a < RAM_END; a += 8)
		*(volatile uint64_t *)a = pattern(a);
	for (unsigned round = 0; round < ROUNDS; round++) {
		for (unsigned i = 0; i < 50; i++)
			rest();
		for (uint64_t a = RAM_BEGIN; a < RAM_END; a += 8)
			if (*(volatile uint64_t *)a != pattern(a))
				guest_test_fail("0x%llx at 0x%llx", (unsigned long long)*(volatile uint64_t *)a,
				                (unsigned long long)a);
	}
}

static const uint32_t msrs[] = {0x174,      0x175,      0x176,      0x277,      0xc0000081, 0xc0000082,
                                0xc0000083, 0xc0000084, 0xc0000100, 0xc0000101, 0xc0000102, 0xc0000103};
#define MSRS (sizeof(msrs) / sizeof(msrs[0]))

static uint64_t msr_value(unsigned i) {
	if (msrs[i] == 0x277)
		return 0x0007040600070400ull + (seed() & 4);
	if (msrs[i] == 0xc0000084 || msrs[i] == 0xc0000103)
		return pattern(i) & 0xffffffff;
	if (msrs[i] == 0x174) /* a selector: QEMU keeps 16 bits of it */
		return pattern(i) & 0xffff;
	return pattern(i) & 0x7fffffffffff; /* canonical */
}

static void fill_xmm(void) {
	uint64_t value = seed();

	/* Compiled without SSE: the registers are the test's alone. */
	__asm__ volatile("movq %0, %%xmm0; movq %1, %%xmm15" : : "r"(value), "r"(~value));
}

static void expect_xmm(void) {
	uint64_t low, high;

	__asm__ volatile("movq %%xmm0, %0; movq %%xmm15, %1" : "=r"(low), "=r"(high));
	expect_equal(low, seed());
	expect_equal(high, ~seed());
}

GUEST_TEST("MSRs, debug and vector registers stay while others set theirs") {
	uint64_t cr0, cr4, dr;

	__asm__ volatile("mov %%cr0, %0; mov %%cr4, %1" : "=r"(cr0), "=r"(cr4));
	__asm__ volatile("mov %0, %%cr4" : : "r"(cr4 | 0x600)); /* OSFXSR, OSXMMEXCPT */
	for (unsigned i = 0; i < MSRS; i++)
		guest_wrmsr(msrs[i], msr_value(i));
	fill_xmm();
	__asm__ volatile("mov %0, %%db0; mov %1, %%db3" : : "r"(seed() >> 17), "r"(seed() >> 18));
	for (unsigned round = 0; round < 300; round++) {
		rest();
		for (unsigned i = 0; i < MSRS; i++)
			expect_equal(guest_rdmsr(msrs[i]), msr_value(i));
		expect_xmm();
		__asm__ volatile("mov %%db0, %0" : "=r"(dr));
		expect_equal(dr, seed() >> 17);
		__asm__ volatile("mov %%db3, %0" : "=r"(dr));
		expect_equal(dr, seed() >> 18);
	}
}
