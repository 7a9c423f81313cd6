/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/*
 * A synthetic timer in direct mode, programmed and expired, its interrupt ended
 * lazily through the VP assist page: awake, and out of a halt. Then a stretch of
 * computing, which should cost nothing but itself, and a long halt.
 */
#include <hv_abi/msr.h>
#include <guest/apic.h>
#include <guest/console.h>
#include <guest/cpu.h>
#include <guest/fault.h>
#include <guest/hypercall.h>
#include "bench.h"

#define VECTOR 0x41
#define N      8u
#define DELAY  5000u /* of reference time, 100 ns each: longer than an exit anywhere */

static struct hv_reference_tsc_page time_page __attribute__((aligned(4096)));
static uint32_t assist[1024] __attribute__((aligned(4096)));
static volatile unsigned fired;

static uint64_t now(void) {
	uint64_t product;
	uint64_t high;

	__asm__("mul %3" : "=a"(product), "=d"(high) : "a"(guest_rdtsc()), "r"(time_page.scale) : "cc");
	return high + (uint64_t)time_page.offset;
}

static void on_timer(struct guest_frame *frame) {
	(void)frame;
	fired++;
	if (__atomic_exchange_n(&assist[0], 0, __ATOMIC_SEQ_CST) == 0)
		guest_apic_eoi();
}

static void program(uint64_t delay) {
	fired = 0;
	guest_wrmsr(HV_MSR_STIMER0_COUNT, now() + delay);
}

static void expire_awake(uint64_t n) {
	while (n-- > 0) {
		program(DELAY);
		guest_interrupts_on();
		while (fired == 0)
			guest_pause();
		guest_interrupts_off();
	}
}

static void expire_asleep(uint64_t n) {
	while (n-- > 0) {
		program(DELAY);
		while (fired == 0)
			guest_wait_for_interrupt();
	}
}

static void sleep_long(uint64_t n) {
	program(n);
	while (fired == 0)
		guest_wait_for_interrupt();
}

static void compute(uint64_t n) {
	uint64_t x = n;

	while (n-- > 0)
		__asm__ volatile("imul %0, %0; add $1, %0; rol $7, %0" : "+r"(x));
}

int guest_main(void);
int guest_main(void) {
	guest_interrupts_off();
	if (!guest_hypercall_setup() || !guest_apic_enable(true))
		return 1;
	guest_set_handler(VECTOR, on_timer);
	guest_wrmsr(HV_MSR_REFERENCE_TSC, (uintptr_t)&time_page | HV_PAGE_MSR_ENABLE);
	guest_wrmsr(HV_MSR_VP_ASSIST_PAGE, (uintptr_t)assist | HV_PAGE_MSR_ENABLE);
	guest_wrmsr(HV_MSR_STIMER0_CONFIG,
	            HV_STIMER_DIRECT | HV_STIMER_AUTO_ENABLE | (uint64_t)VECTOR << HV_STIMER_VECTOR_SHIFT);
	bench_function("timer", expire_awake, N);
	bench_function("wake", expire_asleep, N);
	bench_once("sleep", sleep_long, 10000000);
	bench_once("compute", compute, 10000000);
	bench_report();
	return 0;
}
