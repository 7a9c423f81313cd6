/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/*
 * Ticket spinlock. Interrupts are always off in the kernel, so there is one
 * form. Ranks order the locks; checked builds verify that they are taken in
 * rising order (core/locks.h holds the one list of ranks).
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

struct spinlock {
	union {
		struct {
			uint16_t next;
			uint16_t owner;
		};
		uint32_t both;
	};
	uint32_t rank;
};

static inline void spinlock_init(struct spinlock *l, uint32_t rank) {
	l->both = 0;
	l->rank = rank;
}

/* Who waits gets the lock in turn. Not where the processors are those of another
 * hypervisor: who is off his when his turn comes would hold up all behind him, and
 * after a few locks each waits for each. Set at boot. */
extern bool spinlock_has_turns;

/* Called in checked builds around every lock; a fake does nothing. */
void lock_rank_acquired(uint32_t rank);
void lock_rank_released(uint32_t rank);

/* Takes the lock only if nobody has it or waits for it. */
static inline bool spinlock_try(struct spinlock *l) {
	uint32_t both = __atomic_load_n(&l->both, __ATOMIC_RELAXED);
	uint16_t owner = (uint16_t)(both >> 16);

	return (uint16_t)both == owner &&
	       __atomic_compare_exchange_n(&l->both, &both, (uint32_t)owner << 16 | (uint16_t)(owner + 1), false,
	                                   __ATOMIC_ACQUIRE, __ATOMIC_RELAXED);
}

static inline void spinlock_acquire(struct spinlock *l) {
	if (spinlock_has_turns) {
		uint16_t ticket = __atomic_fetch_add(&l->next, 1, __ATOMIC_RELAXED);

		while (__atomic_load_n(&l->owner, __ATOMIC_ACQUIRE) != ticket)
			__builtin_ia32_pause();
	} else {
		while (!spinlock_try(l))
			__builtin_ia32_pause();
	}
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
