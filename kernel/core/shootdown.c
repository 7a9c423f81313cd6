/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/* Shootdown by flush generations, kicks and a bounded wait for each processor. */

#include "arch/x86/vp_hw.h"
#include "core/cpu.h"
#include "core/locks.h"
#include "core/machine.h"
#include "mm/flush_ledger.h"

struct spinlock memory_lock = {.rank = RANK_MEMORY};

void shootdown_service(struct cpu *cpu) {
	uint64_t generation = flush_ledger_observe();

	if (generation == flush_ledger.reached[cpu->index])
		return;
	vp_hw_flush_all();
	machine_kernel_tlb_flush();
	flush_ledger_reach(cpu->index, generation);
}

void shootdown(void) {
	struct cpu *self = this_cpu();
	uint64_t generation;
	bool is_reached;

	spinlock_acquire(&memory_lock);
	generation = flush_ledger_begin();
	spinlock_release(&memory_lock);
	for (uint32_t i = 0; i < cpu_count; i++) {
		if (&cpus[i] == self)
			continue;
		__atomic_store_n(&cpus[i].attention, 1, __ATOMIC_SEQ_CST);
		machine_kick(&cpus[i]);
	}
	do {
		/* Two processors may wait for each other: serve while waiting. */
		__builtin_ia32_pause();
		shootdown_service(self);
		spinlock_acquire(&memory_lock);
		is_reached = flush_ledger_is_reached(generation);
		spinlock_release(&memory_lock);
	} while (!is_reached);
}
