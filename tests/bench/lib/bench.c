/* SPDX-License-Identifier: Apache-2.0 OR MIT */
#include "bench.h"

#include <guest/console.h>
#include <guest/cpu.h>
#include <guest/exit.h>

#define PAGE    4096u
#define RESULTS 512u

/* Ticks before the first region: the operator's last keys and their echo are the host's
 * business, and come when the machine under the emulator lets them. */
#define SETTLE  30000000u

typedef void (*loop_t)(uint64_t n, uint64_t argument);

/* The guest's memory may be executed wherever it is. */
static uint8_t pages[2 * PAGE] __attribute__((aligned(4096)));

static loop_t place(const struct bench_code *code, unsigned placement) {
	size_t cut = (size_t)(code->cut - code->begin);
	size_t at[BENCH_PLACEMENTS] = {0, 61, PAGE - cut};
	uint8_t *to = pages + at[placement];

	for (const uint8_t *from = code->begin; from < code->end; from++)
		*to++ = *from;
	return (loop_t)(uintptr_t)(pages + at[placement]);
}

/* Printed at the end: a serial port at work would disturb. */
static struct {
	const char *name;
	unsigned placement;
	uint64_t n, ticks;
} results[RESULTS];
static unsigned result_count;

static void note(const char *name, unsigned placement, uint64_t n, uint64_t ticks) {
	if (result_count == RESULTS)
		guest_exit(2);
	results[result_count].name = name;
	results[result_count].placement = placement;
	results[result_count].n = n;
	results[result_count++].ticks = ticks;
}

void bench_report(void) {
	for (unsigned i = 0; i < result_count; i++)
		guest_printf("bench: %s %u %lu %lu\n", results[i].name, results[i].placement, results[i].n,
		             results[i].ticks);
	guest_printf("bench: end\n");
}

static void settle(void) {
	uint64_t start = guest_rdtsc();

	while (guest_rdtsc() - start < SETTLE)
		guest_pause();
}

static void call_function(uint64_t n, uint64_t argument) { ((void (*)(uint64_t))(uintptr_t)argument)(n); }

static void measure(const char *name, loop_t loop, unsigned placement, uint64_t n, uint64_t argument, bool with_sites) {
	uint64_t start, end;

	if (result_count == 0)
		settle();
	start = guest_rdtsc();
	BENCH_BEGIN();
	loop(n, argument);
	if (with_sites)
		BENCH_END_SITES();
	else
		BENCH_END();
	end = guest_rdtsc();
	note(name, placement, n, end - start);
}

/* The last region of the first placement is the one that is explained. */
static void measure_all(const char *name, loop_t loop, unsigned placement, uint64_t n, uint64_t argument) {
	for (unsigned factor = 1; factor <= 4; factor *= 2)
		for (unsigned i = 0; i < BENCH_TRIES; i++)
			measure(name, loop, placement, n * factor, argument,
			        placement == 0 && factor == 4 && i == BENCH_TRIES - 1);
}

void bench_code(const struct bench_code *code, uint64_t n, uint64_t argument) {
	for (unsigned placement = 0; placement < BENCH_PLACEMENTS; placement++)
		measure_all(code->name, place(code, placement), placement, n, argument);
}

void bench_function(const char *name, void (*run)(uint64_t n), uint64_t n) {
	measure_all(name, call_function, 0, n, (uint64_t)(uintptr_t)run);
}

void bench_once(const char *name, void (*run)(uint64_t n), uint64_t n) {
	measure(name, call_function, 0, n, (uint64_t)(uintptr_t)run, true);
}
