/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/*
 * TSC frequency in three windows against a clock of known rate, the median of
 * which counts: one window may be spoiled by SMI or by a busy emulator. CPUID
 * 0x15 is asked only without any clock, since it is wrong on some machines
 * [SDM 3B 18.17 "Time-Stamp Counter"], [IA-PC HPET 1.0a 2.3 "Memory Mapped
 * Registers"], [Intel 8254 "Counter Latch Command"].
 */
#include "arch/x86/bring_up.h"
#include "arch/x86/host_pt.h"
#include "arch/x86/insn.h"
#include "lib/bits.h"

#define WINDOW_COUNT       3u
#define WINDOWS_PER_SEC    50u /* 20 ms each: the PIT wraps after 55 ms */
#define SAMPLE_TRIES       5u
#define SKEW_ROUNDS        32u
#define INVARIANT_TSC      (1u << 8) /* CPUID 0x80000007 EDX */

#define PIT_HZ             1193182u
#define PIT_CHANNEL_2      0x42
#define PIT_COMMAND        0x43
#define PIT_CH2_RATE       0xb4 /* channel 2, both bytes, mode 2 */
#define PIT_CH2_LATCH      0x80
#define PORT_B             0x61
#define PORT_B_GATE_2      0x01
#define PORT_B_SPEAKER     0x02

#define HPET_PERIOD        (0x04 / 4) /* of the capabilities: femtoseconds */
#define HPET_CONFIGURATION (0x10 / 4)
#define HPET_COUNTER       (0xf0 / 4)
#define HPET_ENABLE        1u
#define HPET_MAX_PERIOD    100000000u
#define FEMTOSECONDS       1000000000000000ull

static uint64_t tsc_hz;

/* The clock to measure against: an HPET, else the PIT. It counts up modulo mask + 1. */
static volatile uint32_t *hpet;
static uint64_t clock_hz;
static uint32_t clock_mask;

static uint32_t clock_read(void) {
	uint32_t low;

	if (hpet != NULL)
		return hpet[HPET_COUNTER];
	out8(PIT_COMMAND, PIT_CH2_LATCH);
	low = in8(PIT_CHANNEL_2);
	return 0u - (low | (uint32_t)in8(PIT_CHANNEL_2) << 8); /* counts down */
}

/* Returns its name. Without one clock_hz stays 0. */
static const char *clock_open(void) {
	if (boot.handoff->hpet_base != 0) {
		hpet = host_pt_map_mmio(spa(boot.handoff->hpet_base));
		if (hpet[HPET_PERIOD] != 0 && hpet[HPET_PERIOD] <= HPET_MAX_PERIOD) {
			hpet[HPET_CONFIGURATION] |= HPET_ENABLE;
			clock_hz = FEMTOSECONDS / hpet[HPET_PERIOD];
			clock_mask = UINT32_MAX;
			return "HPET";
		}
		hpet = NULL;
	}
	if (!boot.handoff->has_pit)
		return "CPUID";
	out8(PORT_B, (uint8_t)((in8(PORT_B) & ~PORT_B_SPEAKER) | PORT_B_GATE_2));
	out8(PIT_COMMAND, PIT_CH2_RATE);
	out8(PIT_CHANNEL_2, 0); /* 65536 */
	out8(PIT_CHANNEL_2, 0);
	clock_hz = PIT_HZ;
	clock_mask = UINT16_MAX;
	return "PIT";
}

/* Reads both clocks as one, as far as a few tries allow: a busy machine would spoil
 * single readings by tens of parts per million. */
static uint32_t sample(uint64_t *tsc) {
	uint64_t shortest = ~0ull;
	uint32_t value = 0;

	for (unsigned i = 0; i < SAMPLE_TRIES; i++) {
		uint64_t begin = rdtsc_ordered();
		uint32_t v = clock_read();
		uint64_t taken = rdtsc_ordered() - begin;

		if (taken < shortest) {
			shortest = taken;
			value = v;
			*tsc = begin + taken / 2;
		}
	}
	return value;
}

static uint64_t measure_window(void) {
	uint64_t tsc_begin = 0, tsc_end = 0;
	uint32_t begin = sample(&tsc_begin);
	uint32_t passed;

	while (((clock_read() - begin) & clock_mask) < clock_hz / WINDOWS_PER_SEC)
		cpu_pause();
	passed = (sample(&tsc_end) - begin) & clock_mask;
	return time_rate(tsc_end - tsc_begin, passed, clock_hz);
}

void tsc_calibrate(void) {
	const char *name = clock_open();
	uint64_t hz[WINDOW_COUNT];
	uint32_t r[4];

	machine_cpuid(0x15, 0, r);
	for (unsigned i = 0; i < WINDOW_COUNT && clock_hz != 0; i++)
		hz[i] = measure_window();
	if (clock_hz != 0)
		tsc_hz = time_median(hz);
	else if (r[0] != 0)
		tsc_hz = (uint64_t)r[2] * r[1] / r[0];
	if (tsc_hz < 1000000)
		panic("the TSC runs at %lu Hz by %s: no clock to schedule by", tsc_hz, name);
	machine_cpuid(0x80000007u, 0, r);
	log_info("TSC: %lu.%03lu MHz by %s, %s", tsc_hz / 1000000, tsc_hz / 1000 % 1000, name,
	         r[3] & INVARIANT_TSC ? "invariant"
	                              : "not marked invariant: time may drift when the "
	                                "processor changes its power state");
}

uint64_t machine_tsc(void) { return rdtsc(); }

uint64_t machine_tsc_hz(void) { return tsc_hz; }

bool tsc_wait_us(uint64_t microseconds, const bool *flag) {
	uint64_t deadline = rdtsc() + microseconds * (tsc_hz / 1000) / 1000;

	while (flag == NULL || !__atomic_load_n(flag, __ATOMIC_ACQUIRE)) {
		if (rdtsc() > deadline)
			return false;
		cpu_pause();
	}
	return true;
}

/* Question and answer: 0 goes over, the other's TSC comes back. */
static uint64_t skew_box = 1;

void tsc_skew_check(const struct cpu *other) {
	uint64_t worst = 0;

	for (unsigned round = 0; round < SKEW_ROUNDS; round++) {
		uint64_t before = rdtsc_ordered();

		__atomic_store_n(&skew_box, 0, __ATOMIC_RELEASE);
		while (__atomic_load_n(&skew_box, __ATOMIC_ACQUIRE) == 0)
			cpu_pause();
		worst = larger(worst, time_skew(before, skew_box, rdtsc_ordered()));
	}
	if (worst > tsc_hz / 1000000)
		log_warning("TSC of processor %u is off by %lu ticks: guests may see time jump", other->index, worst);
}

void tsc_skew_answer(void) {
	for (unsigned round = 0; round < SKEW_ROUNDS; round++) {
		while (__atomic_load_n(&skew_box, __ATOMIC_ACQUIRE) != 0)
			cpu_pause();
		__atomic_store_n(&skew_box, rdtsc_ordered(), __ATOMIC_RELEASE);
	}
}
