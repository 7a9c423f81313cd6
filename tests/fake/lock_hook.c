/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/* The linker's wrap of what a checked spinlock tells, see lock_hook.h. */
#include "fake/lock_hook.h"

#include <stddef.h>
#include <stdint.h>

#include "core/cpu.h"

void (*lock_hook)(void);

void __real_lock_rank_released(uint32_t rank);
void __wrap_lock_rank_released(uint32_t rank);

void __wrap_lock_rank_released(uint32_t rank) {
	__real_lock_rank_released(rank);
	if (lock_hook != NULL && this_cpu()->lock_ranks == 0)
		lock_hook();
}
