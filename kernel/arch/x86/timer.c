/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/*
 * One-shot timers [SDM 3A 11.5.4 "APIC Timer"]. The counter is 32 bits wide: a
 * deadline beyond its reach fires early, and core arms again.
 */
#include "arch/x86/bring_up.h"
#include "arch/x86/insn.h"
#include "arch/x86/local_apic.h"

#define CPUID_1_ECX_TSC_DEADLINE (1u << 24)
#define LVT_TSC_DEADLINE         (2u << 17)
#define DIVIDE_BY_1              0xbu
#define WINDOW_US                10000u
#define NEVER                    (~0ull)

static bool has_deadline;
static uint64_t count_per_tsc; /* counter ticks per TSC tick, 32.32 */

void timer_init(void) {
	uint64_t begin;

	has_deadline = (cpuid(1, 0).ecx & CPUID_1_ECX_TSC_DEADLINE) != 0;
	if (!has_deadline) {
		local_apic_write(LAPIC_DIVIDE, DIVIDE_BY_1);
		begin = rdtsc_ordered();
		local_apic_write(LAPIC_INITIAL_COUNT, ~0u);
		tsc_wait_us(WINDOW_US, NULL);
		count_per_tsc = (uint64_t)(~0u - local_apic_read(LAPIC_CURRENT_COUNT)) << 32;
		count_per_tsc /= rdtsc_ordered() - begin;
		if (count_per_tsc == 0)
			panic("the local APIC's timer does not count: no timer to schedule by");
	}
	log_info("timer: %s", has_deadline ? "TSC deadline" : "local APIC counter");
}

void timer_enable(void) {
	local_apic_write(LAPIC_INITIAL_COUNT, 0);
	local_apic_write(LAPIC_DIVIDE, DIVIDE_BY_1);
	local_apic_write(LAPIC_LVT_TIMER, VECTOR_TIMER | (has_deadline ? LVT_TSC_DEADLINE : 0));
	/* A deadline written before the mode takes effect would be lost
	 * [SDM 3A 11.5.4.1 "TSC-Deadline Mode"]. */
	mfence();
	this_cpu()->timer_deadline = NEVER;
}

void machine_timer_arm(uint64_t tsc_deadline) {
	struct cpu *cpu = this_cpu();

	if (cpu->timer_deadline == tsc_deadline)
		return; /* arming it again costs nothing */
	cpu->timer_deadline = tsc_deadline;
	if (has_deadline)
		wrmsr(MSR_TSC_DEADLINE, tsc_deadline == NEVER ? 0 : tsc_deadline);
	else
		local_apic_write(LAPIC_INITIAL_COUNT,
		                 tsc_deadline == NEVER ? 0 : time_counter(rdtsc(), tsc_deadline, count_per_tsc));
}
