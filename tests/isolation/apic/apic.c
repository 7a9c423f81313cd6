/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/*
 * Claim: the virtual local APIC delivers by priority, blocks by TPR, counts down,
 * reports illegal vectors and changes its mode as the manual says
 * [SDM 3A 11 "Advanced Programmable Interrupt Controller"], in xAPIC mode
 * through the parent and in x2APIC mode in the kernel.
 */
#include <hv_abi/msr.h>
#include <guest/apic.h>
#include <guest/cpu.h>
#include <guest/fault.h>
#include <guest/test.h>
#include <guest/time.h>

#define TO_SELF      0x40000u
#define LVT_ERROR    ((enum guest_apic_register)0x37)
#define SELF_IPI     0x83f
#define MASKED       0x10000u
#define PERIODIC     0x20000u
#define ENABLED      0x100u
#define SEND_ILLEGAL 0x20u
#define RECV_ILLEGAL 0x40u
#define ORDER_MAX    16u

static volatile unsigned count;
static volatile uint8_t order[ORDER_MAX];

static void on_interrupt(struct guest_frame *frame) {
	if (count < ORDER_MAX)
		order[count] = (uint8_t)frame->vector;
	count++;
	guest_apic_eoi();
}

/* Lets higher ones in before its own end. */
static void on_nested(struct guest_frame *frame) {
	if (count < ORDER_MAX)
		order[count] = (uint8_t)frame->vector;
	count++;
	if (frame->vector == 0x45)
		guest_apic_send(TO_SELF | 0x85, 0);
	guest_interrupts_on();
	guest_delay_us(100);
	guest_interrupts_off();
	if (count < ORDER_MAX)
		order[count] = (uint8_t)(frame->vector | 1u); /* after the inner one */
	count++;
	guest_apic_eoi();
}

static void begin(void) {
	count = 0;
	for (unsigned v = 0x20; v < 0x100; v++)
		guest_set_handler((uint8_t)v, on_interrupt);
	guest_apic_write(GUEST_APIC_TPR, 0);
	guest_apic_write(GUEST_APIC_LVT_TIMER, MASKED);
}

static void send(uint8_t vector) { guest_apic_send(TO_SELF | vector, 0); }

static void run_for_us(uint64_t microseconds) {
	guest_interrupts_on();
	guest_delay_us(microseconds);
	guest_interrupts_off();
}

static unsigned wait_for(unsigned wanted) {
	guest_interrupts_on();
	for (unsigned i = 0; i < 30000 && count < wanted; i++)
		guest_delay_us(100);
	guest_interrupts_off();
	return count;
}

static uint64_t read_cr8(void) {
	uint64_t value;

	__asm__ volatile("mov %%cr8, %0" : "=r"(value));
	return value;
}

static void write_cr8(uint64_t value) { __asm__ volatile("mov %0, %%cr8" : : "r"(value) : "memory"); }

static void priorities(void) {
	begin();
	send(0x41);
	send(0xe1);
	send(0x91);
	send(0x92);
	send(0x41); /* merges with the first */
	expect_equal(wait_for(4), 4);
	run_for_us(500);
	expect_equal(count, 4);
	expect_equal(order[0], 0xe1);
	expect_equal(order[1], 0x92);
	expect_equal(order[2], 0x91);
	expect_equal(order[3], 0x41);
}

static void task_priority(void) {
	begin();
	guest_apic_write(GUEST_APIC_TPR, 0x50);
	expect_equal(read_cr8(), 5);
	send(0x41);
	send(0x5f);
	run_for_us(2000);
	expect_equal(count, 0);
	expect_equal(guest_apic_read((enum guest_apic_register)(GUEST_APIC_IRR + 2)), 1u << 1 | 1u << 31);
	send(0x60);
	expect_equal(wait_for(1), 1);
	guest_apic_write(GUEST_APIC_TPR, 0x40); /* opens class 5 */
	expect_equal(read_cr8(), 4);
	expect_equal(wait_for(2), 2);
	expect_equal(order[1], 0x5f);
	run_for_us(500);
	expect_equal(count, 2);
	guest_apic_write(GUEST_APIC_TPR, 0x3f);
	expect_equal(wait_for(3), 3);
	write_cr8(15);
	expect_equal(guest_apic_read(GUEST_APIC_TPR), 0xf0);
	send(0xff);
	run_for_us(500);
	expect_equal(count, 3);
	write_cr8(0); /* with an interrupt waiting for just that */
	expect_equal(wait_for(4), 4);
	expect_equal(guest_apic_read(GUEST_APIC_TPR), 0);
	expect_equal(read_cr8(), 0);
}

static void nesting(void) {
	begin();
	guest_set_handler(0x45, on_nested);
	guest_set_handler(0x85, on_nested);
	send(0x44 + 1);
	expect_equal(wait_for(4), 4);
	expect_equal(order[0], 0x45);
	expect_equal(order[1], 0x85);
	expect_equal(order[2], 0x85 | 1);
	expect_equal(order[3], 0x45 | 1);
	for (unsigned i = 0; i < 8; i++)
		expect_equal(guest_apic_read((enum guest_apic_register)(GUEST_APIC_ISR + i)), 0);
}

static void illegal_vectors(void) {
	begin();
	guest_apic_write(LVT_ERROR, 0x48);
	guest_apic_write(GUEST_APIC_ERROR, 0);
	for (uint8_t vector = 0; vector < 16; vector++) {
		count = 0;
		send(vector);
		guest_apic_write(GUEST_APIC_ERROR, 0);
		expect_equal(guest_apic_read(GUEST_APIC_ERROR) & SEND_ILLEGAL, SEND_ILLEGAL);
		expect_equal(wait_for(1), 1);
		expect_equal(order[0], 0x48);
	}
	/* The error entry's own vector is illegal: no recursion (XSA-462). */
	for (uint32_t vector = 0; vector < 16; vector++) {
		guest_apic_write(LVT_ERROR, vector);
		send(3);
		guest_apic_write(GUEST_APIC_ERROR, 0);
		expect(guest_apic_read(GUEST_APIC_ERROR) & SEND_ILLEGAL);
	}
	guest_apic_write(LVT_ERROR, MASKED);
	/* The timer's vector is illegal. */
	guest_apic_write(GUEST_APIC_ERROR, 0);
	guest_apic_write(GUEST_APIC_ERROR, 0);
	guest_apic_timer_start(5, 1000);
	run_for_us(5000);
	guest_apic_write(GUEST_APIC_ERROR, 0);
	expect_equal(guest_apic_read(GUEST_APIC_ERROR) & RECV_ILLEGAL, RECV_ILLEGAL);
	guest_apic_write(GUEST_APIC_ERROR, 0);
	expect_equal(guest_apic_read(GUEST_APIC_ERROR), 0);
}

static void timer(void) {
	uint64_t start;

	begin();
	start = guest_rdmsr(HV_MSR_TIME_REF_COUNT);
	guest_apic_timer_start(0x42, 5000000); /* 5 ms at 1 GHz */
	expect(guest_apic_read(GUEST_APIC_TIMER_NOW) > 0);
	expect_equal(wait_for(1), 1);
	expect(guest_rdmsr(HV_MSR_TIME_REF_COUNT) - start >= 50000);
	expect_equal(guest_apic_read(GUEST_APIC_TIMER_NOW), 0);
	run_for_us(8000);
	expect_equal(count, 1);

	guest_apic_write(GUEST_APIC_LVT_TIMER, PERIODIC | 0x42);
	guest_apic_write(GUEST_APIC_TIMER_COUNT, 2000000);
	expect(wait_for(6) >= 6);
	guest_apic_write(GUEST_APIC_TIMER_COUNT, 0);
	run_for_us(100);
	count = 0;
	run_for_us(6000);
	expect_equal(count, 0);

	guest_apic_write(GUEST_APIC_LVT_TIMER, MASKED | 0x42);
	guest_apic_write(GUEST_APIC_TIMER_COUNT, 100000);
	run_for_us(3000);
	expect_equal(count, 0);

	/* Divided by 128: 20 ms. */
	guest_apic_write(GUEST_APIC_LVT_TIMER, 0x42);
	guest_apic_write(GUEST_APIC_TIMER_DIVIDE, 0xa);
	start = guest_rdmsr(HV_MSR_TIME_REF_COUNT);
	guest_apic_write(GUEST_APIC_TIMER_COUNT, 156250);
	expect_equal(wait_for(1), 1);
	expect(guest_rdmsr(HV_MSR_TIME_REF_COUNT) - start >= 200000);
}

static void software_disable(void) {
	begin();
	guest_apic_write(GUEST_APIC_SPURIOUS, 0xff);
	send(0x41);
	run_for_us(500);
	expect_equal(count, 0);
	expect(guest_apic_read(GUEST_APIC_LVT_TIMER) & MASKED);
	guest_apic_write(GUEST_APIC_LVT_TIMER, 0x42);
	expect(guest_apic_read(GUEST_APIC_LVT_TIMER) & MASKED);
	guest_apic_write(GUEST_APIC_SPURIOUS, ENABLED | 0xff);
	send(0x41);
	expect_equal(wait_for(1), 1);
}

static void a_flood(void) {
	begin();
	for (unsigned i = 0; i < 2000; i++) {
		guest_apic_send(TO_SELF | 0x41, 0);
		guest_apic_send(0x80000u | 0x41, 0);  /* all including self */
		guest_apic_send(0xc0000u | 0x400, 0); /* NMI to nobody else */
		guest_apic_send(0x500, 77);           /* INIT to nobody */
		guest_apic_send(0x700 | 0x41, 0);     /* ExtINT: nobody takes it */
		guest_apic_send(0x200, 0);            /* SMI: likewise */
	}
	expect_equal(wait_for(1), 1);
	run_for_us(500);
	expect_equal(count, 1);
}

GUEST_TEST("xAPIC: the highest priority comes first, equals merge") {
	expect(guest_apic_enable(false));
	priorities();
}

GUEST_TEST("xAPIC: TPR and CR8 block what is not above them") { task_priority(); }

GUEST_TEST("xAPIC: a higher interrupt nests, a lower one waits for the end") { nesting(); }

GUEST_TEST("xAPIC: illegal vectors are an error bit and an error interrupt, without recursion") { illegal_vectors(); }

GUEST_TEST("xAPIC: the timer fires once or periodically, masked or divided, never early") { timer(); }

GUEST_TEST("xAPIC: a software-disabled APIC takes nothing and masks its entries") { software_disable(); }

GUEST_TEST("xAPIC: IPIs to nobody and of every mode do no harm") { a_flood(); }

GUEST_TEST("xAPIC: every word of the register page can be read and written") {
	volatile uint8_t *page = (volatile uint8_t *)0xfee00000;

	for (unsigned i = 0; i < 0x1000; i += 4) {
		if (i == 0x300 || i == 0x310 || i == 0x320 || i == 0x380) /* commands */
			continue;
		(void)*(volatile uint32_t *)(page + i);
		*(volatile uint32_t *)(page + i) = 0xffffffff;
		*(volatile uint32_t *)(page + i) = 0;
	}
	(void)*(volatile uint8_t *)(page + 0xfff);
	(void)*(volatile uint64_t *)(page + 0x20);
	expect(guest_apic_enable(false));
	expect_equal(guest_apic_id(), 0);
	priorities();
}

static void write_base(uint64_t value, bool is_legal) {
	struct guest_fault fault;

	if (guest_try_wrmsr(GUEST_MSR_APIC_BASE, value, &fault) != is_legal)
		guest_test_fail("APIC base 0x%llx was %s", (unsigned long long)value, is_legal ? "refused" : "taken");
	if (!is_legal)
		expect_equal(fault.vector, GUEST_GP);
}

GUEST_TEST("the APIC changes its mode by legal steps only, and stays where it is") {
	expect_equal(guest_rdmsr(GUEST_MSR_APIC_BASE), 0xfee00900);
	write_base(0xfee00500, false); /* x2APIC without enable */
	write_base(0xfed00900, false); /* moved */
	write_base(0xfee00901, false); /* reserved bits */
	write_base(0x8000fee00900, false);
	write_base(0xfee00100, true); /* disabled */
	expect_equal(guest_cpuid(1, 0).edx & 1u << 9, 0);
	expect_equal(*(volatile uint32_t *)0xfee00020, ~0u);
	write_base(0xfee00d00, false); /* from disabled to x2APIC */
	write_base(0xfee00900, true);
	expect(guest_cpuid(1, 0).edx & 1u << 9);
	write_base(0xfee00d00, true);
	write_base(0xfee00900, false);                       /* back to xAPIC */
	expect_equal(*(volatile uint32_t *)0xfee00020, ~0u); /* no page in x2APIC mode */
}

GUEST_TEST("x2APIC: the highest priority comes first, equals merge") {
	expect(guest_apic_enable(true));
	priorities();
}

GUEST_TEST("x2APIC: TPR and CR8 block what is not above them") { task_priority(); }

GUEST_TEST("x2APIC: a higher interrupt nests, a lower one waits for the end") { nesting(); }

GUEST_TEST("x2APIC: illegal vectors are an error bit and an error interrupt, without recursion") { illegal_vectors(); }

GUEST_TEST("x2APIC: the timer fires once or periodically, masked or divided, never early") { timer(); }

GUEST_TEST("x2APIC: a software-disabled APIC takes nothing and masks its entries") { software_disable(); }

GUEST_TEST("x2APIC: IPIs to nobody and of every mode do no harm") { a_flood(); }

GUEST_TEST("x2APIC: the self-IPI register sends, and refuses an illegal vector by an error") {
	begin();
	guest_wrmsr(SELF_IPI, 0x77);
	expect_equal(wait_for(1), 1);
	expect_equal(order[0], 0x77);
	guest_wrmsr(SELF_IPI, 5);
	guest_apic_write(GUEST_APIC_ERROR, 0);
	expect_equal(guest_apic_read(GUEST_APIC_ERROR), SEND_ILLEGAL);
	guest_apic_write(GUEST_APIC_ERROR, 0);
	expect(!guest_try_wrmsr(SELF_IPI, 0x100, NULL));
}

GUEST_TEST("the synthetic EOI, ICR and TPR registers do what the APIC's do") {
	begin();
	guest_wrmsr(HV_MSR_ICR, TO_SELF | 0x66);
	expect_equal(wait_for(1), 1);
	expect_equal(order[0], 0x66);
	guest_wrmsr(HV_MSR_TPR, 0x70);
	expect_equal(read_cr8(), 7);
	expect_equal(guest_rdmsr(HV_MSR_TPR), 0x70);
	expect(!guest_try_wrmsr(HV_MSR_TPR, 0x100, NULL));
	guest_wrmsr(HV_MSR_TPR, 0);
	guest_wrmsr(HV_MSR_EOI, 0); /* nothing in service */
}
