/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/*
 * Spinlock of the parent. Safe between I/O VPs because no child preempts one inside
 * a slice (architecture.md D5). The management VP can be preempted while it holds a
 * lock, and an I/O VP that spins then loses a slice: what both take is held for a few
 * instructions only, or tried. Nobody waits in turn: who is off the processor when
 * its turn comes would hold up all behind it. The order, outermost first: a VM's, a
 * disk queue's, the COM2 view's, the heap's, the arena of deposits', the page allocator's.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

struct spinlock {
	bool is_held;
};

/* Takes the lock only if nobody has it. */
static inline bool spinlock_try(struct spinlock *l) {
	return !__atomic_load_n(&l->is_held, __ATOMIC_RELAXED) &&
	       !__atomic_exchange_n(&l->is_held, true, __ATOMIC_ACQUIRE);
}

static inline void spinlock_acquire(struct spinlock *l) {
	while (!spinlock_try(l))
		__builtin_ia32_pause();
}

static inline void spinlock_release(struct spinlock *l) { __atomic_store_n(&l->is_held, false, __ATOMIC_RELEASE); }
