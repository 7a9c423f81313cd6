/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/*
 * Ticket spinlock of the parent. Safe between I/O VPs because no child preempts
 * one inside a slice (architecture.md D5). The management VP can be preempted
 * while it holds a lock, and an I/O VP that spins then loses a slice: what both
 * take is held for a few instructions only, or tried. The order, outermost
 * first: the COM2 view's of typed lines, a VM's, a disk queue's, the COM2 view's, the heap's, the page allocator's.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

struct spinlock {
	uint16_t next;
	uint16_t owner;
};

static inline void spinlock_acquire(struct spinlock *l) {
	uint16_t ticket = __atomic_fetch_add(&l->next, 1, __ATOMIC_RELAXED);

	while (__atomic_load_n(&l->owner, __ATOMIC_ACQUIRE) != ticket)
		__builtin_ia32_pause();
}

/* Takes the lock only if nobody has it or waits for it. */
static inline bool spinlock_try(struct spinlock *l) {
	uint16_t owner = __atomic_load_n(&l->owner, __ATOMIC_ACQUIRE);
	uint16_t expected = owner;

	return __atomic_compare_exchange_n(&l->next, &expected, (uint16_t)(owner + 1), false, __ATOMIC_ACQUIRE,
	                                   __ATOMIC_RELAXED);
}

static inline void spinlock_release(struct spinlock *l) {
	__atomic_store_n(&l->owner, (uint16_t)(l->owner + 1), __ATOMIC_RELEASE);
}
