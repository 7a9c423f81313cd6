/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/*
 * Claim: the hypercall, VP assist and reference TSC pages lie over a guest page
 * and leave the memory beneath as it was, through enabling, moving, stacking and
 * disabling [TLFS "Overlay Pages"]; the VP assist page saves an end of interrupt
 * only where nobody waits for one [TLFS "EOI Assist"].
 */
#include <hv_abi/msr.h>
#include <guest/apic.h>
#include <guest/cpu.h>
#include <guest/fault.h>
#include <guest/hypercall.h>
#include <guest/test.h>
#include <guest/time.h>
#include "vendor.h"

#define PAGE  4096u
#define WORDS (PAGE / 8)

static volatile uint64_t page_a[WORDS] __attribute__((aligned(4096)));
static volatile uint64_t page_b[WORDS] __attribute__((aligned(4096)));

static uint64_t pattern(uint64_t seed, unsigned i) { return (seed + i) * 0x9e3779b97f4a7c15ull; }

static void fill(volatile uint64_t *page, uint64_t seed) {
	for (unsigned i = 0; i < WORDS; i++)
		page[i] = pattern(seed, i);
}

static void expect_pattern(const volatile uint64_t *page, uint64_t seed) {
	for (unsigned i = 0; i < WORDS; i++)
		expect_equal(page[i], pattern(seed, i));
}

static uint64_t address(const volatile uint64_t *page) { return (uintptr_t)page; }

static void enable(uint32_t msr, const volatile uint64_t *page) {
	guest_wrmsr(msr, address(page) | HV_PAGE_MSR_ENABLE);
	expect_equal(guest_rdmsr(msr), address(page) | HV_PAGE_MSR_ENABLE);
}

static void disable(uint32_t msr) {
	guest_wrmsr(msr, 0);
	expect_equal(guest_rdmsr(msr), 0);
}

static bool is_hypercall_page(const volatile uint64_t *page) {
	/* VMCALL or VMMCALL; RET, then INT3. */
	return (uint32_t)page[0] == (is_intel() ? 0xc3c1010f : 0xc3d9010f) && page[1] == 0xccccccccccccccccull &&
	       page[WORDS - 1] == 0xccccccccccccccccull;
}

GUEST_TEST("the hypercall page stays off until the guest has said who it is") {
	guest_wrmsr(HV_MSR_GUEST_OS_ID, 0);
	fill(page_a, 1);
	guest_wrmsr(HV_MSR_HYPERCALL, address(page_a) | HV_PAGE_MSR_ENABLE);
	expect_equal(guest_rdmsr(HV_MSR_HYPERCALL) & HV_PAGE_MSR_ENABLE, 0);
	expect_pattern(page_a, 1);
}

GUEST_TEST("the hypercall page hides memory that comes back unchanged") {
	guest_wrmsr(HV_MSR_GUEST_OS_ID, 0x8000000000000000ull);
	fill(page_a, 2);
	enable(HV_MSR_HYPERCALL, page_a);
	expect(is_hypercall_page(page_a));
	disable(HV_MSR_HYPERCALL);
	expect_pattern(page_a, 2);
}

GUEST_TEST("the guest cannot write the hypercall page nor what lies beneath") {
	fill(page_a, 3);
	enable(HV_MSR_HYPERCALL, page_a);
	(void)guest_try_write8((volatile void *)page_a, 0x90, NULL);
	(void)guest_try_write8((volatile uint8_t *)page_a + PAGE - 1, 0x90, NULL);
	expect(is_hypercall_page(page_a));
	disable(HV_MSR_HYPERCALL);
	expect_pattern(page_a, 3);
}

GUEST_TEST("a hypercall page that moves gives the old place its memory back") {
	fill(page_a, 4);
	fill(page_b, 5);
	enable(HV_MSR_HYPERCALL, page_a);
	enable(HV_MSR_HYPERCALL, page_b);
	expect_pattern(page_a, 4);
	expect(is_hypercall_page(page_b));
	page_a[7] = 1;
	page_a[7] = pattern(4, 7);
	disable(HV_MSR_HYPERCALL);
	expect_pattern(page_b, 5);
}

GUEST_TEST("taking the guest's identity back disables the hypercall page") {
	fill(page_a, 6);
	enable(HV_MSR_HYPERCALL, page_a);
	guest_wrmsr(HV_MSR_GUEST_OS_ID, 0);
	expect_equal(guest_rdmsr(HV_MSR_HYPERCALL) & HV_PAGE_MSR_ENABLE, 0);
	expect_pattern(page_a, 6);
	guest_wrmsr(HV_MSR_GUEST_OS_ID, 0x8000000000000000ull);
}

GUEST_TEST("page MSRs refuse pages outside the guest's address space") {
	static const uint32_t msrs[] = {HV_MSR_HYPERCALL, HV_MSR_REFERENCE_TSC, HV_MSR_VP_ASSIST_PAGE};

	for (unsigned i = 0; i < 3; i++) {
		struct guest_fault fault;

		expect(!guest_try_wrmsr(msrs[i], 0xfffffffffffff001ull, &fault));
		expect_equal(fault.vector, GUEST_GP);
		expect(!guest_try_wrmsr(msrs[i], 1ull << 52 | 1, &fault));
		expect_equal(fault.vector, GUEST_GP);
		expect_equal(guest_rdmsr(msrs[i]) & HV_PAGE_MSR_ENABLE, 0);
	}
}

GUEST_TEST("an overlay where no memory is can be read, and is gone afterwards") {
	const volatile uint64_t *nowhere = (const volatile uint64_t *)0x40000000;

	enable(HV_MSR_HYPERCALL, nowhere);
	expect(is_hypercall_page(nowhere));
	disable(HV_MSR_HYPERCALL);
	expect_equal(nowhere[0], ~0ull);
}

GUEST_TEST("an overlay over the APIC's page hides it and gives it back") {
	uint64_t apic = 0xfee00000;

	guest_apic_enable(false);
	guest_wrmsr(HV_MSR_REFERENCE_TSC, apic | HV_PAGE_MSR_ENABLE);
	expect(*(volatile uint32_t *)apic != 0); /* its sequence */
	disable(HV_MSR_REFERENCE_TSC);
	expect_equal(guest_apic_read(GUEST_APIC_ID), 0);
}

GUEST_TEST("the VP assist page begins as zeros and keeps its content when it moves") {
	fill(page_a, 7);
	fill(page_b, 8);
	enable(HV_MSR_VP_ASSIST_PAGE, page_a);
	for (unsigned i = 0; i < WORDS; i++)
		expect_equal(page_a[i], 0);
	page_a[WORDS - 1] = 0x1234;
	enable(HV_MSR_VP_ASSIST_PAGE, page_b);
	expect_pattern(page_a, 7);
	expect_equal(page_b[WORDS - 1], 0x1234);
	page_b[WORDS - 1] = 0;
	disable(HV_MSR_VP_ASSIST_PAGE);
	expect_pattern(page_b, 8);
}

GUEST_TEST("two overlays at one page: the last one shows, then the first, then the memory") {
	fill(page_a, 9);
	enable(HV_MSR_HYPERCALL, page_a);
	enable(HV_MSR_VP_ASSIST_PAGE, page_a);
	expect_equal(page_a[0], 0);
	page_a[0] = 0x4321;
	disable(HV_MSR_VP_ASSIST_PAGE);
	expect(is_hypercall_page(page_a));
	enable(HV_MSR_VP_ASSIST_PAGE, page_a);
	expect_equal(page_a[0], 0x4321);
	page_a[0] = 0;
	disable(HV_MSR_HYPERCALL); /* the lower one first */
	expect_equal(page_a[0], 0);
	disable(HV_MSR_VP_ASSIST_PAGE);
	expect_pattern(page_a, 9);
}

GUEST_TEST("toggling overlays a thousand times leaves the memory as it was") {
	static const uint32_t msrs[] = {HV_MSR_HYPERCALL, HV_MSR_REFERENCE_TSC, HV_MSR_VP_ASSIST_PAGE};
	uint64_t random = 12345;

	fill(page_a, 10);
	fill(page_b, 11);
	for (unsigned i = 0; i < 1000; i++) {
		uint32_t msr;

		random = random * 6364136223846793005ull + 1442695040888963407ull;
		msr = msrs[(random >> 33) % 3];
		if (random >> 63)
			enable(msr, (random >> 62 & 1) ? page_a : page_b);
		else
			disable(msr);
	}
	for (unsigned i = 0; i < 3; i++)
		disable(msrs[i]);
	expect_pattern(page_a, 10);
	expect_pattern(page_b, 11);
}

static volatile unsigned served, skipped;

/* Ends the interrupt as an enlightened guest does. */
static void on_lazy(struct guest_frame *frame) {
	volatile uint32_t *assist = (volatile uint32_t *)page_a;
	uint8_t was_set;

	(void)frame;
	served++;
	__asm__ volatile("btrl $0, %0; setc %1" : "+m"(*assist), "=q"(was_set) : : "memory");
	if (was_set)
		skipped++;
	else
		guest_wrmsr(HV_MSR_EOI, 0);
}

/* Does nothing about its end. */
static void on_unended(struct guest_frame *frame) {
	(void)frame;
	served++;
}

static void send_to_self(uint8_t vector) { guest_apic_send(0x40000u | vector, 0); }

static void lazy_ends(bool in_x2apic_mode) {
	expect(guest_apic_enable(in_x2apic_mode));
	enable(HV_MSR_VP_ASSIST_PAGE, page_a);
	guest_set_handler(0x61, on_lazy);
	guest_set_handler(0x71, on_lazy);
	served = skipped = 0;
	for (unsigned i = 1; i <= 100; i++) {
		send_to_self(0x61);
		guest_interrupts_on();
		for (unsigned n = 0; n < 1000 && served < i; n++)
			guest_pause();
		guest_interrupts_off();
		expect_equal(served, i);
	}
	expect_equal(skipped, 100);
	expect_equal(guest_apic_read(GUEST_APIC_ISR + 3), 0);
	/* Two at once: the first may not be skipped, or the second would wait. */
	skipped = 0;
	send_to_self(0x61);
	send_to_self(0x71);
	guest_interrupts_on();
	for (unsigned n = 0; n < 1000 && served < 102; n++)
		guest_pause();
	guest_interrupts_off();
	expect_equal(served, 102);
	expect_equal(skipped, 1);
	expect_equal(page_a[0], 0);
	expect_equal(guest_apic_read(GUEST_APIC_ISR + 3), 0);
	disable(HV_MSR_VP_ASSIST_PAGE);
}

GUEST_TEST("an end of interrupt is saved where nobody waits, in xAPIC mode") { lazy_ends(false); }

GUEST_TEST("an end of interrupt is saved where nobody waits, in x2APIC mode") { lazy_ends(true); }

GUEST_TEST("the bit of an interrupt in service is taken back when another one comes") {
	volatile uint32_t *assist = (volatile uint32_t *)page_a;

	enable(HV_MSR_VP_ASSIST_PAGE, page_a);
	guest_set_handler(0x61, on_unended);
	served = 0;
	send_to_self(0x61);
	guest_interrupts_on();
	for (unsigned n = 0; n < 1000 && served == 0; n++)
		guest_pause();
	expect_equal(served, 1);
	expect_equal(*assist & 1, 1);
	send_to_self(0x61); /* waits behind the first */
	guest_delay_us(1000);
	expect_equal(served, 1);
	expect_equal(*assist & 1, 0); /* now the end must be said */
	guest_wrmsr(HV_MSR_EOI, 0);
	for (unsigned n = 0; n < 1000 && served == 1; n++)
		guest_pause();
	guest_interrupts_off();
	expect_equal(served, 2);
	*assist = 0;
	(void)guest_cpuid(0x40000000, 0);
	disable(HV_MSR_VP_ASSIST_PAGE);
	expect_equal(guest_apic_read(GUEST_APIC_ISR + 3), 0);
}

#define FAR   0x100000000ull /* 4 GiB: beyond this guest's memory, each place takes tables of its own */
#define LARGE 0x200000ull
#define MOST  4096u

GUEST_TEST("a page goes to many places far apart, faults when it has been to too many, and comes back") {
	unsigned places = 0;
	struct guest_fault fault;

	while (places < MOST &&
	       guest_try_wrmsr(HV_MSR_VP_ASSIST_PAGE, (FAR + places * LARGE) | HV_PAGE_MSR_ENABLE, &fault))
		places++;
	expect(places >= 16);
	expect(places < MOST);
	expect_equal(guest_rdmsr(HV_MSR_VP_ASSIST_PAGE), (FAR + (places - 1) * LARGE) | HV_PAGE_MSR_ENABLE);
	fill(page_a, 7);
	enable(HV_MSR_VP_ASSIST_PAGE, page_a);
	disable(HV_MSR_VP_ASSIST_PAGE);
	expect_pattern(page_a, 7);
}
