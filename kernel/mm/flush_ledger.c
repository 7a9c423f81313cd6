/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/*
 * The flush ledger, see flush_ledger.h. Only the counting is here: the flush
 * itself and the kick belong to core and arch.
 */
#include "mm/flush_ledger.h"

#include "lib/bits.h"
#include "lib/check.h"

struct flush_ledger flush_ledger;

void flush_ledger_init(uint32_t cpu_count) {
	check(cpu_count >= 1 && cpu_count <= FLUSH_MAX_CPUS);
	flush_ledger = (struct flush_ledger){.cpu_count = cpu_count};
}

uint64_t flush_ledger_begin(void) {
	uint64_t generation = flush_ledger.generation + 1;

	check(generation < FLUSH_GENERATION_MASK);
	__atomic_store_n(&flush_ledger.generation, generation, __ATOMIC_RELEASE);
	return generation;
}

void flush_ledger_reach(uint32_t cpu, uint64_t generation) {
	check(cpu < flush_ledger.cpu_count);
	check(generation >= flush_ledger.reached[cpu] && generation <= flush_ledger_observe());
	__atomic_store_n(&flush_ledger.reached[cpu], generation, __ATOMIC_RELEASE);
}

bool flush_ledger_is_reached(uint64_t generation) {
	uint64_t settled;

	if (generation <= flush_ledger.settled)
		return true;

	settled = flush_ledger.generation;
	for (uint32_t i = 0; i < flush_ledger.cpu_count; i++)
		settled = smaller(settled, __atomic_load_n(&flush_ledger.reached[i], __ATOMIC_ACQUIRE));
	flush_ledger.settled = settled;
	return generation <= settled;
}
