/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/* What a tiny guest may count on, on any machine: faults, interrupts, timer, VPs. */
#include <guest/apic.h>
#include <guest/cpu.h>
#include <guest/fault.h>
#include <guest/hypercall.h>
#include <guest/smp.h>
#include <guest/test.h>
#include <guest/time.h>

#define VECTOR 0x40

static volatile unsigned interrupts;

static void on_interrupt(struct guest_frame *frame) {
	(void)frame;
	interrupts++;
	guest_apic_eoi();
}

static void undefined(void *argument) {
	(void)argument;
	__asm__ volatile("ud2");
}

static void breakpoint_inside(void *argument) {
	unsigned *steps = argument;
	struct guest_fault fault;

	*steps += !guest_try(undefined, NULL, &fault) && fault.vector == GUEST_UD;
	__asm__ volatile("int3");
	*steps += 10;
}

GUEST_TEST("a caught exception leaves the rest of the function out, also nested") {
	struct guest_fault fault;
	unsigned steps = 0;

	expect(!guest_try(breakpoint_inside, &steps, &fault));
	expect_equal(fault.vector, GUEST_BP);
	expect_equal(steps, 1);
}

GUEST_TEST("a page fault tells its address") {
	volatile void *outside = (volatile void *)0x100000000ull; /* the tables map 4 GiB */
	struct guest_fault fault;
	uint8_t value;

	expect(!guest_try_read8(outside, &value, &fault));
	expect_equal(fault.vector, GUEST_PF);
	expect_equal(fault.cr2, 0x100000000ull);
}

static void expect_self_ipi(void) {
	unsigned before = interrupts;

	guest_set_handler(VECTOR, on_interrupt);
	guest_apic_send(0x40000u | VECTOR, 0); /* to itself */
	guest_interrupts_on();
	for (unsigned i = 0; i < 1000 && interrupts == before; i++)
		guest_delay_us(10);
	guest_interrupts_off();
	expect_equal(interrupts, before + 1);
}

GUEST_TEST("an interrupt to oneself arrives in xAPIC mode") {
	expect(guest_apic_enable(false));
	expect_self_ipi();
}

static unsigned indices;

static void note_index(void *argument) {
	(void)argument;
	__atomic_or_fetch(&indices, 1u << guest_cpu_index(), __ATOMIC_SEQ_CST);
}

GUEST_TEST("other VPs start and run") {
	unsigned count = guest_cpu_count();

	for (unsigned i = 1; i < count; i++)
		expect(guest_cpu_start(i, note_index, NULL));
	guest_delay_us(1000);
	expect_equal(__atomic_load_n(&indices, __ATOMIC_SEQ_CST), (1u << count) - 2);
}

GUEST_TEST("an interrupt to oneself arrives in x2APIC mode, where that is offered") {
	if (guest_apic_enable(true))
		expect_self_ipi();
}

GUEST_TEST("the timer ends a halt") {
	unsigned before = interrupts;

	guest_set_handler(VECTOR, on_interrupt);
	guest_apic_timer_start(VECTOR, 100000);
	while (interrupts == before)
		guest_wait_for_interrupt();
	expect_equal(interrupts, before + 1);
}

GUEST_TEST("a hypercall of the parent is refused, where there is a hypervisor") {
	struct hv_create_partition_in in = {.vp_count = 1};
	struct hv_create_partition_out out;

	if (guest_hypercall_setup())
		expect(guest_status(guest_call_create_partition(&in, NULL, 0, &out)) != HV_STATUS_SUCCESS);
}
