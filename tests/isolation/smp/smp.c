/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/*
 * Claim: the VPs of a VM start by INIT-SIPI-SIPI, tell one time, interrupt each
 * other in both modes of the APIC, and see each other's page-table changes after
 * the guest's own shoot-down; overlays moved by several VPs at once stay whole.
 */
#include <hv_abi/msr.h>
#include <guest/apic.h>
#include <guest/cpu.h>
#include <guest/fault.h>
#include <guest/smp.h>
#include <guest/test.h>
#include <guest/time.h>
#include "window.h"

#define CPUS_MAX 64u /* an index for each start */
#define PING     0x51
#define SHOOT    0x52
#define OTHERS   0xc0000u

static volatile bool is_stopping;
static volatile unsigned running, pings[CPUS_MAX], shots[CPUS_MAX];
static volatile uint32_t ids[CPUS_MAX];
static volatile uint64_t seen[CPUS_MAX]; /* through the window, at the last shot */
static volatile uint64_t last_time;
static volatile uint64_t indices;
static bool in_x2apic_mode;

static void on_ping(struct guest_frame *frame) {
	(void)frame;
	pings[guest_cpu_index()]++;
	guest_apic_eoi();
}

static void on_shoot(struct guest_frame *frame) {
	(void)frame;
	__asm__ volatile("invlpg (%0)" : : "r"(WINDOW) : "memory");
	seen[guest_cpu_index()] = window_read();
	__atomic_add_fetch(&shots[guest_cpu_index()], 1, __ATOMIC_SEQ_CST);
	guest_apic_eoi();
}

static void serve(void *argument) {
	unsigned index = guest_cpu_index();

	(void)argument;
	guest_apic_enable(in_x2apic_mode);
	ids[index] = guest_apic_id();
	__atomic_or_fetch(&indices, 1ull << guest_rdmsr(HV_MSR_VP_INDEX), __ATOMIC_SEQ_CST);
	__atomic_add_fetch(&running, 1, __ATOMIC_SEQ_CST);
	while (!is_stopping)
		guest_wait_for_interrupt();
	__atomic_sub_fetch(&running, 1, __ATOMIC_SEQ_CST);
}

GUEST_TEST("every other VP starts, with its own id and index") {
	unsigned count = guest_cpu_count();

	expect(count <= 16);
	guest_set_handler(PING, on_ping);
	guest_set_handler(SHOOT, on_shoot);
	expect_equal(guest_cpuid(1, 0).ebx >> 16 & 0xff, count);
	expect_equal(guest_cpuid(0x40000005, 0).eax, count);
	expect(guest_apic_enable(false));
	for (unsigned i = 1; i < count; i++)
		expect(guest_cpu_start(i, serve, NULL));
	expect_equal(window_wait(&running, count - 1), count - 1);
	for (unsigned i = 1; i < count; i++)
		expect_equal(ids[i], i);
	expect_equal(indices, (1ull << count) - 2);
}

GUEST_TEST("IPIs reach each VP by its id, and all others at once, every time") {
	unsigned count = guest_cpu_count();

	for (unsigned round = 1; round <= 50; round++) {
		for (unsigned i = 1; i < count; i++) {
			guest_apic_send(0x4000u | PING, i);
			expect_equal(window_wait(&pings[i], 2 * round - 1), 2 * round - 1);
		}
		if (count > 1)
			guest_apic_send(OTHERS | 0x4000u | PING, 0);
		for (unsigned i = 1; i < count; i++)
			expect_equal(window_wait(&pings[i], 2 * round), 2 * round);
	}
	expect_equal(pings[0], 0);
}

static uint64_t page_a[512] __attribute__((aligned(4096)));
static uint64_t page_b[512] __attribute__((aligned(4096)));

GUEST_TEST("a page-table change is seen by all after the guest's shoot-down") {
	unsigned count = guest_cpu_count();
	volatile uint64_t *entry = window_entry();

	page_a[0] = 0xaaaa;
	page_b[0] = 0xbbbb;
	for (unsigned round = 1; round <= 50; round++) {
		uint64_t *page = round & 1 ? page_a : page_b;

		*entry = (uintptr_t)page | WINDOW_PRESENT;
		__asm__ volatile("invlpg (%0)" : : "r"(WINDOW) : "memory");
		if (count > 1)
			guest_apic_send(OTHERS | 0x4000u | SHOOT, 0);
		for (unsigned i = 1; i < count; i++) {
			expect_equal(window_wait(&shots[i], round), round);
			expect_equal(seen[i], page[0]);
		}
		expect_equal(window_read(), page[0]);
	}
}

GUEST_TEST("the VPs stop when they are told to") {
	unsigned count = guest_cpu_count();

	is_stopping = true;
	if (count > 1)
		guest_apic_send(OTHERS | 0x4000u | PING, 0);
	for (unsigned i = 0; i < 5000 && running > 0; i++)
		guest_delay_us(1000);
	expect_equal(running, 0);
}

static volatile bool has_gone_back;
static volatile unsigned done;

/* Takes the largest time seen so far, then its own: that must not be less. */
static void watch_time(void *argument) {
	(void)argument;
	for (unsigned i = 0; i < 3000; i++) {
		uint64_t latest = __atomic_load_n(&last_time, __ATOMIC_SEQ_CST);
		uint64_t now = guest_rdmsr(HV_MSR_TIME_REF_COUNT);

		/* Emulated processors' TSCs differ by what the kernel measured at boot;
		 * a millisecond is more than that. */
		if (now + 10000 < latest)
			has_gone_back = true;
		if (now > latest)
			__atomic_store_n(&last_time, now, __ATOMIC_SEQ_CST);
	}
	__atomic_add_fetch(&done, 1, __ATOMIC_SEQ_CST);
}

static uint8_t overlay_page[4096] __attribute__((aligned(4096)));

/* XSA-472: overlays of the partition, set from all VPs at once. */
static void toggle_overlays(void *argument) {
	(void)argument;
	for (unsigned i = 0; i < 300; i++) {
		guest_wrmsr(HV_MSR_REFERENCE_TSC, (uintptr_t)overlay_page | HV_PAGE_MSR_ENABLE);
		guest_wrmsr(HV_MSR_VP_ASSIST_PAGE, (uintptr_t)overlay_page | HV_PAGE_MSR_ENABLE);
		guest_wrmsr(HV_MSR_REFERENCE_TSC, 0);
		guest_wrmsr(HV_MSR_VP_ASSIST_PAGE, 0);
	}
	__atomic_add_fetch(&done, 1, __ATOMIC_SEQ_CST);
}

/* Restarts each other VP by INIT-SIPI-SIPI, whatever it does, and runs beside it. */
static void on_all(void (*function)(void *argument)) {
	unsigned count = guest_cpu_count();

	done = 0;
	for (unsigned i = 1; i < count; i++)
		expect(guest_cpu_start(i, function, NULL));
	function(NULL);
	expect_equal(window_wait(&done, count), count);
}

GUEST_TEST("all VPs tell one time") {
	on_all(watch_time);
	expect(!has_gone_back);
}

GUEST_TEST("overlays set by all VPs at once leave the memory beneath as it was") {
	for (unsigned i = 0; i < sizeof(overlay_page); i++)
		overlay_page[i] = (uint8_t)(i * 7);
	on_all(toggle_overlays);
	for (unsigned i = 0; i < sizeof(overlay_page); i++)
		expect_equal(overlay_page[i], (uint8_t)(i * 7));
}

static volatile unsigned total;

static void on_any_ping(struct guest_frame *frame) {
	(void)frame;
	__atomic_add_fetch(&total, 1, __ATOMIC_SEQ_CST);
	guest_apic_eoi();
}

GUEST_TEST("IPIs reach each VP in x2APIC mode") {
	unsigned count = guest_cpu_count();

	is_stopping = false;
	in_x2apic_mode = true;
	running = 0;
	total = 0;
	guest_set_handler(PING, on_any_ping);
	expect(guest_apic_enable(true));
	for (unsigned i = 1; i < count; i++)
		expect(guest_cpu_start(i, serve, NULL));
	expect_equal(window_wait(&running, count - 1), count - 1);
	for (unsigned round = 1; round <= 50; round++) {
		for (unsigned i = 1; i < count; i++) {
			unsigned before = total;

			guest_apic_send(0x4000u | PING, i);
			expect_equal(window_wait(&total, before + 1), before + 1);
		}
		if (count > 1)
			guest_apic_send(OTHERS | 0x4000u | PING, 0);
		expect_equal(window_wait(&total, 2 * round * (count - 1)), 2 * round * (count - 1));
	}
}
