/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/*
 * Claim: the reference counter, the reference TSC page and the TSC tell one time
 * that never goes back [TLFS "Partition Reference Time"], and synthetic timers in
 * direct mode expire when they are due, not before, whatever is written to them
 * [TLFS "Timers"]. Lateness is bounded only loosely: other VMs run too.
 */
#include <hv_abi/msr.h>
#include <guest/apic.h>
#include <guest/cpu.h>
#include <guest/fault.h>
#include <guest/test.h>
#include <guest/time.h>

#define VECTOR      0x60
#define MILLISECOND 10000ull /* of reference time */
#define CONFIG(n)   (HV_MSR_STIMER0_CONFIG + 2 * (n))
#define COUNT(n)    (HV_MSR_STIMER0_CONFIG + 2 * (n) + 1)
#define DIRECT      (HV_STIMER_DIRECT | (uint64_t)VECTOR << HV_STIMER_VECTOR_SHIFT)
#define PATIENCE    (3000 * MILLISECOND)

static struct hv_reference_tsc_page page __attribute__((aligned(4096)));
static volatile unsigned fired;
static volatile uint64_t fired_at;

static uint64_t now(void) { return guest_rdmsr(HV_MSR_TIME_REF_COUNT); }

static void on_timer(struct guest_frame *frame) {
	(void)frame;
	fired_at = now();
	fired++;
	guest_apic_eoi();
}

/* A short period on a slow machine leaves no time for anything else. */
static void on_storm(struct guest_frame *frame) {
	(void)frame;
	if (++fired % 10 == 0)
		for (unsigned n = 0; n < HV_STIMER_COUNT; n++)
			guest_wrmsr(CONFIG(n), 0);
	guest_apic_eoi();
}

static void set_up(void) {
	expect(guest_apic_enable(true));
	guest_set_handler(VECTOR, on_timer);
	fired = 0;
	for (unsigned n = 0; n < HV_STIMER_COUNT; n++) {
		guest_wrmsr(CONFIG(n), 0);
		guest_wrmsr(COUNT(n), 0);
	}
}

/* Waits until so many have fired, or until time is up. */
static unsigned wait_for(unsigned count) {
	uint64_t end = now() + PATIENCE;

	guest_interrupts_on();
	while (fired < count && now() < end)
		guest_pause();
	guest_interrupts_off();
	return fired;
}

/* No more comes for a while. */
static void expect_silence(unsigned count) {
	guest_interrupts_on();
	guest_delay_us(30000);
	guest_interrupts_off();
	expect_equal(fired, count);
}

GUEST_TEST("the reference counter goes on and never back") {
	uint64_t last = now();

	for (unsigned i = 0; i < 20000; i++) {
		uint64_t t = now();

		if (t < last)
			guest_test_fail("%llu after %llu", (unsigned long long)t, (unsigned long long)last);
		last = t;
	}
}

/* Both clocks at one moment: a pair that was interrupted by what else runs is read
 * again. */
static void read_both(uint64_t *reference, uint64_t *tsc) {
	uint64_t before, bound = guest_tsc_frequency() / 1000;

	for (unsigned i = 0; i < 1000; i++) {
		before = guest_rdtsc();
		*reference = now();
		*tsc = guest_rdtsc();
		if (*tsc - before < bound)
			return;
	}
	guest_test_fail("no two reads within a millisecond");
}

GUEST_TEST("the reference counter and the TSC agree on how long a time was") {
	uint64_t reference, tsc, reference_end, tsc_end, by_tsc;

	read_both(&reference, &tsc);
	guest_delay_us(50000);
	read_both(&reference_end, &tsc_end);
	reference = reference_end - reference;
	by_tsc = (tsc_end - tsc) / (guest_tsc_frequency() / 100000) * 100;
	/* A millisecond for the pairs, as much for the division. */
	if (by_tsc + 2 * MILLISECOND < reference || reference + 2 * MILLISECOND < by_tsc)
		guest_test_fail("%llu by the counter, %llu by the TSC", (unsigned long long)reference,
		                (unsigned long long)by_tsc);
}

static uint64_t by_page(void) {
	unsigned __int128 product = (unsigned __int128)guest_rdtsc() * page.scale;

	return (uint64_t)(product >> 64) + (uint64_t)page.offset;
}

GUEST_TEST("the reference TSC page agrees with the counter at every look") {
	guest_wrmsr(HV_MSR_REFERENCE_TSC, (uintptr_t)&page | HV_PAGE_MSR_ENABLE);
	expect(*(volatile uint32_t *)&page.sequence != 0);
	expect(*(volatile uint32_t *)&page.sequence != 0xffffffff);
	for (unsigned i = 0; i < 5000; i++) {
		uint64_t before = by_page();
		uint64_t counter = now();
		uint64_t after = by_page();

		/* Both round down: one unit of difference is legal. */
		if (before > counter + 1 || counter > after + 1)
			guest_test_fail("page %llu, counter %llu, page %llu", (unsigned long long)before,
			                (unsigned long long)counter, (unsigned long long)after);
	}
	guest_wrmsr(HV_MSR_REFERENCE_TSC, 0);
}

GUEST_TEST("a write of the TSC moves no time") {
	uint64_t before = guest_rdtsc();

	guest_wrmsr(0x10, 0);
	expect(guest_rdtsc() > before);
	guest_wrmsr(0x10, ~0ull);
	expect(guest_rdtsc() < before + guest_tsc_frequency() * 60);
	expect(guest_rdmsr(0x10) >= before);
}

GUEST_TEST("a one-shot timer fires once, not early, and disables itself") {
	uint64_t due;

	set_up();
	for (unsigned n = 0; n < HV_STIMER_COUNT; n++) {
		fired = 0;
		due = now() + 5 * MILLISECOND;
		guest_wrmsr(COUNT(n), due);
		guest_wrmsr(CONFIG(n), DIRECT | HV_STIMER_ENABLE);
		expect_equal(wait_for(1), 1);
		expect(fired_at >= due);
		expect_equal(guest_rdmsr(CONFIG(n)), DIRECT);
	}
	expect_silence(1);
}

GUEST_TEST("auto-enable starts a timer by its count") {
	set_up();
	guest_wrmsr(CONFIG(0), DIRECT | HV_STIMER_AUTO_ENABLE);
	for (unsigned i = 1; i <= 20; i++) {
		uint64_t due = now() + MILLISECOND;

		guest_wrmsr(COUNT(0), due);
		expect_equal(wait_for(i), i);
		expect(fired_at >= due);
	}
	expect_silence(20);
}

GUEST_TEST("a time in the past fires at once, also the earliest one") {
	set_up();
	guest_wrmsr(CONFIG(0), DIRECT | HV_STIMER_AUTO_ENABLE);
	guest_wrmsr(COUNT(0), now() - MILLISECOND);
	expect_equal(wait_for(1), 1);
	guest_wrmsr(COUNT(0), 1);
	expect_equal(wait_for(2), 2);
	expect_silence(2);
}

GUEST_TEST("count 0 stops a timer, and enabling it with count 0 starts nothing") {
	set_up();
	guest_wrmsr(COUNT(0), now() + 20 * MILLISECOND);
	guest_wrmsr(CONFIG(0), DIRECT | HV_STIMER_ENABLE);
	guest_wrmsr(COUNT(0), 0);
	expect_equal(guest_rdmsr(CONFIG(0)) & HV_STIMER_ENABLE, 0);
	expect_silence(0);
	guest_wrmsr(CONFIG(0), DIRECT | HV_STIMER_ENABLE);
	guest_wrmsr(CONFIG(1), DIRECT | HV_STIMER_ENABLE | HV_STIMER_PERIODIC);
	expect_silence(0);
}

GUEST_TEST("a periodic timer comes again and again until it is disabled") {
	uint64_t start;

	set_up();
	start = now();
	guest_wrmsr(COUNT(1), 2 * MILLISECOND);
	guest_wrmsr(CONFIG(1), DIRECT | HV_STIMER_ENABLE | HV_STIMER_PERIODIC);
	expect(wait_for(10) >= 10);
	expect(now() >= start + 20 * MILLISECOND);
	expect(guest_rdmsr(CONFIG(1)) & HV_STIMER_ENABLE);
	guest_wrmsr(CONFIG(1), 0);
	fired = 0;
	guest_interrupts_on(); /* one that was on its way; none comes in the shadow of STI */
	guest_pause();
	guest_interrupts_off();
	expect_silence(fired);
}

GUEST_TEST("every count at every form of a timer leaves the machine alive") {
	static const uint64_t counts[] = {
	    0, 1, 2, 0x7fffffffffffffff, 0x8000000000000000, 0xfffffffffffffffe, 0xffffffffffffffff};

	set_up();
	guest_set_handler(VECTOR, on_storm);
	for (unsigned form = 0; form < 16; form++)
		for (unsigned i = 0; i < sizeof(counts) / sizeof(counts[0]); i++) {
			guest_wrmsr(CONFIG(i % 4), DIRECT | form);
			guest_wrmsr(COUNT(i % 4), counts[i]);
			guest_wrmsr(CONFIG(i % 4), DIRECT | form);
			guest_interrupts_on();
			guest_delay_us(200);
			guest_interrupts_off();
			guest_wrmsr(CONFIG(i % 4), 0);
		}
}

GUEST_TEST("illegal configurations are refused and change nothing") {
	set_up();
	guest_wrmsr(CONFIG(0), DIRECT);
	for (unsigned vector = 0; vector < 16; vector++)
		expect(!guest_try_wrmsr(CONFIG(0),
		                        HV_STIMER_DIRECT | HV_STIMER_ENABLE | vector << HV_STIMER_VECTOR_SHIFT, NULL));
	for (unsigned bit = 20; bit < 64; bit++)
		expect(!guest_try_wrmsr(CONFIG(0), DIRECT | 1ull << bit, NULL));
	expect_equal(guest_rdmsr(CONFIG(0)), DIRECT);
}

GUEST_TEST("a message timer without a SINT does not get enabled") {
	set_up();
	guest_wrmsr(COUNT(0), 1);
	guest_wrmsr(CONFIG(0), HV_STIMER_ENABLE);
	expect_equal(guest_rdmsr(CONFIG(0)) & HV_STIMER_ENABLE, 0);
	expect_silence(0);
}

GUEST_TEST("a synthetic timer ends a halt") {
	set_up();
	guest_wrmsr(CONFIG(2), DIRECT | HV_STIMER_AUTO_ENABLE);
	for (unsigned i = 1; i <= 20; i++) {
		uint64_t due = now() + 2 * MILLISECOND;

		guest_wrmsr(COUNT(2), due);
		while (fired < i)
			guest_wait_for_interrupt();
		expect(now() >= due);
	}
	expect_equal(fired, 20);
}
