/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/*
 * Ticket spinlock. Interrupts are always off in the kernel, so there is one
 * form. Ranks order the locks; checked builds verify that they are taken in
 * rising order (core/locks.h holds the one list of ranks).
 */
#pragma once

#include <stdint.h>

struct spinlock {
	uint16_t next;
	uint16_t owner;
	uint32_t rank;
};

static inline void spinlock_init(struct spinlock *l, uint32_t rank) {
	l->next = 0;
	l->owner = 0;
	l->rank = rank;
}

/* Called in checked builds around every lock; a fake does nothing. */
void lock_rank_acquired(uint32_t rank);
void lock_rank_released(uint32_t rank);

static inline void spinlock_acquire(struct spinlock *l) {
	uint16_t ticket = __atomic_fetch_add(&l->next, 1, __ATOMIC_RELAXED);

	while (__atomic_load_n(&l->owner, __ATOMIC_ACQUIRE) != ticket)
		__builtin_ia32_pause();
#ifdef BULKHEAD_CHECKED
	lock_rank_acquired(l->rank);
#endif
}

static inline void spinlock_release(struct spinlock *l) {
	uint32_t rank = l->rank;

	__atomic_store_n(&l->owner, (uint16_t)(l->owner + 1), __ATOMIC_RELEASE);
#ifdef BULKHEAD_CHECKED
	lock_rank_released(rank);
#endif
	(void)rank;
}
