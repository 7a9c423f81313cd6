/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/*
 * Claim: a flush of translations and an interrupt by hypercall reach the VPs that
 * the call names, in every form, a flush before it returns; sets of VPs that name
 * what cannot exist are refused, and nothing happens (XSA-475). The VM has two to
 * eight VPs.
 */
#include <hv_abi/cpuid.h>
#include <hv_abi/msr.h>
#include <guest/apic.h>
#include <guest/cpu.h>
#include <guest/fault.h>
#include <guest/hypercall.h>
#include <guest/smp.h>
#include <guest/test.h>
#include <guest/time.h>
#include "window.h"

#define CPUS_MAX 64u
#define PING     0x51u
#define WORDS(n) ((uint64_t)(n) << HV_CONTROL_VARHEAD_SHIFT)
#define REPS(n)  ((uint64_t)(n) << HV_CONTROL_REP_COUNT_SHIFT)

static unsigned count; /* of VPs; read once, by one VP */
static volatile bool is_stopping;
static volatile unsigned running, done;
static volatile unsigned pings[CPUS_MAX];
static volatile uint64_t seen[CPUS_MAX];
static volatile unsigned looks[CPUS_MAX];
static uint8_t in_page[CPUS_MAX][4096] __attribute__((aligned(4096))); /* by VP */

static void on_ping(struct guest_frame *frame) {
	(void)frame;
	__atomic_add_fetch(&pings[guest_rdmsr(HV_MSR_VP_INDEX)], 1, __ATOMIC_SEQ_CST);
	guest_apic_eoi();
}

static bool wait_for(const volatile unsigned *what, unsigned wanted) { return window_wait(what, wanted) >= wanted; }

static uint64_t call(uint64_t control, const void *in, unsigned size) {
	uint8_t *page = in_page[guest_rdmsr(HV_MSR_VP_INDEX)];

	for (unsigned i = 0; i < size; i++)
		page[i] = ((const uint8_t *)in)[i];
	return guest_hypercall(control, (uintptr_t)page, 0);
}

static void start_all(void (*function)(void *argument)) {
	is_stopping = false;
	running = 0;
	done = 0;
	for (unsigned i = 1; i < count; i++)
		expect(guest_cpu_start(i, function, NULL));
	expect(wait_for(&running, count - 1));
}

static void serve(void *argument) {
	(void)argument;
	guest_apic_enable(true);
	__atomic_add_fetch(&running, 1, __ATOMIC_SEQ_CST);
	while (!is_stopping)
		guest_wait_for_interrupt();
}

GUEST_TEST("flushes, IPIs and sets of VPs are recommended") {
	expect(guest_hypercall_setup());
	expect_equal(guest_cpuid(HV_CPUID_HINTS, 0).eax & 0xc06, 0xc04);
	expect_equal(guest_cpuid(HV_CPUID_HINTS, 0).ebx, 0xfff);
	count = guest_cpu_count();
	expect(count >= 2 && count <= 8);
	guest_set_handler(PING, on_ping);
	expect(guest_apic_enable(true));
	start_all(serve);
}

struct set {
	struct hv_vp_set set;
	uint64_t bank[64];
};

static uint64_t ipi_ex(const struct set *set, unsigned words) {
	struct {
		struct hv_cluster_ipi ipi;
		struct set set;
	} in = {.ipi.vector = PING, .set = *set};

	return call(HV_CALL_SEND_SYNTHETIC_CLUSTER_IPI_EX | WORDS(words), &in, sizeof(in));
}

/* Each form of the call, to one mask. */
static uint64_t send(unsigned form, uint64_t mask) {
	struct hv_cluster_ipi_in in = {.ipi.vector = PING, .processor_mask = mask};
	struct set set = {.set.valid_banks = 1, .bank[0] = mask};

	if (form == 0)
		return guest_hypercall(HV_CALL_SEND_SYNTHETIC_CLUSTER_IPI | HV_CONTROL_FAST, PING, mask);
	return form == 1 ? call(HV_CALL_SEND_SYNTHETIC_CLUSTER_IPI, &in, sizeof(in)) : ipi_ex(&set, 1);
}

GUEST_TEST("an interrupt by hypercall reaches each VP of its mask and no other, in every form") {
	unsigned expected[CPUS_MAX] = {0};

	for (unsigned form = 0; form < 3; form++)
		for (uint64_t mask = 0; mask < 1ull << count; mask += 2) {
			expect_equal(send(form, mask), HV_STATUS_SUCCESS);
			for (unsigned i = 1; i < count; i++)
				expected[i] += mask >> i & 1;
			for (unsigned i = 1; i < count; i++)
				expect(wait_for(&pings[i], expected[i]));
		}
	for (unsigned i = 0; i < count; i++)
		expect_equal(pings[i], expected[i]);
}

GUEST_TEST("an interrupt to the set of all reaches the sender, too") {
	unsigned before[CPUS_MAX];
	struct set all = {.set.format = HV_VP_SET_ALL};

	for (unsigned i = 0; i < count; i++)
		before[i] = pings[i];
	expect_equal(ipi_ex(&all, 0), HV_STATUS_SUCCESS);
	guest_interrupts_on();
	for (unsigned i = 0; i < count; i++)
		expect(wait_for(&pings[i], before[i] + 1));
	guest_interrupts_off();
}

static uint64_t flush_ex(const struct set *set, unsigned words) {
	struct {
		uint64_t space, flags;
		struct set set;
	} in = {.set = *set};

	return call(HV_CALL_FLUSH_VIRTUAL_ADDRESS_SPACE_EX | WORDS(words), &in, sizeof(in));
}

static void expect_refused(const struct set *set, unsigned words, uint64_t status) {
	for (unsigned n = 0; n < 2; n++) {
		expect_equal(ipi_ex(set, words), status);
		expect_equal(flush_ex(set, words), status);
	}
}

GUEST_TEST("sets that name what cannot exist, or have other banks than they say, are refused without effect") {
	unsigned before = 0, after = 0;
	struct set set = {.set.valid_banks = ~0ull};

	for (unsigned i = 0; i < count; i++)
		before += pings[i];
	for (unsigned i = 0; i < 64; i++)
		set.bank[i] = ~0ull;
	expect_refused(&set, 64, HV_STATUS_INVALID_VP_INDEX); /* XSA-475 */
	for (unsigned words = 0; words < 500; words++)
		if (words != 64)
			expect_refused(&set, words, HV_STATUS_INVALID_HYPERCALL_INPUT);
	for (unsigned bank = 0; bank < 64; bank++) {
		set.set.valid_banks = 1ull << bank;
		for (unsigned bit = 0; bit < 64; bit++) {
			set.bank[0] = 1ull << bit;
			if (bank > 0 || bit >= count)
				expect_refused(&set, 1, HV_STATUS_INVALID_VP_INDEX);
			expect_refused(&set, 2, HV_STATUS_INVALID_HYPERCALL_INPUT);
		}
	}
	set.set.valid_banks = 0;
	for (unsigned bit = 1; bit < 64; bit++) {
		set.set.format = 1ull << bit;
		expect_refused(&set, 0, HV_STATUS_INVALID_PARAMETER);
	}
	for (unsigned bit = count; bit < 64; bit++)
		expect_equal(send(0, 1ull << bit | 2), HV_STATUS_INVALID_VP_INDEX);
	guest_delay_us(20000);
	for (unsigned i = 0; i < count; i++)
		after += pings[i];
	expect_equal(after, before);
}

GUEST_TEST("vectors below 16 and above 255, flags and levels of trust that do not exist are refused") {
	for (uint32_t vector = 0; vector < 0x400; vector = vector == 15 ? 0x100 : vector + 1)
		expect_equal(guest_hypercall(HV_CALL_SEND_SYNTHETIC_CLUSTER_IPI | HV_CONTROL_FAST, vector, 2),
		             HV_STATUS_INVALID_PARAMETER);
	for (unsigned bit = 0; bit < 8; bit++)
		expect_equal(
		    guest_hypercall(HV_CALL_SEND_SYNTHETIC_CLUSTER_IPI | HV_CONTROL_FAST, PING | 1ull << (32 + bit), 2),
		    HV_STATUS_INVALID_PARAMETER);
	for (unsigned bit = 3; bit < 64; bit++) {
		struct hv_flush_in in = {.flags = 1ull << bit, .processor_mask = 1};

		expect_equal(call(HV_CALL_FLUSH_VIRTUAL_ADDRESS_SPACE, &in, sizeof(in)), HV_STATUS_INVALID_PARAMETER);
	}
}

GUEST_TEST("the VPs stop when they are told to, by hypercall") {
	is_stopping = true;
	expect_equal(send(0, (1ull << count) - 2), HV_STATUS_SUCCESS);
	guest_delay_us(20000);
}

static uint64_t page_a[512] __attribute__((aligned(4096)));
static uint64_t page_b[512] __attribute__((aligned(4096)));

/* Looks through the window all the time, with interrupts off. */
static void look(void *argument) {
	uint64_t index = guest_rdmsr(HV_MSR_VP_INDEX);

	(void)argument;
	__atomic_add_fetch(&running, 1, __ATOMIC_SEQ_CST);
	while (!is_stopping) {
		seen[index] = window_read();
		__atomic_add_fetch(&looks[index], 1, __ATOMIC_SEQ_CST);
	}
	__atomic_add_fetch(&done, 1, __ATOMIC_SEQ_CST);
}

static uint64_t flush(unsigned form) {
	struct {
		struct hv_flush_in fixed;
		uint64_t list[2];
	} in = {.fixed.processor_mask = (1ull << count) - 1, .list = {WINDOW, WINDOW}};
	struct set all = {.set.format = HV_VP_SET_ALL};

	switch (form) {
	case 0:
		return call(HV_CALL_FLUSH_VIRTUAL_ADDRESS_SPACE, &in, sizeof(in));
	case 1:
		return call(HV_CALL_FLUSH_VIRTUAL_ADDRESS_LIST | REPS(2), &in, sizeof(in)) & 0xffff;
	default:
		return flush_ex(&all, 0);
	}
}

GUEST_TEST("no VP reads through an old translation once a flush has returned") {
	volatile uint64_t *entry = window_entry();

	page_a[0] = 0xaaaa;
	page_b[0] = 0xbbbb;
	*entry = (uintptr_t)page_a | WINDOW_PRESENT;
	start_all(look);
	for (unsigned round = 1; round <= 60; round++) {
		uint64_t *page = round & 1 ? page_b : page_a;

		*entry = (uintptr_t)page | WINDOW_PRESENT;
		expect_equal(flush(round % 3), HV_STATUS_SUCCESS);
		expect_equal(window_read(), page[0]);
		for (unsigned i = 1; i < count; i++) {
			expect(wait_for(&looks[i], looks[i] + 2)); /* one that began after the flush */
			expect_equal(seen[i], page[0]);
		}
	}
	is_stopping = true;
	expect(wait_for(&done, count - 1));
}

static volatile bool has_failed;
static volatile unsigned flushes;

static void flush_much(void *argument) {
	(void)argument;
	__atomic_add_fetch(&running, 1, __ATOMIC_SEQ_CST);
	for (unsigned i = 0; i < 300; i++) {
		if (flush(i % 3) != HV_STATUS_SUCCESS)
			has_failed = true;
		__atomic_add_fetch(&flushes, 1, __ATOMIC_SEQ_CST);
	}
	__atomic_add_fetch(&done, 1, __ATOMIC_SEQ_CST);
}

/* Where the host's processors share one, a flush that waits for another processor takes as long as that one's turn
 * takes to come: how long all take says nothing, as long as they get on. */
GUEST_TEST("VPs that all flush each other at once all come to an end") {
	unsigned before;

	start_all(flush_much);
	flush_much(NULL);
	do
		before = flushes;
	while (!wait_for(&done, count) && flushes != before);
	expect_equal(done, count);
	expect(!has_failed);
}
